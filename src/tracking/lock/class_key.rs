//! Keys of lock classes and locations that are the same in every build and on every machine.
//!
//! The key of a class is its name, else its place of construction. A place is
//! `path:line:column` with a path that holds no directory of a machine:
//!
//! | path given by the compiler | path in a key |
//! |---|---|
//! | `/home/u/.cargo/registry/src/index-1234/dashmap-5.5.3/src/lib.rs` | `dashmap 5.5.3, src/lib.rs` |
//! | `/home/u/.cargo/git/checkouts/dashmap-1234/abcdef0/src/lib.rs` | `dashmap abcdef0, src/lib.rs` |
//! | `/rustc/<hash>/library/std/src/sync/once.rs`, `…/rustlib/src/rust/library/std/src/sync/once.rs` | `std/src/sync/once.rs` |
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

/// Returns the path of a file within the standard library, if the file belongs to it: the paths of a toolchain without
/// and with its source component.
pub(crate) fn of_the_standard_library(file: &str) -> Option<&str> {
    let (_, path) = if file.starts_with("/rustc/") {
        file.split_once("/library/")
            .or_else(|| file.split_once(r"\library\"))
    } else {
        file.split_once("/rustlib/src/rust/library/")
            .or_else(|| file.split_once(r"\rustlib\src\rust\library\"))
    }?;
    Some(path)
}

/// A package that cargo has from a registry or a repository, and a file of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency<'a> {
    /// The name, and the version or the revision: `dashmap 5.5.3`.
    pub(crate) package: String,
    /// The path of the file within the package or the repository.
    pub(crate) path: &'a str,
}

/// Returns the dependency that a file belongs to, which is known by the folders in which cargo keeps it.
pub(crate) fn dependency(file: &str) -> Option<Dependency<'_>> {
    let behind = |folder: &str, other: &str| {
        let inner = file.split_once(folder).or_else(|| file.split_once(other))?;
        // The name of the index, or of the repository, contains a hash that differs between machines.
        inner.1.split_once(['/', '\\'])
    };
    if let Some((_, inner)) = behind("/registry/src/", "\\registry\\src\\") {
        let (folder, path) = inner.split_once(['/', '\\'])?;
        // The version begins at the first number behind a hyphen that a full stop follows.
        let is_version = |rest: &str| {
            let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            number.len() < rest.len() && number.starts_with('.')
        };
        let version = folder
            .match_indices('-')
            .find(|(at, _)| is_version(&folder[at + 1..]));
        let package = match version {
            Some((at, _)) => format!("{} {}", &folder[..at], &folder[at + 1..]),
            None => folder.to_owned(),
        };
        return Some(Dependency { package, path });
    }
    let (repository, inner) = behind("/git/checkouts/", "\\git\\checkouts\\")?;
    let (revision, path) = inner.split_once(['/', '\\'])?;
    let name = repository
        .rsplit_once('-')
        .map_or(repository, |(name, _)| name);
    let package = format!("{name} {revision}");
    Some(Dependency { package, path })
}

fn shortened(path: &str) -> Option<String> {
    if let Some(Dependency { package, path }) = dependency(path) {
        return Some(format!("{package}, {path}"));
    }
    if let Some(rest) = of_the_standard_library(path) {
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
                "dashmap 5.5.3, src/lib.rs",
            ),
            (
                "/home/u/.cargo/git/checkouts/dash-map-89ab/abcdef0/src/lib.rs",
                "dash-map abcdef0, src/lib.rs",
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
                "x 1.0.0, src/lib.rs",
            ),
            (r"src\bank.rs", "src/bank.rs"),
        ] {
            assert_eq!(of_path(path), key, "{path}");
        }
    }

    #[test]
    fn a_dependency_is_named_with_its_version() {
        let of = |path: &str| {
            let file = format!("/home/me/.cargo/registry/src/index-1/{path}");
            dependency(&file).map(|dependency| dependency.package)
        };
        assert_eq!(
            of("dashmap-5.5.3/src/lib.rs").as_deref(),
            Some("dashmap 5.5.3")
        );
        assert_eq!(
            of("md-5-0.10.6-rc.1/src/lib.rs").as_deref(),
            Some("md-5 0.10.6-rc.1")
        );
        assert_eq!(of("odd/src/lib.rs").as_deref(), Some("odd"));
        assert_eq!(dependency("src/main.rs"), None);
    }
}
