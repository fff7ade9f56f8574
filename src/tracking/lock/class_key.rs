//! Keys of lock classes and locations that are the same in every build and on every machine.
//!
//! The key of a class is its name, else its place of construction and the type of what the lock holds. A place is
//! `path:line:column` with a path that holds no directory of a machine:
//!
//! | path given by the compiler | path in a key |
//! |---|---|
//! | `/home/u/.cargo/registry/src/index-1234/dashmap-5.5.3/src/lib.rs` | `dashmap 5.5.3, src/lib.rs` |
//! | `/home/u/.cargo/git/checkouts/dashmap-1234/abcdef0/src/lib.rs` | `dashmap abcdef0, src/lib.rs` |
//! | `/rustc/<hash>/library/std/src/sync/once.rs`, `…/rustlib/src/rust/library/std/src/sync/once.rs` | `std/src/sync/once.rs` |
//! | `/work/shop/target/debug/build/till-<hash>/out/gen.rs` (written by the build script of `till`) | `till/out/gen.rs` |
//! | `src/bank.rs` (a package of the workspace) | `src/bank.rs` |
//! | `/work/shop/crates/till/src/lib.rs` (any other absolute path) | `till/src/lib.rs` |

use std::borrow::Cow;

use crate::engine::ids::Site;

/// Returns the key of a class whose content does not count, as in suppressions.
pub(crate) fn of_class(name: Option<&'static str>, place: Site) -> Cow<'static, str> {
    match name {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(of_site(place)),
    }
}

/// Returns the key of a class, with its content.
pub(crate) fn in_full(
    name: Option<&'static str>,
    place: Site,
    content: Option<&str>,
) -> Cow<'static, str> {
    let key = of_class(name, place);
    match content.filter(|_| name.is_none()) {
        Some(content) => Cow::Owned(of_content(&key, content)),
        None => key,
    }
}

/// What stands between a location and the type of the content.
const OF: &str = " of ";

/// Returns the key of a class without a name: its location and the type of its content, as in
/// `src/guarded.rs:8:14 of shop::Ledger`.
///
/// A file of orders separates keys by `<` and symbols by ` = `, so `Box<dyn Iterator<Item = u8>>` becomes
/// `Box(dyn Iterator(Item=u8))`. A crate that `cargo lockwarden` has compiled beside its replacement has its own name.
pub(crate) fn of_content(place: &str, content: &str) -> String {
    let mut key = format!("{place}{OF}");
    let mut before = ' ';
    let mut content = content.replace(" = ", "=");
    for (compiled, own) in [
        ("once_cell_original::", "once_cell::"),
        ("parking_lot_original::", "parking_lot::"),
        ("tokio_original::", "tokio::"),
    ] {
        content = content.replace(compiled, own);
    }
    for c in content.chars() {
        key.push(match c {
            '<' => '(',
            '>' if before != '-' => ')',
            c => c,
        });
        before = c;
    }
    key
}

/// Returns the location of a key that has a content.
pub(crate) fn without_content(key: &str) -> Option<&str> {
    let (place, _) = key.split_once(OF)?;
    // A name may have the same words in it.
    let mut parts = place.rsplitn(3, ':');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let is_place = parts.next().is_some_and(is_number) && parts.next().is_some_and(is_number);
    is_place.then_some(place)
}

/// Returns `path:line:column`, with a path that holds no directory of a machine.
pub(crate) fn of_site(site: Site) -> String {
    format!("{}:{}:{}", of_path(site.file()), site.line(), site.column())
}

/// Returns a path that holds no directory of a machine.
pub(crate) fn of_path(path: &str) -> Cow<'_, str> {
    let path = with_slashes(path);
    shortened(&path).map_or(path.clone(), Cow::Owned)
}

/// Returns whether a build script has written the file.
pub(crate) fn is_generated(path: &str) -> bool {
    generated(&with_slashes(path)).is_some()
}

fn with_slashes(path: &str) -> Cow<'_, str> {
    match path.contains('\\') {
        true => Cow::Owned(path.replace('\\', "/")),
        false => Cow::Borrowed(path),
    }
}

/// What separates the folders of a path. A path of a Windows toolchain may have both.
const SEPARATORS: [char; 2] = ['/', '\\'];

