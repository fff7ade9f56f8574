//! What is said when a crate does not compile.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::dep_info;
use super::invocation::Invocation;
use super::rustc::{Compiler, Package, is_replaced};

/// The end of the path of what is compiled in the place of crossbeam-channel.
const CHANNEL: &str = "replacements/crossbeam_channel.rs";

/// Says that a crate compiles without the facade and not with it, if that is so, or that the watched tokio or
/// crossbeam-channel may be the reason, if the crate uses it. An error of the crate itself needs no words beside those
/// of the compiler.
pub(super) fn explain(
    compiler: &Compiler,
    bare_call: &Invocation,
    search: &[PathBuf],
    package: &Package,
) {
    let mut bare = bare_call.clone();
    bare.add_search(search);
    let folder = std::env::temp_dir().join(format!("lockwarden-bare-{}", std::process::id()));
    if std::fs::create_dir_all(&folder).is_err() {
        return;
    }
    let Package { name, version } = package;
    if compiles(compiler, &bare, &folder) {
        eprintln!(
            "lockwarden: `{name} {version}` does not compile with the watched standard library, and \
             does without: leave it out by `--exclude {name}`, or by `exclude = [\"{name}\"]` in \
             `.config/lockwarden.toml`"
        );
    } else {
        // It cannot be compiled with the originals: what it depends on was compiled with the replacements.
        for watched in watched_dependencies(bare_call) {
            eprintln!(
                "lockwarden: `{name} {version}` is compiled with the watched {watched}; if it compiles without this \
                 command, leave {watched} out by `--exclude {watched}`"
            );
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// The packages without whose replacements the crate may compile.
fn watched_dependencies(call: &Invocation) -> impl Iterator<Item = &'static str> {
    let is_channel = |library: PathBuf| dep_info::of_library(&library).contains(CHANNEL);
    let has_channel = call.extern_paths().any(is_channel);
    [
        ("tokio", is_replaced("tokio", call)),
        ("crossbeam-channel", has_channel),
    ]
    .into_iter()
    .filter_map(|(name, is_watched)| is_watched.then_some(name))
}

/// Whether the crate is compiled and linked as it is; its files go to `folder`. A library that the linker does not
/// find is missing in both cases.
fn compiles(compiler: &Compiler, bare: &Invocation, folder: &Path) -> bool {
    let call = bare.with_value("--out-dir", folder);
    compiler
        .command(&call)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
