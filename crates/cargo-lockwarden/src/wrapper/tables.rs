//! Names of locks, found in the sources of a crate when it is compiled.
//!
//! A report calls a lock without a name by the place at which it was made. The detector in the program
//! cannot read the source as a compiler does, so the names of all places that look like constructions of
//! locks are written down here, in a table for each crate. It also says whether the crate has unsafe code, out of whose waits
//! the detector raises no panic.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::invocation::Invocation;
use super::rustc::Package;
use crate::symbols;
use crate::syntax;

/// What a construction of a lock looks like, behind the path that leads to its type.
const CONSTRUCTIONS: [&str; 28] = [
    "Barrier::new(",
    "Condvar::new(",
    "FairMutex::new(",
    "Lazy::new(",
    "LazyLock::new(",
    "Mutex::const_new(",
    "Mutex::default(",
    "Mutex::new(",
    "Notify::const_new(",
    "Notify::new(",
    "Once::new(",
    "OnceCell::const_new(",
    "OnceCell::new(",
    "OnceLock::new(",
    "ReentrantMutex::new(",
    "RwLock::const_new(",
    "RwLock::default(",
    "RwLock::new(",
    "RwLock::with_max_readers(",
    "Semaphore::const_new(",
    "Semaphore::new(",
    "SetOnce::new(",
    "const_fair_mutex(",
    "const_mutex(",
    "const_reentrant_mutex(",
    "const_rwlock(",
    // Also of `sync_channel` and `unbounded_channel`.
    "channel(",
    "channel::<",
];

/// A crate with more files than this is generated, and gets no names.
const MAX_FILES: usize = 2000;

/// What begins the line that says of a crate that it has unsafe code: no panic is raised out of a wait in it.
const UNSAFE: &str = "unsafe";

/// Writes the table of the crate that is compiled into `folder`. Without it reports show places alone.
pub(super) fn write(folder: &Path, invocation: &Invocation, package: &Package) {
    let Some(root) = invocation.source_path().map(Path::new) else {
        return;
    };
    let Some(sources) = root.parent() else {
        return;
    };
    let home = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(PathBuf::new, PathBuf::from);
    let mut files = Vec::new();
    collect(sources, &mut files);
    let mut table = String::new();
    let mut is_unsafe = files.len() > MAX_FILES;
    for file in files.iter().filter(|_| files.len() <= MAX_FILES) {
        let Ok(source) = fs::read_to_string(file) else {
            continue;
        };
        is_unsafe |= has_unsafe_code(&source);
        let places = places(&source);
        // Once for all places: a file with many locks is long.
        if places.is_empty() {
            continue;
        }
        let Ok(parsed) = syntax::parse(&source) else {
            continue;
        };
        let module = module(&package.name, &home, file);
        for (line, column) in places {
            let found = symbols::at(&parsed, &module, line, column);
            if let Some(symbol) = found.and_then(|found| found.symbol) {
                let _ = writeln!(table, "{}:{line}:{column}\t{}", file.display(), symbol.path);
            }
        }
    }
    if is_unsafe {
        let _ = writeln!(table, "{UNSAFE}\t{}", sources.display());
    }
    // Crates with their files in one folder have one table; a test may have the name of the library.
    let of = path_within(&home, sources).replace('/', "-");
    let name = format!("{}@{}-{of}.tsv", package.name, package.version);
    let _ = fs::create_dir_all(folder);
    let _ = fs::write(folder.join(name), table);
}

/// Whether a source has a word `unsafe` outside of the comments at the ends of its lines.
fn has_unsafe_code(source: &str) -> bool {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    source.lines().any(|line| {
        let code = line.split_once("//").map_or(line, |(code, _)| code);
        code.split(|c| !is_of_word(c)).any(|word| word == "unsafe")
    })
}

/// The source files below `folder`, by the paths that the compiler gives them.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    // The folder of a root file without one is the current folder.
    let listed = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    for entry in fs::read_dir(listed).into_iter().flatten().flatten() {
        let path = folder.join(entry.file_name());
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !is_hidden && entry.file_name() != "target" && files.len() <= MAX_FILES
        {
            collect(&path, files);
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The module that a file holds in the package of this folder: whichever crate of the package is compiled, and as the
/// commands on records say, since a name is a key of suppressions and of declared orders.
fn module(package: &str, folder: &Path, file: &Path) -> String {
    symbols::module_of(&package.replace('-', "_"), &path_within(folder, file))
}

/// The path of a file or folder within the package of this folder, with slashes.
fn path_within(folder: &Path, path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_default();
    // Where cargo was given the package by a link, the compiler's current folder is still the real one.
    let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let folders = [folder, &real];
    let inside = folders
        .iter()
        .find_map(|folder| whole.strip_prefix(folder).ok());
    inside.unwrap_or(path).to_string_lossy().replace('\\', "/")
}

/// The places of constructions, as the compiler counts them: lines and columns of characters, from 1, of
/// the beginning of the path.
fn places(source: &str) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for (number, line) in source.lines().enumerate() {
        for construction in CONSTRUCTIONS {
            for (at, _) in line.match_indices(construction) {
                let head = &line[..at];
                let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
                let begin = head.trim_end_matches(is_path).len();
                // In `RwLock::new(Mutex::new(`, and where one name ends with another, once each.
                let place = (number + 1, line[..begin].chars().count() + 1);
                if !places.contains(&place) {
                    places.push(place);
                }
            }
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constructions_are_found_at_the_beginning_of_their_paths() {
        let source = "static A: Mutex<u8> = std::sync::Mutex::new(1);\n\n    \
                      let é = FairMutex::new(Mutex::new(2));\n// Mutex alone\n";
        let mut found = places(source);
        found.sort_unstable();
        assert_eq!(found, [(1, 23), (3, 13), (3, 28)]);
    }

    #[test]
    fn unsafe_code_is_told_from_attributes_and_comments() {
        assert!(has_unsafe_code("let job = unsafe { latch.as_ref() };"));
        assert!(has_unsafe_code("impl Job {\n    unsafe fn run() {}\n}"));
        assert!(!has_unsafe_code(
            "#![forbid(unsafe_code)]\n// unsafe { }\nfn main() {}"
        ));
    }

    #[test]
    fn files_are_modules_of_their_package_whichever_of_its_crates_is_compiled() {
        let folder = std::path::absolute("one").expect("there is a current folder");
        let of = |file: &str| module("one-two", &folder, Path::new(file));
        assert_eq!(of("one/src/lib.rs"), "one_two");
        assert_eq!(of("one/src/main.rs"), "one_two");
        assert_eq!(of("one/src/a/b.rs"), "one_two::a::b");
        assert_eq!(of("one/src/bin/tool.rs"), "one_two::tool");
        assert_eq!(of("one/tests/it/main.rs"), "it");
        assert_eq!(of("one/lib.rs"), "one_two");
    }

    #[cfg(unix)]
    #[test]
    fn files_of_a_package_that_is_reached_by_a_link_are_its_modules() {
        let scratch = std::env::temp_dir().join(format!("lockwarden-link-{}", std::process::id()));
        let _ = fs::remove_dir_all(&scratch);
        fs::create_dir_all(scratch.join("real")).expect("the folder can be made");
        let real = fs::canonicalize(scratch.join("real")).expect("it is there");
        let link = scratch.join("link");
        std::os::unix::fs::symlink(&real, &link).expect("the link can be made");
        let inside = path_within(&link, &real.join("src/a.rs"));
        fs::remove_dir_all(&scratch).expect("the folder can be removed");
        assert_eq!(inside, "src/a.rs");
    }
}