/// Returns the path of a file within the standard library, if the file belongs to it: the paths of a toolchain without
/// and with its source component.
pub(crate) fn of_the_standard_library(file: &str) -> Option<&str> {
    const FOLDER: &str = "library";
    // `contains` is cheaper than a search that fails, and new locks come here.
    if !file.contains(FOLDER) {
        return None;
    }
    file.match_indices(FOLDER).find_map(|(at, _)| {
        let above = file[..at].strip_suffix(SEPARATORS)?;
        let path = file[at + FOLDER.len()..].strip_prefix(SEPARATORS)?;
        let has_source = || {
            let folders = above.rsplit(SEPARATORS).take(3);
            folders.eq(["rust", "src", "rustlib"])
        };
        (file.starts_with("/rustc/") || has_source()).then_some(path)
    })
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
        inner.1.split_once(SEPARATORS)
    };
    if let Some((_, inner)) = behind("/registry/src/", "\\registry\\src\\") {
        let (folder, path) = inner.split_once(SEPARATORS)?;
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
    let (revision, path) = inner.split_once(SEPARATORS)?;
    let name = repository
        .rsplit_once('-')
        .map_or(repository, |(name, _)| name);
    let package = format!("{name} {revision}");
    Some(Dependency { package, path })
}

/// Returns the path of a file that a build script has written, behind the name of its package: the folders above hold a hash
/// that differs between builds, and may hold a folder `src` of the machine.
fn generated(path: &str) -> Option<String> {
    let is_hash = |name: &str| name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit());
    path.match_indices("/build/").find_map(|(at, folder)| {
        let (name, rest) = path[at + folder.len()..].split_once('/')?;
        // The hash is behind the name, or in a folder of its own, by the version of cargo.
        let (name, rest) = match name.rsplit_once('-') {
            Some((name, hash)) if is_hash(hash) => (name, rest),
            _ => {
                let (hash, rest) = rest.split_once('/')?;
                is_hash(hash).then_some((name, rest))?
            }
        };
        rest.starts_with("out/").then(|| format!("{name}/{rest}"))
    })
}

fn shortened(path: &str) -> Option<String> {
    if let Some(Dependency { package, path }) = dependency(path) {
        return Some(format!("{package}, {path}"));
    }
    if let Some(rest) = of_the_standard_library(path) {
        return Some(rest.to_owned());
    }
    if let Some(rest) = generated(path) {
        return Some(rest);
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
            (
                r"/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library\std\src\sync\once.rs",
                "std/src/sync/once.rs",
            ),
            (
                r"C:\Users\u\.rustup\toolchains\stable-x86_64-pc-windows-msvc\lib/rustlib/src/rust\library\core\src\cell.rs",
                "core/src/cell.rs",
            ),
            ("/w/library/src/lib.rs", "library/src/lib.rs"),
            ("src/bank.rs", "src/bank.rs"),
            ("crates/till/src/lib.rs", "crates/till/src/lib.rs"),
            ("/w/shop/crates/till/src/a/lib.rs", "till/src/a/lib.rs"),
            ("/w/shop/build.rs", "shop/build.rs"),
            ("/lonely.rs", "lonely.rs"),
            (
                "/home/u/src/shop/target/debug/build/till-sys-61549e6b6e883fd6/out/gen/table.rs",
                "till-sys/out/gen/table.rs",
            ),
            (
                r"C:\u\shop\target\debug\build\till\61549e6b6e883fd6\out\gen.rs",
                "till/out/gen.rs",
            ),
            ("/w/build/shop-1/out/gen.rs", "out/gen.rs"),
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
    fn a_content_has_no_sign_of_a_file_of_orders() {
        let key = of_content(
            "src/a.rs:1:2",
            "alloc::boxed::Box<dyn core::iter::Iterator<Item = fn(u8) -> u8>>",
        );
        let expected =
            "src/a.rs:1:2 of alloc::boxed::Box(dyn core::iter::Iterator(Item=fn(u8) -> u8))";
        assert_eq!(key, expected);
        assert_eq!(without_content(&key), Some("src/a.rs:1:2"));
        assert_eq!(
            of_content("src/a.rs:1:2", "Option<tokio_original::task::Id>"),
            "src/a.rs:1:2 of Option(tokio::task::Id)"
        );
        assert_eq!(without_content("src/a.rs:1:2"), None);
        assert_eq!(without_content("locks of the bank"), None);
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
