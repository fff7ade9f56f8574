//! Crates in whose place another source is compiled.

use std::path::PathBuf;

use super::cfg::Cfg;
use super::dep_info;
use crate::facade::Facade;

/// What takes the place of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// The package, and which of its versions.
    package: &'static str,
    versions: Versions,
    /// The root file, in the folder of the sources, or in that of the package it belongs to.
    source: &'static str,
    /// The edition of that file, where it is not the edition of the package.
    pub(super) edition: Option<&'static str>,
    /// Features that the source has beside those of the package.
    pub(super) features: &'static [&'static str],
    /// Whether the source is the package `lockwarden-tokio`, whose name and version stand before its places in reports.
    pub(super) is_package: bool,
    /// What of the facade the source uses, by the names of the crates.
    pub(super) crates: &'static [&'static str],
    /// The crate of the package, for the source to build on.
    pub(super) original: Option<Original>,
    /// The dependency without whose replacement the package stays as it is.
    pub(super) needs: Option<&'static str>,
    /// A `--cfg` under which the package stays as it is.
    pub(super) unless: Option<&'static str>,
    /// The feature without which the package stays as it is.
    feature: Option<&'static str>,
}

/// How the crate of a replaced package is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Original {
    /// The name under which it is compiled.
    pub(super) name: &'static str,
    /// The name under which the source that takes its place imports it.
    pub(super) import: &'static str,
    /// Features that it needs beside those that the project asks for; they have no dependencies.
    pub(super) features: &'static [&'static str],
    /// Whether it is compiled over the watched std, as it would be without a replacement.
    pub(super) has_facade: bool,
}

/// Which versions of a package are replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Versions {
    All,
    /// Those that begin so.
    Of(&'static str),
    /// Those with this major version, from this minor version on.
    From(u32, u32),
}

impl Versions {
    fn contain(self, version: &str) -> bool {
        match self {
            Versions::All => true,
            Versions::Of(beginning) => version.starts_with(beginning),
            Versions::From(major, minor) => {
                let mut numbers = version.split('.').map(str::parse::<u32>);
                match (numbers.next(), numbers.next()) {
                    (Some(Ok(of)), Some(Ok(at))) => of == major && at >= minor,
                    _ => false,
                }
            }
        }
    }
}

impl Replacement {
    /// One without an original, of the edition of its package.
    const fn plain(package: &'static str, versions: Versions, source: &'static str) -> Self {
        Self {
            package,
            versions,
            source,
            edition: None,
            features: &[],
            is_package: false,
            crates: &["lockwarden"],
            original: None,
            needs: None,
            unless: None,
            feature: None,
        }
    }
}

const REPLACEMENTS: [Replacement; 9] = [
    Replacement::plain(
        "lock_api",
        Versions::Of("0.4."),
        "replacements/lock_api/lib.rs",
    ),
    Replacement {
        original: Some(Original {
            name: "parking_lot_original",
            import: "parking_lot_original",
            features: &[],
            has_facade: false,
        }),
        ..Replacement::plain(
            "parking_lot",
            Versions::Of("0.12."),
            "replacements/parking_lot_0_12/lib.rs",
        )
    },
    Replacement::plain(
        "parking_lot",
        Versions::Of("0.13."),
        "replacements/parking_lot_0_13.rs",
    ),
    Replacement::plain(
        "crossbeam-channel",
        Versions::Of("0.5."),
        "replacements/crossbeam_channel.rs",
    ),
    // Before 1.12 a cell has no `wait`. Without `std` no thread waits, or all wait in critical sections.
    Replacement {
        feature: Some("std"),
        edition: Some("2021"),
        original: Some(Original {
            name: "once_cell_original",
            import: "once_cell_original",
            features: &[],
            has_facade: false,
        }),
        ..Replacement::plain(
            "once_cell",
            Versions::From(1, 12),
            "replacements/once_cell/lib.rs",
        )
    },
    // Before 1.12 it has other functions.
    Replacement {
        edition: Some("2024"),
        original: Some(Original {
            name: "rayon_core_original",
            import: "rayon_core_original",
            features: &[],
            has_facade: true,
        }),
        ..Replacement::plain(
            "rayon-core",
            Versions::From(1, 12),
            "replacements/rayon_core/lib.rs",
        )
    },
    // A program that itself depends on the detector gets the one of the facade: two would each know
    // half of the locks.
    Replacement::plain("lockwarden", Versions::All, "replacements/lockwarden.rs"),
    // In the same way a program that depends on it gets what is compiled in the place of tokio.
    Replacement {
        crates: &[],
        needs: Some("tokio"),
        ..Replacement::plain(
            "lockwarden-tokio",
            Versions::All,
            "replacements/lockwarden_tokio.rs",
        )
    },
    Replacement {
        edition: Some("2024"),
        features: &["always"],
        is_package: true,
        crates: &["lockwarden", "parking_lot", "libc"],
        original: Some(Original {
            name: "tokio_original",
            import: "tokio",
            features: &["rt", "sync"],
            has_facade: true,
        }),
        unless: Some("tokio_unstable"),
        ..Replacement::plain("tokio", Versions::From(1, 47), "src/lib.rs")
    },
];

