//! Source lines as reports print them: the path within a package, and whose code it is.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Display as _;

use crate::engine::ids::Site;
use crate::tracking::lock::class_key;

/// Returns the file name and the line, for a column; the full path stands elsewhere in the report.
pub(super) fn short_place(site: Site) -> String {
    let file = site.file().rsplit(['/', '\\']).next();
    format!("{}:{}", file.unwrap_or(site.file()), site.line())
}

/// Returns the place as a part of a sentence. A function that is passed to the standard library, as to
/// `map`, and called there, has a place in the standard library. For a dependency, its name and version
/// and the path within it are shown.
pub(crate) fn place(site: Site) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        let Some(path) = short_file(site.file()) else {
            return site.fmt(f);
        };
        write!(f, "{path}:{}:{}", site.line(), site.column())?;
        match class_key::of_the_standard_library(site.file()) {
            Some(_) => f.write_str(" of the standard library"),
            None => Ok(()),
        }
    })
}

/// Returns the path of a file within the standard library, of a dependency behind its name and version, or of a file
/// that a build script has written behind the name of its package.
pub(super) fn short_file(file: &str) -> Option<Cow<'_, str>> {
    // Of other files, the key has less than the path, which is absolute for a file of a build script.
    (!is_own(file) || class_key::is_generated(file)).then(|| class_key::of_path(file))
}

/// Returns the path of a file as a report shows it.
pub(super) fn shown_file(file: &str) -> Cow<'_, str> {
    short_file(file).unwrap_or(Cow::Borrowed(file))
}

/// Returns the dependency that a file belongs to, `dashmap 5.5.3`; `None` for the program's own files, and
/// those of the standard library.
pub(super) fn dependency(file: &str) -> Option<String> {
    class_key::dependency(file).map(|dependency| dependency.package)
}

/// Returns whether a file is one of the program's own.
pub(super) fn is_own(file: &str) -> bool {
    dependency(file).is_none() && class_key::of_the_standard_library(file).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn called(_: ()) -> Site {
        std::panic::Location::caller()
    }

    #[test]
    fn a_place_in_the_standard_library_is_named_as_one() {
        let here = place(called(())).to_string();
        assert!(here.starts_with("src/report/place.rs:"), "{here}");
        let place = place([()].map(called)[0]).to_string();
        assert!(place.starts_with("core/src/"), "{place}");
        assert!(place.ends_with(" of the standard library"), "{place}");
    }

    #[test]
    fn the_path_of_a_dependency_or_a_generated_file_begins_with_the_name_of_its_package() {
        let cargo = "/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f";
        let file = format!("{cargo}/sentry-core-0.49.5/src/hub_impl.rs");
        assert_eq!(
            short_file(&file).as_deref(),
            Some("sentry-core 0.49.5, src/hub_impl.rs")
        );
        assert_eq!(
            short_file("/home/me/.cargo/git/checkouts/tool-0123456789abcdef/89abcde/src/lib.rs")
                .as_deref(),
            Some("tool 89abcde, src/lib.rs")
        );
        assert_eq!(
            short_file("/rustc/0123/library/core/src/option.rs").as_deref(),
            Some("core/src/option.rs")
        );
        assert_eq!(
            short_file("/home/me/bank/target/debug/build/bank-0123456789abcdef/out/table.rs")
                .as_deref(),
            Some("bank/out/table.rs")
        );
        assert_eq!(short_file("/home/me/bank/src/main.rs"), None);
        assert_eq!(short_file("src/main.rs"), None);
    }

    #[test]
    fn files_of_the_standard_library_and_of_dependencies_are_not_the_programs_own() {
        assert!(is_own("src/main.rs"));
        assert!(is_own("/home/me/bank/store/src/lib.rs"));
        assert!(!is_own("/rustc/0123/library/core/src/option.rs"));
        let component = "/home/me/.rustup/toolchains/stable/lib/rustlib/src/rust/library";
        assert!(!is_own(&format!("{component}/core/src/option.rs")));
        assert!(!is_own(
            "/home/me/.cargo/registry/src/index-1/dashmap-5.5.3/src/lib.rs"
        ));
    }
}
