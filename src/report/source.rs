//! The source files that a report quotes.

use std::path::{Path, PathBuf};

use super::regular_file::read_regular;

/// The size of the largest file that is read: larger ones are generated.
const MAX_BYTES: u64 = 4 << 20;

/// How many directories above a program, or above its package, are searched. A program of an example is four
/// below the workspace, and five with a target triple.
const MAX_ANCESTORS: usize = 7;

/// The source files of one report, each read at most once.
///
/// After an error with a file its lines are not shown; the report has every place as text too.
#[derive(Debug, Default)]
pub(super) struct Sources {
    files: Vec<(String, Option<String>)>,
}

impl Sources {
    /// Returns the line of this number, counted from 1, if the file exists and has it.
    pub(super) fn line(&mut self, file: &str, number: u32) -> Option<&str> {
        let known = self.files.iter().position(|(known, _)| known == file);
        let at = known.unwrap_or_else(|| {
            self.files.push((file.to_owned(), find(file)));
            self.files.len() - 1
        });
        let text = self.files[at].1.as_deref()?;
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        text.lines().nth(index)
    }
}

/// Returns the text of the file that the compiler knew by this path.
///
/// A relative path is relative to the workspace, which is above the program that cargo built, or above the package
/// that it runs. The current directory says nothing about it: a program that runs in another project's directory
/// would find that project's `src/main.rs`. Nor does the package, if the workspace is known: both may have a
/// `src/lib.rs`.
fn find(file: &str) -> Option<String> {
    let path = Path::new(file);
    if path.is_absolute() {
        return read(path);
    }
    let in_workspace = workspace().and_then(|root| read(&root.join(path)));
    if in_workspace.is_some() {
        return in_workspace;
    }
    if let Some(package) = std::env::var_os("CARGO_MANIFEST_DIR")
        && let Some(text) = find_above(Path::new(&package), path)
    {
        return Some(text);
    }
    find_above(&std::env::current_exe().ok()?, path)
}

/// Returns the folder to which the places of the program are relative: the nearest one above the program that has a
/// manifest. Where the package that cargo runs is no part of that workspace, the program was built into a folder of
/// another project, and nothing is known.
pub(super) fn workspace() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let root = program.ancestors().find(|above| has_manifest(above))?;
    let package = std::env::var_os("CARGO_MANIFEST_DIR");
    package
        .is_none_or(|package| is_part(Path::new(&package), root))
        .then(|| root.to_owned())
}

/// Returns whether `root` is the workspace of the package: a package below it may have a workspace of its own, as one
/// for fuzzing has.
fn is_part(package: &Path, root: &Path) -> bool {
    let is_workspace = |folder: &Path| {
        let manifest = read(&folder.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.starts_with("[workspace"))
    };
    package == root || package.ancestors().find(|above| is_workspace(above)) == Some(root)
}

fn has_manifest(folder: &Path) -> bool {
    folder.join("Cargo.toml").is_file()
}

fn find_above(below: &Path, path: &Path) -> Option<String> {
    for above in below.ancestors().take(MAX_ANCESTORS) {
        if has_manifest(above)
            && let Some(text) = read(&above.join(path))
        {
            return Some(text);
        }
    }
    None
}

fn read(path: &Path) -> Option<String> {
    let bytes = read_regular(path, MAX_BYTES).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_with_a_workspace_of_its_own_is_no_part_of_the_one_above() {
        let name = format!("lockwarden-workspace-{}", std::process::id());
        let root = std::env::temp_dir().join(name);
        for (folder, manifest) in [
            ("", "[workspace]\n"),
            ("a/member", "[package]\n"),
            ("fuzz", "[package]\n\n[workspace]\n"),
        ] {
            let folder = root.join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        }
        let parts = ["", "a/member", "fuzz"].map(|package| is_part(&root.join(package), &root));
        assert_eq!(parts, [true, true, false]);
        assert!(!is_part(&root, &root.join("fuzz")));
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_line_of_a_file_at_hand_is_found() {
        let mut sources = Sources::default();
        let number = line!();
        let line = sources
            .line(file!(), number)
            .expect("the tests run beside their source");
        assert_eq!(line.trim(), "let number = line!();");
        assert_eq!(sources.line(file!(), 0), None);
        assert_eq!(sources.line(file!(), u32::MAX), None);
    }

    #[test]
    fn a_path_that_is_not_a_file_has_no_lines() {
        let mut sources = Sources::default();
        assert_eq!(sources.line("src/report/no_such_file.rs", 1), None);
        assert_eq!(sources.line("src", 1), None);
        assert_eq!(sources.line("/dev/null", 1), None);
    }
}
