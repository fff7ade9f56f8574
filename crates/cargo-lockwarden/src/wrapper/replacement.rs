//! Crates in whose place another source is compiled.

use std::path::{Path, PathBuf};

/// What takes the place of a crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    /// The package, and the beginning of its versions.
    package: &'static str,
    versions: &'static str,
    /// The root file, in the folder of the sources.
    source: &'static str,
    /// The name under which the original is compiled first, for the other to build on.
    pub(super) original: Option<&'static str>,
}

const REPLACEMENTS: [Replacement; 4] = [
    Replacement {
        package: "lock_api",
        versions: "0.4.",
        source: "replacements/lock_api/lib.rs",
        original: None,
    },
    Replacement {
        package: "parking_lot",
        versions: "0.12.",
        source: "replacements/parking_lot_0_12/lib.rs",
        original: Some("parking_lot_original"),
    },
    Replacement {
        package: "parking_lot",
        versions: "0.13.",
        source: "replacements/parking_lot_0_13.rs",
        original: None,
    },
    // A program that itself depends on the detector gets the one of the facade: two would each know
    // half of the locks.
    Replacement {
        package: "lockwarden",
        versions: "",
        source: "replacements/lockwarden.rs",
        original: None,
    },
];

/// What takes the place of a package, if anything does.
pub(super) fn of(name: &str, version: &str) -> Option<Replacement> {
    REPLACEMENTS
        .into_iter()
        .find(|r| r.package == name && version.starts_with(r.versions))
}

impl Replacement {
    /// The root file, where the sources are in `folder`.
    pub(super) fn source(self, folder: &Path) -> PathBuf {
        folder.join(self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_versions_are_replaced() {
        assert!(of("lock_api", "0.4.14").is_some());
        assert!(of("lock_api", "0.5.0").is_none());
        assert!(of("parking_lot", "0.11.2").is_none());
        assert_ne!(of("parking_lot", "0.12.5"), of("parking_lot", "0.13.0"));
        assert!(of("lockwarden", "0.1.0").is_some());
        assert!(of("dashmap", "0.4.0").is_none());
    }
}
