//! Names that the source has for locks without one.
//!
//! Which field, static or binding a lock is made for stands in the source, which a program does not
//! carry. `cargo lockwarden` reads it when it compiles a crate, and leaves a table for each: lines of a
//! place (`path:line:column`, as the program knows it) and a name, with a tab between them. The tables are
//! read once, when the first report is displayed; without them a lock is called by its place.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use crate::engine::ids::Site;
use crate::variables::Variable;

/// A table that is larger is not read: it was not made by the command.
const MAX_BYTES: u64 = 16 << 20;

/// The name of the lock that was made at `site`, if a table has one.
pub(super) fn symbol(site: Site) -> Option<&'static str> {
    static TABLES: OnceLock<HashMap<String, String>> = OnceLock::new();
    let tables = TABLES.get_or_init(|| {
        Variable::Symbols
            .read()
            .map_or_else(HashMap::new, |folder| read(Path::new(&folder)))
    });
    if tables.is_empty() {
        return None;
    }
    tables.get(&site.to_string()).map(String::as_str)
}

/// Whether the command has compiled the program: its own code does not know this library then, and
/// cannot call it.
pub(super) fn is_of_the_command() -> bool {
    Variable::Symbols.read().is_some()
}

/// All tables of a folder. What cannot be read, or is no table, names nothing.
fn read(folder: &Path) -> HashMap<String, String> {
    let mut names = HashMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_table = entry
            .metadata()
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MAX_BYTES);
        if is_table && let Ok(text) = fs::read_to_string(entry.path()) {
            let rows = text.lines().filter_map(|line| line.split_once('\t'));
            names.extend(rows.map(|(place, name)| (place.to_owned(), name.to_owned())));
        }
    }
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
            b"src/b.rs:1:2\tb::B\nsrc/b.rs:3:4\tb::C\n",
        )
        .unwrap();
        fs::write(folder.join("c"), [0xff, 0xfe]).unwrap();
        let names = read(&folder);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names.len(), 3);
        assert_eq!(names["src/b.rs:3:4"], "b::C");
        assert!(read(&folder).is_empty());
    }
}
