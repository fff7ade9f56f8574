//! A file to which lines are added.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;

/// A file to which lines are added.
///
/// It is opened for each line, so that a file that was moved away is left alone and a new one begun:
/// to rotate logs is for the system. A line is written in one go, at the end, wherever that is.
#[derive(Clone, Debug)]
pub(in crate::watchdog) struct JsonFile {
    path: PathBuf,
}

impl JsonFile {
    /// The file at this path, which is made if it is not there.
    pub(in crate::watchdog) fn at(path: PathBuf) -> io::Result<Self> {
        let file = Self { path };
        file.open()?;
        Ok(file)
    }

    /// Adds a line, which comes with its end.
    pub(super) fn append(&self, line: &str) -> io::Result<()> {
        self.open()?.write_all(line.as_bytes())
    }

    fn open(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            // Neither what a link points at, which somebody may have planted there, nor a pipe that
            // nobody reads, which would keep the watchdog waiting.
            let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
            options.mode(0o600).custom_flags(flags);
        }
        let file = options.open(&self.path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is no regular file",
            ));
        }
        Ok(file)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("lockwarden-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn lines_are_added_for_the_owner_alone_and_a_file_that_was_moved_is_left() {
        let directory = directory("lines");
        let (path, moved) = (directory.join("alerts"), directory.join("alerts.1"));
        let file = JsonFile::at(path.clone()).unwrap();
        file.append("one\n").unwrap();
        file.append("two\n").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::rename(&path, &moved).unwrap();
        file.append("three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_link_a_directory_and_a_path_that_is_not_there_are_refused() {
        let directory = directory("refused");
        let (target, link) = (directory.join("target"), directory.join("link"));
        std::fs::write(&target, "kept").unwrap();
        symlink(&target, &link).unwrap();
        assert!(JsonFile::at(link).is_err());
        assert!(JsonFile::at(directory.clone()).is_err());
        assert!(JsonFile::at(directory.join("missing").join("alerts")).is_err());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "kept");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
