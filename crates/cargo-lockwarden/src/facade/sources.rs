//! The sources that the command carries, and the manifest that joins them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// Stands for all sources and for what [`write()`] makes of them.
pub(crate) const VERSION: u64 = HASH;

/// The folder of the package `lockwarden-tokio` among the sources.
pub(super) const TOKIO: &str = "crates/lockwarden-tokio";

/// Writes everything below `folder`, with the given features of `lockwarden` and of the facade.
///
/// # Errors
///
/// If a file cannot be written.
pub(crate) fn write(
    folder: &Path,
    features: &BTreeSet<String>,
    facade_features: &BTreeSet<String>,
) -> io::Result<()> {
    for (name, text) in FILES {
        put(&folder.join(name), text)?;
    }
    put(
        &folder.join("facade/Cargo.toml"),
        &manifest(features, facade_features),
    )?;
    put(
        &folder.join("facade/src/lib.rs"),
        "pub use lockwarden;\npub use lockwarden_std;\n",
    )
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::write(path, text)
}

/// The manifest of a package that does nothing but depend on what is needed.
fn manifest(features: &BTreeSet<String>, facade_features: &BTreeSet<String>) -> String {
    let mut manifest = String::from(
        "[package]\nname = \"lockwarden-facade\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         publish = false\n\n[dependencies]\n",
    );
    let list = |features: &BTreeSet<String>| {
        let quoted: Vec<String> = features
            .iter()
            .map(|feature| format!("{feature:?}"))
            .collect();
        quoted.join(", ")
    };
    let (features, facade_features) = (list(features), list(facade_features));
    let version = env!("CARGO_PKG_VERSION");
    let (lockwarden, facade) = if HAS_DETECTOR {
        ("path = \"..\"", "path = \"../crates/lockwarden-std\"")
    } else {
        manifest.insert_str(0, "[workspace]\n\n");
        ("", "")
    };
    let comma = if HAS_DETECTOR { ", " } else { "" };
    let _ = writeln!(
        manifest,
        "lockwarden = {{ version = \"={version}\"{comma}{lockwarden}, features = [{features}] }}\n\
         lockwarden-std = {{ version = \"={version}\"{comma}{facade}, features = [{facade_features}] }}"
    );
    if !HAS_DETECTOR {
        // Cargo fetches its sources so; what it builds of them is not used.
        let _ = writeln!(manifest, "lockwarden-tokio = \"={version}\"");
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_carries_the_detector_the_facade_and_the_replacements() {
        let names: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        for name in [
            "Cargo.toml",
            "src/lib.rs",
            "crates/lockwarden-std/src/lib.rs",
            "crates/lockwarden-macros/Cargo.toml",
            "crates/lockwarden-tokio/src/lib.rs",
        ] {
            assert!(names.contains(&name), "{names:?}");
        }
    }

    #[test]
    fn the_manifest_names_the_features() {
        let features = BTreeSet::from(["always".to_owned(), "channel".to_owned()]);
        let facade_features = BTreeSet::from(["atomics".to_owned()]);
        let manifest: toml::Table = manifest(&features, &facade_features).parse().unwrap();
        let lockwarden = &manifest["dependencies"]["lockwarden"];
        assert_eq!(lockwarden["features"].as_array().unwrap().len(), 2);
        let facade = &manifest["dependencies"]["lockwarden-std"];
        assert_eq!(facade["features"][0].as_str(), Some("atomics"));
    }
}
