//! Recognises crates that implement an allocator.
//!
//! The watched locks allocate when a thread waits for them, so an allocator must not take one: a crate that
//! implements an allocator keeps the bare std.

use std::fs;
use std::path::Path;

use crate::project::LeftOut;

/// Leaves out a package that implements an allocator. One of the workspace is watched all the same if the
/// file of its allocator names no lock: an allocator that counts with atomics is not all that it is.
pub(super) fn leaves_out(is_member: bool, folder: &Path) -> Option<LeftOut> {
    let is_found = |text: &str| has_implementation(text) && (!is_member || names_lock(text));
    any_source(&folder.join("src"), &is_found).then_some(LeftOut::Allocator)
}

/// Whether a source below `folder` is one that is looked for.
fn any_source(folder: &Path, is_found: &impl Fn(&str) -> bool) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => any_source(&path, is_found),
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|e| e == "rs") => {
                fs::read_to_string(&path).is_ok_and(|text| is_found(&text))
            }
            _ => false,
        }
    })
}

fn names_lock(source: &str) -> bool {
    ["Mutex", "RwLock", "Once", "Lazy", "Condvar", "mpsc"]
        .iter()
        .any(|name| source.contains(name))
}

fn has_implementation(source: &str) -> bool {
    source.lines().any(|line| {
        let line = line.trim_start();
        line.starts_with("unsafe impl") && line.contains("GlobalAlloc for")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_implementation_is_found_and_a_mention_is_not() {
        assert!(has_implementation(
            "struct A;\nunsafe impl<T: B> std::alloc::GlobalAlloc for A<T> {\n}"
        ));
        assert!(!has_implementation("// unsafe impl GlobalAlloc for A"));
        assert!(!has_implementation("fn f<A: GlobalAlloc>(a: A) {}"));
    }
}
