//! The await stack of a task: where each of its `async` functions is suspended.
//!
//! While a probe polls the task, the functions between its root and the wait are on the stack of the
//! thread: that is what a stack of threads shows for threads.

use std::backtrace::Backtrace;
use std::fmt;

/// The functions that were on the stack at a wait, which are looked up when it is displayed.
pub(crate) struct AwaitStack(Backtrace);

/// How many functions are shown.
const SHOWN: usize = 12;

impl AwaitStack {
    /// Captures the stack of the calling thread: some microseconds.
    pub(crate) fn capture() -> Self {
        Self(Backtrace::force_capture())
    }

    /// The functions of the program between the wait and the root of its task, innermost first, each
    /// with its place.
    pub(crate) fn lines(&self) -> Vec<String> {
        of_text(&self.0.to_string(), false)
    }

    /// The same functions of a wait that is not of this crate, behind that of tokio which they have called, if it is one.
    pub(crate) fn lines_elsewhere(&self) -> Vec<String> {
        of_text(&self.0.to_string(), true)
    }
}

impl fmt::Debug for AwaitStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwaitStack")
    }
}

/// Parses the lines of an await stack from the text in which the standard library writes a backtrace; `with_tokio` with the
/// function of tokio that the innermost of them calls.
fn of_text(text: &str, with_tokio: bool) -> Vec<String> {
    let mut lines = Vec::new();
    let mut function = "";
    let mut of_tokio = None;
    for line in text.lines().map(str::trim) {
        if let Some(place) = line.strip_prefix("at ") {
            if is_root(place) {
                break;
            }
            let is_library = place.starts_with("/rustc/") || place.contains("/library/core/");
            if is_library || function.is_empty() {
                continue;
            }
            if with_tokio && lines.is_empty() && is_in_tokio(place) {
                of_tokio = Some(short(function).replace("tokio_original::", "tokio::"));
            } else if !is_own(function) && !is_of_source(place) {
                let line = of_package(without_column(place));
                let line = line.map(|at| format!("{} at {at}", short(function)));
                lines.extend(line.is_some().then(|| of_tokio.take()).flatten());
                lines.extend(line);
            }
            continue;
        }
        // `12: name`
        let Some((number, name)) = line.split_once(": ") else {
            continue;
        };
        if number.parse::<usize>().is_ok() {
            function = name;
            if is_own(name) && name.contains("::agent::root::") {
                break;
            }
        }
    }
    lines.extend(of_tokio);
    lines.truncate(SHOWN);
    lines
}

fn is_in_tokio(place: &str) -> bool {
    place.contains("/registry/src/") && place.contains("/tokio-1.")
}

/// The place, in a package of a registry by the name and version of that; none in tokio, whose macros and
/// combinators poll what they are given.
fn of_package(place: &str) -> Option<String> {
    let in_package = || {
        let (_, rest) = place.split_once("/registry/src/")?;
        let (package, file) = rest.split_once('/')?.1.split_once('/')?;
        Some((package.rsplit_once('-')?, file))
    };
    match in_package() {
        Some((("tokio" | "lockwarden-tokio", _), _)) => None,
        Some(((name, version), file)) => Some(format!("{name} {version}, {file}")),
        None => Some(place.to_owned()),
    }
}

/// Whether the place is in the root of a task. With the debug information of lines alone (`line-tables-only`) the
/// functions have no path, and the place tells.
fn is_root(place: &str) -> bool {
    is_of_source(place) && file_of(place).ends_with("/src/agent/root.rs")
}

/// Whether the place is in the source of this crate.
fn is_of_source(place: &str) -> bool {
    let package = |(before, _): (&str, _)| {
        let folder = before
            .rsplit('/')
            .next()?
            .strip_prefix("lockwarden-tokio")?;
        let version = folder.strip_prefix('-');
        Some(folder.is_empty() || version?.starts_with(|first: char| first.is_ascii_digit()))
    };
    file_of(place).rsplit_once("/src/").and_then(package) == Some(true)
}

fn file_of(place: &str) -> &str {
    place.split(':').next().unwrap_or_default()
}

