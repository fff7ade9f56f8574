//! What is said when a crate does not compile.

use std::path::Path;
use std::process::{Output, Stdio};

use serde::Deserialize;

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
    match compile(compiler, &bare, &folder) {
        Some(output) if output.status.success() => eprintln!(
            "lockwarden: `{name} {version}` does not compile with the watched standard library, and \
             does without: leave it out by `--exclude {name}`, or by `exclude = [\"{name}\"]` in \
             `.config/lockwarden.toml`"
        ),
        Some(output) => {
            // It cannot be compiled with the originals: what it depends on was compiled with the replacements.
            let libraries: Vec<_> = bare_call.extern_paths().collect();
            let mut watched = replacement::among(&libraries, facade);
            let errors = errors(&String::from_utf8_lossy(&output.stderr));
            watched.retain(|name| errors.iter().any(|error| error.may_be_of(name)));
            if !watched.is_empty() {
                let (names, value) = (watched.join(" and "), watched.join(","));
                eprintln!(
                    "lockwarden: `{name} {version}` is compiled with the watched {names}; if it compiles without this \
                     command, leave {names} out by `--exclude {value}`"
                );
            }
        }
        None => {}
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// Compiles and links the crate as it is; its files go to `folder`. A library that the linker does not find is missing in
/// both cases. `None` if the compiler cannot be started.
fn compile(compiler: &Compiler, bare: &Invocation, folder: &Path) -> Option<Output> {
    let call = bare.with_value("--out-dir", folder);
    let mut command = compiler.command(&call);
    command.stdin(Stdio::null()).output().ok()
}

/// An error of the compiler, as `--error-format=json` writes it.
#[derive(Debug, Deserialize)]
struct Diagnostic {
    level: String,
    code: Option<Code>,
    /// The text that the user sees, with the lines of the source.
    #[serde(default)]
    rendered: String,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
}

#[derive(Debug, Deserialize)]
struct Span {
    file_name: String,
}

/// The errors among the messages of a compiler.
fn errors(messages: &str) -> Vec<Diagnostic> {
    let mut errors = Vec::new();
    for line in messages.lines() {
        if let Ok(message) = serde_json::from_str::<Diagnostic>(line)
            && message.level == "error"
        {
            errors.push(message);
        }
    }
    errors
}

/// Errors about a name: they quote the path in which it is not found.
const OF_NAMES: [&str; 6] = ["E0405", "E0412", "E0425", "E0432", "E0433", "E0583"];

impl Diagnostic {
    /// Whether the replacement of a package may be the reason. Messages about types and constants do not always say where
    /// these come from; then the file that has the error says whether it uses the package.
    fn may_be_of(&self, package: &str) -> bool {
        // `rayon` hands on what `rayon-core` has, and `crossbeam` the channels.
        let library = package.split('-').next().unwrap_or(package);
        let is_of_types = |code: &Code| !OF_NAMES.contains(&code.code.as_str());
        let names_it = |span: &Span| {
            std::fs::read_to_string(&span.file_name).is_ok_and(|text| text.contains(library))
        };
        self.rendered.contains(library)
            || (self.code.as_ref().is_some_and(is_of_types) && self.spans.iter().any(names_it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error in this file, which names `tokio`.
    fn error(code: &str, rendered: &str) -> Diagnostic {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/wrapper/failure.rs");
        let code = match code {
            "" => "null".to_owned(),
            code => format!(r#"{{"code":"{code}","explanation":null}}"#),
        };
        let text = format!(
            r#"{{"$message_type":"diagnostic","message":"m","code":{code},"level":"error","spans":[{{"file_name":"{file}"}}],"children":[],"rendered":"{rendered}"}}"#
        );
        let warning = text.replace(r#""level":"error""#, r#""level":"warning""#);
        let mut all = errors(&format!("{warning}\n{text}\nerror: no message\n"));
        assert_eq!(all.len(), 1);
        all.remove(0)
    }

    #[test]
    fn an_error_that_has_nothing_to_do_with_a_replaced_crate_is_not_laid_to_it() {
        let typed = error(
            "E0599",
            "no method named `lock_all` found for struct `Mutex`",
        );
        assert!(typed.may_be_of("tokio") && !typed.may_be_of(&["spin", "ning"].concat()));
        let missing = error("E0583", "file not found for module `a`");
        assert!(!missing.may_be_of("tokio"));
        let unknown = error("E0433", "cannot find `Missing` in `crossbeam_channel`");
        assert!(unknown.may_be_of("crossbeam-channel") && !unknown.may_be_of("tokio"));
        assert!(!error("", "expected one of `!` or `::`").may_be_of("tokio"));
    }
}
