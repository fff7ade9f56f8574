//! What is said when a crate does not compile.

use std::path::Path;
use std::process::Stdio;

use super::invocation::Invocation;
use super::replacement;
use super::rustc::{Compiler, Package};
use crate::facade::Facade;

/// Says that a crate compiles without the facade and not with it, if that is so, or which of the crates that it uses
/// are replaced, since these may be the reason. An error of the crate itself needs no words beside those of the compiler.
pub(super) fn explain(
    compiler: &Compiler,
    bare_call: &Invocation,
    facade: &Facade,
    package: &Package,
) {
    let mut bare = bare_call.clone();
    bare.add_search(&facade.search);
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
        let libraries: Vec<_> = bare_call.extern_paths().collect();
        let watched = replacement::among(&libraries, facade);
        if !watched.is_empty() {
            let (names, value) = (watched.join(" and "), watched.join(","));
            eprintln!(
                "lockwarden: `{name} {version}` is compiled with the watched {names}; if it compiles without this \
                 command, leave {names} out by `--exclude {value}`"
            );
        }
    }
    let _ = std::fs::remove_dir_all(&folder);
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
