//! The structure of `src/`: no room imports one above it, in the order of the table in `docs/architecture.md`, and
//! no files import each other in a circle.

mod circles;
mod paths;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

use self::circles::circles;
use self::paths::Modules;

/// The path of a file below the root of the package.
fn below_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The rooms in the first column of the table of rooms, from the top down.
fn rooms() -> Vec<String> {
    let page = fs::read_to_string(below_root("docs/architecture.md")).unwrap();
    let table = page.split("## ").nth(1).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = rows.map(|row| row.split(" |").next().unwrap());
    let rooms = cells.flat_map(|cell| cell.split(", "));
    rooms
        .map(|room| {
            room.trim_matches('`')
                .trim_end_matches('/')
                .trim_end_matches(".rs")
                .to_owned()
        })
        .collect()
}

/// All files of `src/`, each with the room that it belongs to; `lib` for the root.
fn files() -> Vec<(String, PathBuf)> {
    fn add(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let source = below_root("src");
    let mut files = Vec::new();
    add(&source, &mut files);
    let room = |file: &PathBuf| {
        let inner = file.strip_prefix(&source).unwrap().iter().next().unwrap();
        let name = Path::new(inner).file_stem().unwrap();
        name.to_str().unwrap().to_owned()
    };
    files.into_iter().map(|file| (room(&file), file)).collect()
}

/// The first segments after `crate::` in the code of a file, comments left out: `a` and `b` of
/// `crate::a::X` and of `crate::{a, b::Y}`. Macros (`$crate::`) run elsewhere and are left out.
fn imports(code: &str) -> Vec<String> {
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    let code: String = lines.flat_map(|line| [line, "\n"]).collect();
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with('$') {
            continue;
        }
        let after = &code[at + "crate::".len()..];
        let Some(list) = after.strip_prefix('{') else {
            found.push(first_segment(after));
            continue;
        };
        let mut depth = 0;
        let mut start = 0;
        for (at, letter) in list.char_indices() {
            match letter {
                ',' | '}' if depth == 0 => {
                    found.push(first_segment(list[start..at].trim_start()));
                    start = at + 1;
                    if letter == '}' {
                        break;
                    }
                }
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

fn first_segment(path: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    path.chars().take_while(|letter| is_part(*letter)).collect()
}

#[test]
fn imports_are_found_in_code_and_not_in_comments() {
    let code =
        "use crate::a::X;\n// crate::b\nuse crate::{\n    c::{self, d}, e,\n};\n$crate::f!()";
    assert_eq!(imports(code), ["a", "c", "e"]);
}

/// A wait of `once_cell::sync` parks the thread, and so takes the permit of an `unpark` that is for the program. The
/// `OnceLock` of std waits in a futex, and `once_cell::race` not at all.
#[test]
fn no_value_is_made_once_under_a_park() {
    for (_, file) in files() {
        let code = fs::read_to_string(&file).unwrap();
        assert!(!code.contains("once_cell::sync"), "{}", file.display());
    }
}

/// A thread that falls asleep in a wait of `parking_lot` has a lock of the table of all waits for a moment, and a fork
/// at that moment leaves it locked in the child. So the threads of this crate wait in those of std.
#[test]
fn no_thread_of_the_crate_waits_in_parking_lot() {
    for (room, file) in files() {
        let has_threads = ["watchdog", "sink", "runtime", "record"].contains(&&*room);
        let code = fs::read_to_string(&file).unwrap();
        for line in code.lines().filter(|_| has_threads) {
            let waits = line.contains("parking_lot::") && line.contains("Condvar");
            assert!(!waits, "{}: {line}", file.display());
        }
    }
}

#[test]
fn no_room_imports_one_above_it() {
    let rooms = rooms();
    assert!(rooms.len() > 15, "the table is read: {rooms:?}");
    let floor = |name: &str| rooms.iter().position(|room| room == name);
    let mut wrong = Vec::new();
    for (room, file) in files() {
        if room == "lib" {
            continue;
        }
        let Some(own) = floor(&room) else {
            wrong.push(format!("{}: the room is not in the table", file.display()));
            continue;
        };
        for name in imports(&fs::read_to_string(&file).unwrap()) {
            // Other names are those of macros, which only `testing` and `extra` use of this crate.
            let is_up = floor(&name).map_or(!matches!(&*room, "testing" | "extra"), |to| to < own);
            if is_up {
                wrong.push(format!("{}: crate::{name}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The path of the module that a file below `src/` is.
fn module(file: &Path) -> Vec<String> {
    let mut path = vec!["crate".to_owned()];
    let parts = file.with_extension("");
    path.extend(parts.iter().map(|part| part.to_str().unwrap().to_owned()));
    path.pop_if(|last| last == "mod" || last == "lib");
    path
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let source = below_root("src");
    let mut modules = Modules::default();
    for (_, file) in files() {
        let inner = file.strip_prefix(&source).unwrap();
        let code = fs::read_to_string(&file).unwrap();
        modules.add(module(inner), inner.to_str().unwrap(), &code);
    }
    let imports = modules.imports();
    assert!(imports.len() > 200, "the imports are read");
    let mut wrong = String::new();
    for circle in &circles(&imports) {
        wrong += &format!("\na circle of {} files:\n", circle.len());
        for from in circle {
            for (to, names) in imports[from].iter().filter(|(to, _)| circle.contains(to)) {
                wrong += &format!("  {from} -> {to}: {names:?}\n");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_path_ends_in_the_file_that_defines_its_name() {
    let mut modules = Modules::default();
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    modules.add(path("crate"), "lib.rs", "mod a; mod b;");
    modules.add(
        path("crate::a"),
        "a/mod.rs",
        "mod c; pub use self::c::{C, D as E};",
    );
    modules.add(
        path("crate::a::c"),
        "a/c.rs",
        "use crate::b; fn f() { b::g(); super::super::b::H::new(); }",
    );
    modules.add(
        path("crate::b"),
        "b.rs",
        "use crate::a::{C, E}; mod inner { use super::super::a::c::f; }",
    );
    let imports = modules.imports();
    assert_eq!(imports["b.rs"].keys().collect::<Vec<_>>(), ["a/c.rs"]);
    assert_eq!(imports["a/c.rs"].keys().collect::<Vec<_>>(), ["b.rs"]);
}
