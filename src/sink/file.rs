//! A file to which lines are appended.
//!
//! The file is opened for each line, so that a renamed file is left alone and a new one created: log
//! rotation works. A line is one `write` at the end. Where the file ends in a part of a line, as after
//! a full disk, a line break is written first.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::report::Escaped;

/// Opens the file at this path, which is created if it does not exist.
pub(crate) fn open_lines(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Neither the target of a symbolic link, which another user may have planted, nor a FIFO
        // without a reader, which would block the watchdog.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        options.mode(0o600).custom_flags(flags);
    }
    // Read access for the last byte, which the owner of a file may forbid.
    let file = match options.read(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            options.read(false).open(path)?
        }
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is no regular file",
        ));
    }
    Ok(file)
}

/// Appends a line, which includes its line break.
pub(crate) fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut file = open_lines(path)?;
    let end = if ends_in_a_piece(&mut file) { "\n" } else { "" };
    file.write_all(format!("{end}{line}").as_bytes())
}

/// Appends a line, which includes its line break; writes an error to standard error.
pub(super) fn append(path: &Path, line: &str) {
    if let Err(error) = append_line(path, line) {
        let path = path.display().to_string();
        super::say(&format!("a line for {} is lost: {error}", Escaped(&path)));
    }
}

/// Returns whether the file ends in a part of a line; `false` where that cannot be read.
fn ends_in_a_piece(file: &mut File) -> bool {
    let mut last = [b'\n'];
    let read = file
        .seek(SeekFrom::End(-1))
        .and_then(|_| file.read_exact(&mut last));
    read.is_ok() && last != [b'\n']
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::PathBuf;

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
        append_line(&path, "one\n").unwrap();
        append_line(&path, "two\n").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::rename(&path, &moved).unwrap();
        append_line(&path, "three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&moved).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n");
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_piece_of_a_line_stays_apart_from_the_next() {
        let directory = directory("pieces");
        let path = directory.join("alerts");
        std::fs::write(&path, "one\nhalf of tw").unwrap();
        append_line(&path, "three\n").unwrap();
        append_line(&path, "four\n").unwrap();
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            "one\nhalf of tw\nthree\nfour\n"
        );
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_link_a_directory_and_a_path_that_is_not_there_are_refused() {
        let directory = directory("refused");
        let (target, link) = (directory.join("target"), directory.join("link"));
        std::fs::write(&target, "kept").unwrap();
        symlink(&target, &link).unwrap();
        assert!(open_lines(&link).is_err());
        assert!(open_lines(&directory).is_err());
        assert!(open_lines(&directory.join("missing").join("alerts")).is_err());
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "kept");
        std::fs::remove_dir_all(directory).unwrap();
    }
}
