//! The file of one process.

#![allow(unsafe_code)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use crate::sink::now_ms;

/// An append-only file with a limit, to which whole lines are written.
///
/// A program may close the descriptors that it has not opened, as a daemon does at its start, and then give the number of
/// this one to a file of its own. So each line is written only to the file that was made here, which is opened again under
/// its absolute path if need be. It is kept open otherwise, for a program that has no descriptor or no right left.
#[derive(Debug)]
pub(super) struct RecordFile {
    file: ManuallyDrop<File>,
    identity: Identity,
    path: PathBuf,
    written: u64,
    limit: u64,
}

impl RecordFile {
    /// Creates a file with a new name in `directory`, which is created if it does not exist.
    pub(super) fn create(directory: &Path, limit: u64) -> io::Result<Self> {
        let directory = std::path::absolute(directory)?;
        fs::create_dir_all(&directory).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => io::Error::other("it is no directory"),
            _ => error,
        })?;
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let (started, process) = (now_ms(), std::process::id());
        // A process id is used again, and a clock may stand still: the third number is counted up
        // until the name is new.
        for attempt in 0_u32..1_000 {
            let path = directory.join(format!("{started}-{process}-{attempt}.jsonl"));
            match options.open(&path) {
                Ok(file) => {
                    return Ok(Self {
                        identity: identity(&file)?,
                        file: ManuallyDrop::new(file),
                        path,
                        written: 0,
                        limit,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "1,000 files of this process and time exist",
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line with its end, in one `write`, unless the file would exceed its limit; returns whether it did.
    pub(super) fn append(&mut self, line: &str) -> io::Result<bool> {
        let has_room = self.written.saturating_add(line.len() as u64) <= self.limit;
        if has_room {
            self.append_anyway(line)?;
        }
        Ok(has_room)
    }

    /// Writes a line beyond the limit too, for findings and for the lines that end a file.
    pub(super) fn append_anyway(&mut self, line: &str) -> io::Result<()> {
        if !self.is_open() {
            let file = OpenOptions::new().append(true).open(&self.path)?;
            // The descriptor of the old one is the program's, and stays open.
            self.file = ManuallyDrop::new(file);
        }
        self.file.write_all(line.as_bytes())?;
        self.written += line.len() as u64;
        Ok(())
    }

    /// Returns whether the descriptor is still that of the file.
    fn is_open(&self) -> bool {
        identity(&self.file).is_ok_and(|identity| identity == self.identity)
    }
}

impl Drop for RecordFile {
    fn drop(&mut self) {
        if self.is_open() {
            // SAFETY: the file is not used after this.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        }
    }
}

/// What tells a file from others: its device and its number there.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &File) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Elsewhere no handle of another library is closed by its number.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_file: &File) -> io::Result<Identity> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_new_and_a_full_one_takes_no_more() {
        let directory =
            std::env::temp_dir().join(format!("lockwarden-record-{}", std::process::id()));
        let mut first = RecordFile::create(&directory, 8).unwrap();
        let second = RecordFile::create(&directory, 8).unwrap();
        assert_ne!(first.path(), second.path());
        assert!(first.append("123456\n").unwrap());
        assert!(!first.append("12\n").unwrap());
        first.append_anyway("end\n").unwrap();
        assert_eq!(fs::read_to_string(first.path()).unwrap(), "123456\nend\n");
        // Windows removes no directory with an open file.
        drop((first, second));
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error() {
        let file = std::env::temp_dir().join(format!("lockwarden-no-dir-{}", std::process::id()));
        fs::write(&file, "").unwrap();
        assert!(RecordFile::create(&file.join("inside"), 8).is_err());
        fs::remove_file(file).unwrap();
    }
}
