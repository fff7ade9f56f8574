//! The files that a crate was compiled from, as rustc writes them for cargo.

use std::fs;
use std::path::Path;

use crate::files;

/// Adds to the list of a crate what the list `other` has. Without it, cargo would not compile the crate again after a
/// change of a file that only `other` names.
pub(super) fn add(list: &Path, other: &Path) {
    let (Ok(text), Ok(more)) = (fs::read_to_string(list), fs::read_to_string(other)) else {
        return;
    };
    if let Some(joined) = join(&text, &more) {
        // A list that was not written whole would be worse than a short one.
        let _ = files::write_whole(list, joined.as_bytes());
    }
}

/// The list beside a library, or nothing where there is none.
pub(super) fn of_library(library: &Path) -> String {
    let name = library.file_name().unwrap_or_default().to_string_lossy();
    let list = name.strip_prefix("lib").unwrap_or(&name);
    fs::read_to_string(library.with_file_name(list).with_extension("d")).unwrap_or_default()
}

/// A path as such a list has it.
pub(super) fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace(' ', "\\ ")
}

/// Joins two lists: of each, cargo reads the first line that has the form `output: file file ...`.
fn join(text: &str, other: &str) -> Option<String> {
    let rule = |line: &&str| !line.starts_with('#') && line.contains(": ");
    let (_, files) = other.lines().find(rule)?.split_once(": ")?;
    let line = text.lines().find(rule)?;
    Some(text.replacen(line, &format!("{line} {files}"), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rules_are_joined() {
        let ours = "# env-dep:X=: \n/t/libtokio-1.rmeta: /s/lib.rs /s/a\\ b.rs\n\n/s/lib.rs:\n";
        let original = "/t/libtokio_original-1.rmeta: src/lib.rs src/time.rs\n\nsrc/lib.rs:\n";
        assert_eq!(
            join(ours, original).unwrap(),
            "# env-dep:X=: \n/t/libtokio-1.rmeta: /s/lib.rs /s/a\\ b.rs src/lib.rs src/time.rs\n\n/s/lib.rs:\n"
        );
        assert_eq!(join("", original), None);
    }
}
