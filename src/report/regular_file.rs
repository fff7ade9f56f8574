//! Files that are read whole.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

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
    let file = options.open(path)?;
    check(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}
