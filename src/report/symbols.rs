//! Names of locks from the source: the field, static or binding in which a lock is constructed.
//!
//! A program does not contain these names. `cargo lockwarden` reads them when it compiles a crate, and writes
//! one table for each crate: per line a site (`path:line:column`, as the program prints it), a tab and a name. A line
//! `unsafe`, a tab and the folder of its sources says that the crate has unsafe code.
//! The tables are read once, when the first deadlock is reported or the first report is displayed; without them a lock is
//! named by its site.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use super::place::dependency;
use super::regular_file::read_regular;
use crate::engine::ids::Site;
use crate::engine::{lists, sorting};
use crate::variables::Variable;

/// The largest size of a table; a larger file was not written by the command, and is not read.
const MAX_BYTES: u64 = 16 << 20;

/// What stands in a table in the place of a site, in the line that names the sources of a crate with unsafe code.
const UNSAFE: &str = "unsafe";

/// The lines of all tables, sorted.
fn tables() -> &'static [(String, String)] {
    static TABLES: OnceLock<Vec<(String, String)>> = OnceLock::new();
    TABLES.get_or_init(|| match Variable::Symbols.read() {
        Some(folder) => read(Path::new(&folder)),
        None => Vec::new(),
    })
}

/// Returns the name of the lock that was constructed at `site`, if a table has one.
pub(super) fn symbol(site: Site) -> Option<&'static str> {
    let tables = tables();
    if tables.is_empty() {
        return None;
    }
    name_at(tables, &site.to_string())
}

/// Returns whether `site` is in a dependency that the command has compiled and that has unsafe code: it may rely on it that a
/// wait of the standard library does not unwind.
pub(crate) fn is_in_unsafe_dependency(site: Site) -> bool {
    dependency(site.file()).is_some() && is_in_unsafe(tables(), site.file())
}

/// Returns whether a file belongs to a crate with unsafe code.
fn is_in_unsafe(tables: &[(String, String)], file: &str) -> bool {
    let is_of_crate = |line: &(String, String)| {
        let rest = file.strip_prefix(line.1.as_str());
        line.0 == UNSAFE && rest.is_some_and(|rest| rest.starts_with(['/', '\\']))
    };
    lists::any(tables, &is_of_crate)
}

/// Returns the name that stands for a place in the sorted tables.
fn name_at<'a>(tables: &'a [(String, String)], place: &str) -> Option<&'a str> {
    let at = lists::search(tables.len(), &|at| tables[at].0.as_str().cmp(place));
    Some(&tables[at.ok()?].1)
}

/// Returns whether the command has compiled the program: then the program's own code does not call this
/// library.
pub(super) fn is_of_the_command() -> bool {
    Variable::Symbols.read().is_some()
}

/// Reads all tables of a folder, sorted. Files that cannot be read, or are no tables, are skipped.
fn read(folder: &Path) -> Vec<(String, String)> {
    let mut names = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else {
        return names;
    };
    for entry in entries {
        let Ok(entry) = entry else { continue };
        if let Ok(bytes) = read_regular(&entry.path(), MAX_BYTES)
            && let Ok(text) = str::from_utf8(&bytes)
        {
            for line in text.lines() {
                if let Some((place, name)) = line.split_once('\t') {
                    names.push((place.to_owned(), name.to_owned()));
                }
            }
        }
    }
    sorting::sort(&mut names);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_and_other_files_name_nothing() {
        let folder =
            std::env::temp_dir().join(format!("lockwarden-symbols-{}", std::process::id()));
        fs::create_dir_all(folder.join("inner")).unwrap();
        fs::write(folder.join("a"), "src/a.rs:1:2\ta::A\nno table\n").unwrap();
        fs::write(
            folder.join("b"),
            b"src/b.rs:1:2\tb::B\nsrc/b.rs:3:4\tb::C\nunsafe\t/cargo/pool-1.0.0/src\n",
        )
        .unwrap();
        fs::write(folder.join("c"), [0xff, 0xfe]).unwrap();
        let names = read(&folder);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names.len(), 4);
        assert_eq!(name_at(&names, "src/b.rs:3:4"), Some("b::C"));
        assert_eq!(name_at(&names, "src/b.rs:3:5"), None);
        assert!(is_in_unsafe(&names, "/cargo/pool-1.0.0/src/latch.rs"));
        assert!(!is_in_unsafe(&names, "/cargo/pool-1.0.0/src-gen/latch.rs"));
        assert!(!is_in_unsafe(&names, "/cargo/pool-1.0.1/src/latch.rs"));
        assert!(read(&folder).is_empty());
    }
}
