//! Builds the facade with the project's own toolchain, and finds it again.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use serde::{Deserialize, Serialize};

use super::hash::Hash;
use super::sources;
use crate::project::{Project, Toolchain};
use crate::variables;

/// A built facade: what rustc is given.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Facade {
    /// The library that takes the place of std.
    pub(crate) std: PathBuf,
    /// The detector, and what the sources that take the place of crates use beside it, by the names of the crates.
    pub(crate) crates: BTreeMap<String, PathBuf>,
    /// The folders in which what these depend on is found.
    pub(crate) search: Vec<PathBuf>,
    /// The folder of the sources.
    pub(crate) sources: PathBuf,
    /// The folder of the package `lockwarden-tokio`, of which nothing is built before a program uses tokio.
    pub(crate) tokio: PathBuf,
}

/// The file of a facade that is locked while it is built.
const LOCK: &str = "lock";

/// Features that the detector has in any case: it is on whatever the profile is, and has what takes the place of
/// `crossbeam-channel`.
const FEATURES: [&str; 2] = ["always", "channel"];

/// Where facades are kept: `LOCKWARDEN_CACHE`, else a folder in cargo's home.
///
/// # Errors
///
/// If there is no home.
pub(crate) fn cache_folder() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os(variables::CACHE).filter(|folder| !folder.is_empty()) {
        // Cargo and the compiler run in other folders.
        return std::path::absolute(folder).context("the current folder cannot be read");
    }
    let home = home::cargo_home().context("cargo's home is not known: set LOCKWARDEN_CACHE")?;
    Ok(home.join("lockwarden"))
}

/// The features of the detector for a project.
fn features(project: &Project) -> BTreeSet<String> {
    let asked = project.lockwarden_features.iter().cloned();
    asked.chain(FEATURES.map(str::to_owned)).collect()
}

/// The folder of the facade for one triple.
fn folder(project: &Project, triple: &str) -> Result<PathBuf> {
    let Toolchain { version, .. } = &project.toolchain;
    let mut hash = Hash::new()
        .with(sources::VERSION.to_le_bytes())
        .with(flags())
        .with(version)
        .with(triple);
    for feature in features(project).iter().chain(&project.facade_features) {
        hash = hash.with(feature);
    }
    Ok(cache_folder()?.join(hash.to_string()))
}

/// The facade for `triple`, if it was built before.
///
/// # Errors
///
/// If there is no folder to keep it in.
pub(crate) fn built(project: &Project, triple: &str) -> Result<Option<Facade>> {
    Ok(read(&folder(project, triple)?))
}