/// What takes the place of a package, if anything does, where `cfg` has its features.
pub(super) fn of(name: &str, version: &str, cfg: &Cfg) -> Option<Replacement> {
    REPLACEMENTS
        .into_iter()
        .find(|r| r.package == name && r.versions.contain(version))
        .filter(|r| r.feature.is_none_or(|feature| cfg.has_feature(feature)))
}

/// The packages in whose place one of these libraries was compiled, without those that are watched by themselves.
pub(super) fn among(libraries: &[PathBuf], facade: &Facade) -> Vec<&'static str> {
    let lists: Vec<_> = libraries.iter().map(|l| dep_info::of_library(l)).collect();
    REPLACEMENTS
        .into_iter()
        .filter(|r| !r.package.starts_with("lockwarden"))
        .filter(|r| {
            let source = dep_info::escaped(&r.source(facade));
            lists.iter().any(|list| list.contains(&source))
        })
        .map(|r| r.package)
        .collect()
}

/// The crate that is compiled under another name where a package is replaced.
pub(super) fn original_of(name: &str) -> Option<Original> {
    REPLACEMENTS
        .into_iter()
        .filter(|r| r.package == name)
        .find_map(|r| r.original)
}

impl Replacement {
    /// The root file, of the sources of this facade.
    pub(super) fn source(self, facade: &Facade) -> PathBuf {
        let folder = if self.is_package {
            &facade.tokio
        } else {
            &facade.sources
        };
        folder.join(self.source)
    }

    /// The `--cfg` among the options by which the package stays as it is, if there is one.
    pub(super) fn kept_by(self, cfg: &Cfg) -> Option<&'static str> {
        self.unless.filter(|name| cfg.has(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, version: &str) -> Option<Replacement> {
        super::of(name, version, &Cfg::of_features(["std".to_owned()]))
    }

    #[test]
    fn only_known_versions_are_replaced() {
        assert!(of("lock_api", "0.4.14").is_some());
        assert!(of("lock_api", "0.5.0").is_none());
        assert!(of("parking_lot", "0.11.2").is_none());
        assert_ne!(of("parking_lot", "0.12.5"), of("parking_lot", "0.13.0"));
        assert!(of("crossbeam-channel", "0.5.0").is_some());
        assert!(of("crossbeam-channel", "0.4.4").is_none());
        assert!(of("lockwarden", "0.1.0").is_some());
        assert!(of("dashmap", "0.4.0").is_none());
        assert!(of("once_cell", "1.11.0").is_none() && of("once_cell", "0.2.7").is_none());
        assert!(of("once_cell", "1.12.0").is_some() && of("once_cell", "1.21.4").is_some());
        assert!(super::of("once_cell", "1.21.4", &Cfg::default()).is_none());
        assert!(of("rayon-core", "1.11.0").is_none() && of("rayon-core", "1.13.0").is_some());
        assert!(of("tokio", "1.46.1").is_none() && of("tokio", "0.3.47").is_none());
        assert!(of("tokio", "1.47.0").is_some() && of("tokio", "1.100.2").is_some());
    }
}