fn is_own(function: &str) -> bool {
    let function = function.trim_start_matches('<');
    // `cargo lockwarden` compiles this crate as `tokio`, and tokio under another name.
    let own = module_path!().split("::").next().unwrap_or_default();
    let is_of = |name| {
        function
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with("::"))
    };
    is_of(own) || is_of("lockwarden") || is_of("tokio_original")
}

/// Without what the compiler adds for `async` functions and closures.
fn short(function: &str) -> String {
    function
        .replace("::{{closure}}", "")
        .replace("::{async_fn#0}", "")
        .replace("::{async_block#0}", "")
}

fn without_column(place: &str) -> &str {
    let place = place.trim_start_matches("./");
    match place.rsplit_once(':') {
        Some((rest, column)) if column.parse::<u32>().is_ok() && rest.contains(':') => rest,
        _ => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stack_ends_at_the_root_and_has_no_frames_of_libraries() {
        let text = "   0: std::backtrace::Backtrace::create\n             at /rustc/0/library/std/src/backtrace.rs:1:1\n\
                    \x20  1: lockwarden_tokio::agent::leaf::Leaf::close\n             at ./src/agent/leaf.rs:9:9\n\
                    \x20  2: app::save::{{closure}}\n             at ./src/save.rs:12:20\n\
                    \x20  3: <tokio::MaybeDone as Future>::poll\n             at /home/.cargo/registry/src/index/tokio-1.54.1/src/a.rs:3:3\n\
                    \x20  4: pool::get::{{closure}}\n             at /home/.cargo/registry/src/index/a-pool-0.3.1/src/lib.rs:8:3\n\
                    \x20  5: app::main::{{closure}}\n             at ./src/main.rs:7:5\n\
                    \x20  6: lockwarden_tokio::agent::root::run\n             at ./src/agent/root.rs:3:3\n\
                    \x20  7: app::main\n             at ./src/main.rs:6:1\n";
        assert_eq!(
            of_text(text, false),
            [
                "app::save at src/save.rs:12",
                "pool::get at a-pool 0.3.1, src/lib.rs:8",
                "app::main at src/main.rs:7"
            ]
        );
    }

    #[test]
    fn a_wait_elsewhere_is_in_the_outermost_function_of_tokio() {
        let tokio = "at /home/.cargo/registry/src/index/tokio-1.54.1/src";
        let text = format!(
            "   0: tokio_original::runtime::task::join::poll\n             {tokio}/runtime/task/join.rs:3:3\n\
             \x20  1: tokio_original::fs::read_to_string::read_to_string::{{{{closure}}}}\n             {tokio}/fs/read_to_string.rs:9:3\n"
        );
        let root =
            "   9: lockwarden_tokio::agent::root::run\n             at ./src/agent/root.rs:3:3\n";
        let own = "   2: app::save::{{closure}}\n             at ./src/save.rs:12:20\n";
        let called = "tokio::fs::read_to_string::read_to_string";
        assert_eq!(of_text(&format!("{text}{root}"), true), [called]);
        let outer = text.replace("   0:", "   3:").replace("   1:", "   4:");
        let text = format!("{text}{own}{outer}{root}");
        assert_eq!(
            of_text(&text, true),
            [called, "app::save at src/save.rs:12"]
        );
        assert_eq!(of_text(&text, false), ["app::save at src/save.rs:12"]);
    }

    #[test]
    fn the_stack_ends_at_the_root_without_the_paths_of_functions() {
        let text = "   0: close<u32>\n             at /git/lockwarden/crates/lockwarden-tokio/src/agent/leaf.rs:325:22\n\
                    \x20  1: {async_fn#0}\n             at ./src/save.rs:12:20\n\
                    \x20  1: poll<app::main::{async_block_env#0}>\n             at /registry/src/lockwarden/lockwarden-tokio-0.1.0/src/agent/root.rs:113:22\n\
                    \x20  2: app::main\n             at ./src/main.rs:6:1\n\
                    \x20  3: __libc_start_main_impl\n             at ./csu/../csu/libc-start.c:360:3\n";
        assert_eq!(of_text(text, false), ["{async_fn#0} at src/save.rs:12"]);
    }
}
