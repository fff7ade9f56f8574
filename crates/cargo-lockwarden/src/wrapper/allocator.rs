//! Recognises crates that implement an allocator.
//!
//! The detector allocates, so a lock that is taken inside an allocation must not come to it: such a
//! crate keeps the bare std.

use std::fs;
use std::path::Path;

use crate::project::LeftOut;

/// Leaves out a package that implements an allocator. Those of the workspace are watched all the same:
/// an allocator of their own, which counts perhaps, is not all that they are.
pub(super) fn leaves_out(is_member: bool, folder: &Path) -> Option<LeftOut> {
    (!is_member && implements_allocator(&folder.join("src"))).then_some(LeftOut::Allocator)
}

/// Whether a source below `folder` implements the trait of allocators.
fn implements_allocator(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => implements_allocator(&path),
            Ok(kind) if kind.is_file() && path.extension().is_some_and(|e| e == "rs") => {
                fs::read_to_string(&path).is_ok_and(|text| has_implementation(&text))
            }
            _ => false,
        }
    })
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
