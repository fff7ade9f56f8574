//! The file of one process.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::sink::now_ms;

/// An append-only file with a limit, to which whole lines are written.
///
/// The file is opened for each line, under an absolute path: a program that closes the descriptors which it has not
/// opened, as a daemon does at its start, would else give the number of this one to a file of its own, and the lines
/// would go there.
#[derive(Debug)]
pub(super) struct RecordFile {
    path: PathBuf,
    written: u64,
    limit: u64,
}

/// The outcome of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// The line is in the file.
    Whole,
    /// The file is full; the line was left out.
    Full,
}

impl RecordFile {
    /// Creates a file with a new name in `directory`, which is created if it does not exist.
    pub(super) fn create(directory: &Path, limit: u64) -> io::Result<Self> {
        let directory = std::path::absolute(directory)?;
        fs::create_dir_all(&directory)?;
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
                Ok(_) => {
                    return Ok(Self {
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

    /// Writes a line with its end, in one `write`, unless the file would exceed its limit.
    pub(super) fn append(&mut self, line: &str) -> io::Result<Written> {
        let length = line.len() as u64;
        if self.written.saturating_add(length) > self.limit {
            return Ok(Written::Full);
        }
        self.append_anyway(line)?;
        Ok(Written::Whole)
    }

    /// Writes a line beyond the limit too, for the lines that end a file.
    pub(super) fn append_anyway(&mut self, line: &str) -> io::Result<()> {
        let mut file = OpenOptions::new().append(true).open(&self.path)?;
        file.write_all(line.as_bytes())?;
        self.written += line.len() as u64;
        Ok(())
    }
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
        assert_eq!(first.append("123456\n").unwrap(), Written::Whole);
        assert_eq!(first.append("12\n").unwrap(), Written::Full);
        first.append_anyway("end\n").unwrap();
        assert_eq!(fs::read_to_string(first.path()).unwrap(), "123456\nend\n");
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
