//! Keys of lock classes and locations that are the same in every build and on every machine.
//!
//! The key of a class is its name, else its place of construction. A place is
//! `path:line:column` with a path that holds no directory of a machine:
//!
//! | path given by the compiler | path in a key |
//! |---|---|
//! | `/home/u/.cargo/registry/src/index-1234/dashmap-5.5.3/src/lib.rs` | `dashmap-5.5.3/src/lib.rs` |
//! | `/home/u/.cargo/git/checkouts/dashmap-1234/abcdef0/src/lib.rs` | `dashmap@abcdef0/src/lib.rs` |
//! | `/rustc/<hash>/library/std/src/sync/once.rs` | `std/src/sync/once.rs` |
//! | `src/bank.rs` (a package of the workspace) | `src/bank.rs` |
//! | `/work/shop/crates/till/src/lib.rs` (any other absolute path) | `till/src/lib.rs` |

use std::borrow::Cow;

use crate::engine::ids::Site;

/// Returns the key of a class.
pub(crate) fn of_class(name: Option<&'static str>, place: Site) -> Cow<'static, str> {
    match name {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(of_site(place)),
    }
}

/// Returns `path:line:column`, with a path that holds no directory of a machine.
pub(crate) fn of_site(site: Site) -> String {
    format!("{}:{}:{}", of_path(site.file()), site.line(), site.column())
}

/// Returns a path that holds no directory of a machine.
pub(crate) fn of_path(path: &str) -> Cow<'_, str> {
    let path: Cow<'_, str> = if path.contains('\\') {
        Cow::Owned(path.replace('\\', "/"))
    } else {
        Cow::Borrowed(path)
    };
    shortened(&path).map_or(path.clone(), Cow::Owned)
}

fn shortened(path: &str) -> Option<String> {
    if let Some((_, rest)) = path.split_once("/registry/src/") {
        // The name of the index contains a hash that differs between machines.
        return rest.split_once('/').map(|(_, package)| package.to_owned());
    }
    if let Some((_, rest)) = path.split_once("/git/checkouts/") {
        let mut parts = rest.splitn(3, '/');
        let (name, revision, file) = (parts.next()?, parts.next()?, parts.next()?);
        let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
        return Some(format!("{name}@{revision}/{file}"));
    }
    if let Some((_, rest)) = path.split_once("/library/")
        && (path.starts_with("/rustc/") || path.contains("/rustlib/src/rust/"))
    {
        return Some(rest.to_owned());
    }
    let is_absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    if !is_absolute {
        return None;
    }
    // The directory of the package is the one that holds `src`, `tests`, `examples` or `benches`.
    let inner = ["/src/", "/tests/", "/examples/", "/benches/"]
        .iter()
        .filter_map(|part| path.rfind(part))
        .max();
    let end = inner.or_else(|| path.rfind('/'))?;
    let start = path[..end].rfind('/').map_or(end, |at| at);
    Some(path[start + 1..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_what_belongs_to_a_machine() {
        for (path, key) in [
            (
                "/home/u/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/dashmap-5.5.3/src/lib.rs",
                "dashmap-5.5.3/src/lib.rs",
            ),
            (
                "/home/u/.cargo/git/checkouts/dash-map-89ab/abcdef0/src/lib.rs",
                "dash-map@abcdef0/src/lib.rs",
            ),
            (
                "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/sync/once.rs",
                "std/src/sync/once.rs",
            ),
            ("src/bank.rs", "src/bank.rs"),
            ("crates/till/src/lib.rs", "crates/till/src/lib.rs"),
            ("/w/shop/crates/till/src/a/lib.rs", "till/src/a/lib.rs"),
            ("/w/shop/build.rs", "shop/build.rs"),
            ("/lonely.rs", "lonely.rs"),
            (
                r"C:\Users\u\.cargo\registry\src\index-1\x-1.0.0\src\lib.rs",
                "x-1.0.0/src/lib.rs",
            ),
            (r"src\bank.rs", "src/bank.rs"),
        ] {
            assert_eq!(of_path(path), key, "{path}");
        }
    }
}