/// Removes what was built for any toolchain, target and version, and returns how many there were. One that is
/// being built now stays.
///
/// # Errors
///
/// If a file cannot be removed.
pub(crate) fn remove_all() -> Result<usize> {
    let Ok(entries) = fs::read_dir(cache_folder()?) else {
        return Ok(0);
    };
    let mut removed = 0;
    for folder in entries.flatten().map(|entry| entry.path()) {
        // Another folder has no such file, and is none of ours.
        let Ok(lock) = File::open(folder.join(LOCK)) else {
            continue;
        };
        if lock.try_lock().is_ok() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("{} cannot be removed", folder.display()))?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn read(folder: &Path) -> Option<Facade> {
    let text = fs::read_to_string(folder.join("facade.json")).ok()?;
    let facade: Facade = serde_json::from_str(&text).ok()?;
    let is_there = |library: &PathBuf| library.exists();
    (is_there(&facade.std) && facade.crates.values().all(is_there)).then_some(facade)
}

/// The facade for `triple`; builds it the first time, with rustc behind `wrapper`.
///
/// # Errors
///
/// If it cannot be built: the target is not installed, a dependency cannot be had offline, the disk
/// is full.
pub(crate) fn ensure(
    project: &Project,
    triple: &str,
    offline: bool,
    wrapper: Option<&OsString>,
) -> Result<Facade> {
    let folder = folder(project, triple)?;
    if let Some(facade) = read(&folder) {
        return Ok(facade);
    }
    fs::create_dir_all(&folder).with_context(|| {
        format!(
            "{} cannot be made ({} names another folder for the detector)",
            folder.display(),
            variables::CACHE
        )
    })?;
    // Two commands at once build it once.
    let lock = File::create(folder.join(LOCK))
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    lock.lock().context("the facade cannot be locked")?;
    if let Some(facade) = read(&folder) {
        return Ok(facade);
    }
    eprintln!(
        "lockwarden: building the detector for {triple} with {}, once for this toolchain",
        project.toolchain.headline()
    );
    let facade = build(project, triple, &folder, offline, wrapper)?;
    let text = serde_json::to_string_pretty(&facade)?;
    fs::write(folder.join("facade.json"), text)
        .with_context(|| format!("{} cannot be written", folder.display()))?;
    Ok(facade)
}

/// Variables of cargo by which the caller's build would change this one.
const FOREIGN: [&str; 11] = [
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_TARGET_DIR",
    "RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    variables::PLAN,
];

fn build(
    project: &Project,
    triple: &str,
    folder: &Path,
    offline: bool,
    wrapper: Option<&OsString>,
) -> Result<Facade> {
    let root = folder.join("sources");
    sources::write(&root, &features(project), &project.facade_features).with_context(|| {
        format!(
            "the sources of the detector cannot be written to {} ({} names another folder)",
            root.display(),
            variables::CACHE
        )
    })?;
    let target_dir = folder.join("target");
    let mut cargo = release_build(&root, &target_dir, triple);
    // The configuration of the project says where crates come from.
    cargo.current_dir(&project.root);
    if let Some(rustc) = &project.config.rustc {
        cargo.env("RUSTC", rustc);
    }
    if let Some(wrapper) = wrapper {
        cargo.env("RUSTC_WRAPPER", wrapper);
    }
    if offline {
        cargo.arg("--offline");
    }
    let mut child = cargo.spawn().context("cargo cannot be started")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut found = Found::default();
    for message in Message::parse_stream(BufReader::new(output)) {
        if let Message::CompilerArtifact(artifact) = message? {
            found.take(&artifact, &target_dir.join(triple));
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!(
            "the detector cannot be built for {triple} ({status}): cargo says above why. {}. Where the disk of {} is \
             full, {} names another folder",
            fetching(offline),
            folder.display(),
            variables::CACHE
        );
    }
    let Found { std, crates, tokio } = found;
    let (Some(std), true) = (std, crates.contains_key("lockwarden")) else {
        bail!("cargo has built the detector for {triple}, and names no library");
    };
    Ok(Facade {
        std,
        crates,
        search: vec![
            target_dir.join(triple).join("release/deps"),
            // Macros run in the compiler.
            target_dir.join("release/deps"),
        ],
        tokio: tokio.unwrap_or_else(|| root.join(sources::TOKIO)),
        sources: root,
    })
}

/// What to do where cargo cannot have the crates that the detector is built from.
fn fetching(offline: bool) -> &'static str {
    match offline {
        true => {
            "Where a crate is missing, run `cargo lockwarden build` once without `--offline` or `--frozen`, which \
             fetches what the detector is built from"
        }
        false => {
            "Where a crate is missing, since the project replaces its sources (a vendored folder, a mirror) or there is \
             no network, run `cargo lockwarden build` once in a project whose crates come from their registry: what it \
             builds is used for all projects of this toolchain"
        }
    }
}

/// The call that builds the manifest in `root` alike whatever the caller's build is configured to do.
fn release_build(root: &Path, target_dir: &Path, triple: &str) -> Command {
    let mut cargo = Command::new(cargo());
    for variable in FOREIGN {
        cargo.env_remove(variable);
    }
    cargo
        .args([
            "build",
            "--release",
            "--message-format=json-render-diagnostics",
        ])
        .arg("--manifest-path")
        .arg(root.join("facade/Cargo.toml"))
        .args(["--target", triple, "--target-dir"])
        .arg(target_dir)
        // The libraries are looked up there, also where a file says `build.build-dir`.
        .env("CARGO_BUILD_BUILD_DIR", target_dir)
        .env("CARGO_ENCODED_RUSTFLAGS", flags())
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3")
        // Each program would be linked with it, half of a small test. Reports leave out the detector's own frames, and
        // know them by the names of the functions, which are symbols.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "none")
        .env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "false")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_PANIC", "unwind")
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    cargo
}

