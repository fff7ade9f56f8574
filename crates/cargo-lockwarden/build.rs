//! Packs the sources of the detector and of the facade into the command, so that an installed
//! command needs neither this repository nor a registry that has the crate.
//!
//! In a package from a registry, the repository is not around it: then the command takes the crates
//! of its own version from the registry.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of the repository that the command carries.
const FOLDERS: [&str; 4] = [
    "src",
    "crates/lockwarden-macros",
    "crates/lockwarden-std",
    // No part of the facade: compiled in the place of tokio.
    "crates/lockwarden-tokio/src",
];

fn main() {
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap());
    let mut files = Vec::new();
    let repository = here.join("../..");
    let has_repository = repository.join("src/lib.rs").exists()
        && repository.join("crates/lockwarden-std/src/lib.rs").exists();
    if has_repository {
        for folder in FOLDERS {
            collect(&repository, &repository.join(folder), &mut files);
        }
        let manifest = fs::read_to_string(repository.join("Cargo.toml")).unwrap();
        files.push(("Cargo.toml".to_owned(), stripped(&manifest, true)));
        println!("cargo::rerun-if-changed=../../Cargo.toml");
        let lock = repository.join("Cargo.lock");
        if let Ok(lock) = fs::read_to_string(&lock) {
            files.push(("Cargo.lock".to_owned(), lock));
        }
        println!("cargo::rerun-if-changed=../../Cargo.lock");
        for folder in FOLDERS {
            println!("cargo::rerun-if-changed=../../{folder}");
        }
    }
    collect(&here, &here.join("replacements"), &mut files);
    println!("cargo::rerun-if-changed=replacements");
    println!("cargo::rerun-if-changed=build.rs");
    files.sort();

    let mut code = format!("pub(crate) const HAS_DETECTOR: bool = {has_repository};\n");
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    code += "pub(crate) const FILES: &[(&str, &str)] = &[\n";
    for (name, text) in &files {
        for byte in name.bytes().chain(text.bytes()) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        writeln!(code, "({name:?}, {text:?}),").unwrap();
    }
    code += "];\n";
    writeln!(code, "pub(crate) const HASH: u64 = {hash:#x};").unwrap();
    fs::write(out.join("sources.rs"), code).unwrap();
}

/// The sources and manifests below `folder`, named from `root`.
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            // The tests of a crate, beside its manifest; not a module of that name.
            if name != "tests" || !folder.join("Cargo.toml").exists() {
                collect(root, &path, files);
            }
            continue;
        }
        let text = match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => fs::read_to_string(&path).unwrap(),
            Some("toml") => stripped(&fs::read_to_string(&path).unwrap(), false),
            _ => continue,
        };
        let relative = path.strip_prefix(root).unwrap();
        let relative = relative.to_string_lossy().replace('\\', "/");
        files.push((relative, text));
    }
}

/// A manifest without what only tests, benches and examples need, whose files are not packed, and without profiles.
fn stripped(manifest: &str, is_root: bool) -> String {
    let mut manifest: toml::Table = manifest.parse().unwrap();
    for key in [
        "bench",
        "bin",
        "dev-dependencies",
        "example",
        "lints",
        "profile",
        "test",
    ] {
        manifest.remove(key);
    }
    if let Some(package) = manifest
        .get_mut("package")
        .and_then(toml::Value::as_table_mut)
    {
        package.remove("readme");
        package.insert("autobenches".to_owned(), false.into());
        package.insert("autobins".to_owned(), false.into());
        package.insert("autoexamples".to_owned(), false.into());
        package.insert("autotests".to_owned(), false.into());
    }
    if let Some(targets) = manifest
        .get_mut("target")
        .and_then(toml::Value::as_table_mut)
    {
        for (_, target) in targets.iter_mut() {
            if let Some(target) = target.as_table_mut() {
                target.remove("dev-dependencies");
            }
        }
    }
    if is_root {
        let members = [
            "facade",
            "crates/lockwarden-macros",
            "crates/lockwarden-std",
        ];
        let mut workspace = toml::Table::new();
        workspace.insert(
            "members".to_owned(),
            members.map(String::from).to_vec().into(),
        );
        workspace.insert("resolver".to_owned(), "3".into());
        manifest.insert("workspace".to_owned(), workspace.into());
    }
    toml::to_string(&manifest).unwrap()
}
