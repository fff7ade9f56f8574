//! Files that other processes read while they are written.

use std::path::Path;
use std::{fs, io, process};

/// Writes a new file beside this one and renames it: a process that reads the file meanwhile finds all of the old text or
/// all of the new one. A file that has the text is left as it is.
///
/// # Errors
///
/// If the new file cannot be written or renamed.
pub(crate) fn write_whole(path: &Path, text: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", process::id()));
    let new = path.with_file_name(name);
    fs::write(&new, text)?;
    fs::rename(new, path)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_file_that_was_opened_before_keeps_the_old_text() {
        let path = std::env::temp_dir().join(format!("lockwarden-files-{}", process::id()));
        write_whole(&path, b"the old text").unwrap();
        let mut opened = fs::File::open(&path).unwrap();
        write_whole(&path, b"new").unwrap();
        let mut read = String::new();
        opened.read_to_string(&mut read).unwrap();
        assert_eq!(read, "the old text");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        fs::remove_file(path).unwrap();
    }
}