/// The options of rustc, in the form of `CARGO_ENCODED_RUSTFLAGS`.
fn flags() -> String {
    // Cargo gives the path of the detector's sources from the root of their workspace on, as it does that of a project's
    // own package. A lock that is made in the folder `src/sync` of the project would be taken for one that the detector
    // has made: so the detector is called as in cargo's home.
    let version = env!("CARGO_PKG_VERSION");
    let names =
        format!("--remap-path-prefix=src=/registry/src/lockwarden/lockwarden-{version}/src");
    [
        // The program may have the same crates in the same versions: these are others.
        "-Cmetadata=lockwarden-facade",
        // It may be linked with LTO.
        "-Cembed-bitcode=yes",
        // Lints are silent in a way that leaves the warnings by which cargo learns that a target has no dynamic
        // libraries: `--cap-lints=allow` does not.
        "--cap-lints=warn",
        "-Awarnings",
        &names,
    ]
    .join("\u{1f}")
}

/// The libraries that cargo has named.
#[derive(Debug, Default)]
struct Found {
    std: Option<PathBuf>,
    crates: BTreeMap<String, PathBuf>,
    /// The package `lockwarden-tokio`, where the sources come from a registry.
    tokio: Option<PathBuf>,
}

/// Crates of the facade that the sources which take the place of others use.
const CRATES: [&str; 3] = ["lockwarden", "parking_lot", "libc"];

impl Found {
    /// Takes a library below `folder`; what runs in the compiler is elsewhere.
    fn take(&mut self, artifact: &cargo_metadata::Artifact, folder: &Path) {
        let name = artifact.target.name.as_str();
        let library = artifact
            .filenames
            .iter()
            .find(|file| file.extension() == Some("rlib") && file.starts_with(folder));
        let Some(library) = library.map(|file| PathBuf::from(file.clone())) else {
            return;
        };
        if name == "lockwarden_std" {
            self.std = Some(library);
        } else if name == "lockwarden_tokio" {
            let root = artifact.target.src_path.ancestors().nth(2);
            self.tokio = root.map(|folder| folder.to_owned().into());
        } else if CRATES.contains(&name) {
            self.crates.insert(name.to_owned(), library);
        }
    }
}

/// The cargo that has started this command.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libraries_are_built_where_they_are_looked_up() {
        let target_dir = Path::new("/cache/target");
        let call = release_build(Path::new("/cache/sources"), target_dir, "t");
        let mut variables = call.get_envs();
        // It goes before `build.build-dir` of a file.
        let build_dir = variables.find(|(name, _)| *name == "CARGO_BUILD_BUILD_DIR");
        assert_eq!(build_dir.unwrap().1, Some(target_dir.as_os_str()));
        let debug = variables.find(|(name, _)| *name == "CARGO_PROFILE_RELEASE_DEBUG");
        assert_eq!(debug.unwrap().1, Some("none".as_ref()));
    }

    #[test]
    fn the_detectors_sources_have_no_path_of_a_projects_own() {
        let call = release_build(Path::new("/sources"), Path::new("/target"), "t");
        let flags = call
            .get_envs()
            .find(|(name, _)| *name == "CARGO_ENCODED_RUSTFLAGS")
            .and_then(|(_, value)| value?.to_str())
            .unwrap();
        let names = flags
            .split('\u{1f}')
            .find_map(|flag| flag.strip_prefix("--remap-path-prefix="));
        let (from, to) = names.unwrap().split_once('=').unwrap();
        assert_eq!(from, "src");
        assert!(to.starts_with('/') && to.ends_with("/src"), "{to}");
    }

    #[test]
    fn cargo_accepts_the_options_for_a_target_without_dynamic_libraries() {
        let triple = "x86_64-unknown-linux-musl";
        let call = release_build(Path::new("/sources"), Path::new("/target"), triple);
        let flags = call
            .get_envs()
            .find(|(name, _)| *name == "CARGO_ENCODED_RUSTFLAGS")
            .and_then(|(_, value)| value);
        // It asks the compiler what a build would ask first, for which the target need not be installed.
        let output = Command::new(cargo())
            .args(["metadata", "--format-version", "1", "--offline"])
            .args(["--filter-platform", triple, "--manifest-path"])
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .env_remove("RUSTFLAGS")
            .env("CARGO_ENCODED_RUSTFLAGS", flags.unwrap())
            .output()
            .unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
    }
}
