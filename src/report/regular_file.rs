//! Files that are read whole.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// How many bytes are read at once.
const PART: usize = 64 << 10;

/// Returns the content of a regular file of `most` bytes at most. To open a FIFO could block the thread for ever, and a
/// device has no end.
pub(crate) fn read_regular(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Not even opened: to open a FIFO lets one go that waits to write into it.
    let check = |of: &Metadata| match of.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is no regular file")),
    };
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // It may have become a FIFO meanwhile, to open which waits for a writer without `O_NONBLOCK`.
        options.custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    }
    let mut file = options.open(path)?;
    check(&file.metadata()?)?;
    // Not by `Read::take`, which brings a copy of the code that reads a whole file into each build.
    let (mut bytes, mut part) = (Vec::new(), vec![0; PART]);
    while bytes.len() as u64 <= most {
        match file.read(&mut part) {
            Ok(0) => return Ok(bytes),
            Ok(read) => bytes.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other(format!("it has more than {most} bytes")))
}
