//! The rows of a record, as lines of JSON.

use std::borrow::Cow;

use crate::engine::ids::Site;
use crate::engine::lists;
use crate::engine::mode::Mode;
use crate::report::{Report, Stack, ThreadInfo};
use crate::sink::{Object, now_ms};
use crate::tracking::lock::class::Class;
use crate::tracking::lock::class_key;
use crate::tracking::thread::slot::HeldLock;
use crate::variables::Variable;

/// The attribute that names the test binary, or the program.
const BINARY: &str = "binary";
/// The attribute that names the test, where a runner starts a process for each.
const TEST: &str = "test";

/// Variables of test runners and CI systems that say what a process was run for. The first one that is
/// set gives the value.
const ATTRIBUTION: [(&str, &[&str]); 7] = [
    ("runner_run", &["NEXTEST_RUN_ID"]),
    (BINARY, &["NEXTEST_BINARY_ID"]),
    (TEST, &["NEXTEST_TEST_NAME"]),
    ("attempt", &["NEXTEST_ATTEMPT"]),
    ("service", &["LOCKWARDEN_SERVICE", "OTEL_SERVICE_NAME"]),
    ("revision", &["GITHUB_SHA", "CI_COMMIT_SHA"]),
    ("ci_job", &["GITHUB_JOB", "CI_JOB_ID", "BUILD_ID"]),
];

/// The data that every edge and finding of a process carries, so that a row can be read by itself.
#[derive(Debug)]
pub(super) struct Run {
    /// Unique among the processes whose records are merged.
    pub(super) id: String,
    /// The attributes from the environment: read once, since the child of a fork may find the
    /// environment locked.
    attributes: Vec<(&'static str, String)>,
}

impl Run {
    pub(super) fn of_process() -> Self {
        let mut attributes: Vec<(&'static str, String)> = Vec::new();
        for (key, names) in &ATTRIBUTION {
            for name in *names {
                let value = std::env::var(name).unwrap_or_default();
                if !value.is_empty() {
                    attributes.push((*key, value));
                    break;
                }
            }
        }
        if let Some(program) = program() {
            if !attributes.iter().any(|(key, _)| *key == BINARY) {
                attributes.push((BINARY, program.clone()));
            }
            attributes.push(("program", program));
        }
        let settings = without_files(&Variable::Config.text());
        if !settings.is_empty() {
            attributes.push(("settings", settings));
        }
        Self {
            id: new_id(),
            attributes,
        }
    }

    /// The run of a child that this one forked.
    pub(super) fn of_child(&self) -> Self {
        Self {
            id: new_id(),
            attributes: self.attributes.clone(),
        }
    }

    /// The first line of a file; `parent` is the run of the process that forked this one.
    pub(super) fn row(&self, parent: Option<&str>) -> String {
        let mut row = Object::row("run");
        row.text("run", &self.id)
            .text_if("parent", parent)
            .number("pid", u64::from(std::process::id()))
            .number("started_ms", now_ms())
            .text("lockwarden", env!("CARGO_PKG_VERSION"))
            .text("os", std::env::consts::OS)
            .text("arch", std::env::consts::ARCH);
        for (key, value) in &self.attributes {
            row.text(key, value);
        }
        row.line()
    }

    /// Returns the line of a row, with what says of which run it is.
    pub(super) fn line(&self, mut row: Object) -> String {
        row.text("run", &self.id)
            .text_if(TEST, self.attribute(TEST))
            .text_if(BINARY, self.attribute(BINARY));
        row.line()
    }

    fn attribute(&self, key: &str) -> Option<&str> {
        let attribute = self.attributes.iter().find(|(at, _)| *at == key);
        attribute.map(|(_, value)| value.as_str())
    }
}

fn new_id() -> String {
    format!("{:x}-{:x}", now_ms(), std::process::id())
}

/// The file name of the executable, without the directory and the hash that cargo adds to it.
fn program() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let is_hash = |hash: &str| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    match name.rsplit_once('-') {
        Some((stem, hash)) if is_hash(hash) => Some(stem.to_owned()),
        _ => Some(name),
    }
}

/// The key of a class, with its content.
pub(super) fn key_of(class: &Class) -> Cow<'static, str> {
    class_key::in_full(class.name, class.place, class.content)
}

pub(super) fn class(class: &Class) -> String {
    let mut row = Object::row("class");
    row.text("class", &key_of(class))
        .text("kind", class.kind.noun())
        .text_if("name", class.name)
        .text("site", &class_key::of_site(class.place));
    row.line()
}

/// One acquisition under another lock, for the record.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    /// The locks that the calling thread holds.
    pub(crate) held: &'a [HeldLock],
    /// The place of the one among them that the edge leads from.
    pub(crate) at: usize,
    pub(crate) to: &'static Class,
    pub(crate) to_mode: Mode,
    pub(crate) to_site: Site,
    pub(crate) thread: &'a str,
}

/// One acquired-before edge between two classes.
#[derive(Debug, Hash)]
pub(crate) struct EdgeRow {
    pub(crate) from: Cow<'static, str>,
    pub(crate) from_mode: Mode,
    pub(crate) from_site: String,
    pub(crate) to: Cow<'static, str>,
    pub(crate) to_mode: Mode,
    pub(crate) to_site: String,
    /// The classes of the other locks that the thread held, sorted, each once.
    pub(crate) gates: Vec<String>,
    /// The name of the thread without a trailing number.
    pub(crate) role: String,
}

impl EdgeRow {
    /// The edge of an acquisition, with keys that are the same on every machine.
    pub(super) fn of(taken: &Taken<'_>) -> Self {
        let mut gates = Vec::new();
        for (place, held) in taken.held.iter().enumerate() {
            if place != taken.at {
                lists::insert(&mut gates, key_of(held.ident().class()).into_owned());
            }
        }
        let from = &taken.held[taken.at];
        Self {
            from: key_of(from.ident().class()),
            from_mode: from.mode,
            from_site: class_key::of_site(from.site),
            to: key_of(taken.to),
            to_mode: taken.to_mode,
            to_site: class_key::of_site(taken.to_site),
            gates,
            role: role(taken.thread).to_owned(),
        }
    }

    pub(super) fn line(&self, run: &Run, thread: &str, stack: Option<&[String]>) -> String {
        let mut row = Object::row("edge");
        row.text("from", &self.from)
            .text("from_mode", self.from_mode.name())
            .text("from_site", &self.from_site)
            .text("to", &self.to)
            .text("to_mode", self.to_mode.name())
            .text("to_site", &self.to_site)
            .texts("gates", &self.gates)
            .text("role", &self.role)
            .text("thread", thread)
            .number("seen_ms", now_ms());
        if let Some(stack) = stack {
            row.texts("stack", stack);
        }
        run.line(row)
    }
}

/// The functions in which the calling thread is, which takes a lock at `site`: the innermost first, with paths that hold
/// no directory of a machine.
pub(super) fn stack_here(site: Site) -> Vec<String> {
    let stack = Stack::capture();
    // Debug information has whole paths; the compiler has given the site one that is relative to the workspace.
    let mut files = stack.places().filter_map(|frame| frame.file);
    let root = files.find_map(|file| file.strip_suffix(site.file()));
    let mut frames = Vec::new();
    for frame in stack.places() {
        let function = frame.function.unwrap_or("?");
        frames.push(match (frame.file, frame.line) {
            (Some(file), Some(line)) => {
                let inside = root.and_then(|root| file.strip_prefix(root));
                let path = class_key::of_path(inside.unwrap_or(file));
                format!("{function} at {path}:{line}")
            }
            _ => function.to_owned(),
        });
    }
    frames
}

/// The name of a thread without the number at its end: `worker 3` and `worker-17` have one role.
pub(super) fn role(thread: &str) -> &str {
    let role = thread.trim_end_matches(|c: char| c.is_ascii_digit());
    let role = role.trim_end_matches([' ', '-', '_', '#', ':', '.']);
    if role.is_empty() { thread } else { role }
}

/// A report: the verdict and the edges of its cycle.
pub(super) fn finding(run: &Run, report: &Report) -> String {
    let mut edges = Vec::new();
    for edge in &report.edges {
        let thread = report.thread(edge.thread);
        let mut part = Object::new();
        part.text("from", &report.key_of(edge.from))
            .text("from_mode", edge.from_mode.name())
            .text("from_site", &class_key::of_site(edge.from_site))
            .text("to", &report.key_of(edge.to))
            .text("to_mode", edge.to_mode.name())
            .text("to_site", &class_key::of_site(edge.to_site))
            .text_if("thread", thread.map(name_of).as_deref());
        edges.push(part);
    }
    let paths = paths_of(report);
    let neutral = |text: &str| {
        let mut text = text.to_owned();
        for file in &paths {
            text = text.replace(*file, &class_key::of_path(file));
        }
        text
    };
    let mut row = Object::row("finding");
    row.text("verdict", report.verdict.name())
        .text("basis", report.basis.name())
        .text("headline", &neutral(&report.headline()))
        .text("reason", &neutral(&report.reason))
        .text_if(
            "suggestion",
            report.suggestion.as_deref().map(neutral).as_deref(),
        )
        .objects("edges", &edges)
        .number("seen_ms", now_ms());
    run.line(row)
}

/// The name of a thread or, without one, its number in the process, as the suggestion has it.
fn name_of(thread: &ThreadInfo) -> Cow<'_, str> {
    match &thread.name {
        Some(name) => Cow::Borrowed(name),
        None => Cow::Owned(format!("#{}", thread.id.get())),
    }
}

/// The files of a report whose paths hold a directory of a machine, sorted.
fn paths_of(report: &Report) -> Vec<&'static str> {
    let mut paths = Vec::new();
    let mut add = |site: Site| {
        let file = site.file();
        if class_key::of_path(file) != file {
            lists::insert(&mut paths, file);
        }
    };
    for edge in &report.edges {
        add(edge.from_site);
        add(edge.to_site);
    }
    for lock in &report.locks {
        add(lock.created);
    }
    for thread in &report.threads {
        for held in &thread.held {
            add(held.site);
        }
        if let Some(wait) = &thread.waits {
            add(wait.site);
        }
    }
    paths
}

pub(super) fn full(limit: u64) -> String {
    let mut row = Object::row("full");
    row.number("limit_bytes", limit);
    row.line()
}

pub(super) fn end(run: &Run, rows: u64, status: &str) -> String {
    let mut row = Object::row("end");
    row.number("rows", rows)
        .text("status", status)
        .number("seen_ms", now_ms());
    run.line(row)
}

/// The parts of `LOCKWARDEN`, with `FILE` for each file: a record holds no directory of a machine.
fn without_files(settings: &str) -> String {
    let mut kept = String::new();
    for part in settings.split([',', ';']) {
        if !kept.is_empty() {
            kept.push(',');
        }
        let part = part.trim();
        let (key, value) = part.split_once('=').unwrap_or(("", part));
        let is_switch = ["0", "1", "on", "off"].contains(&value);
        match key.trim() {
            key @ ("summary" | "json") if !is_switch => {
                kept.push_str(key);
                kept.push_str("=FILE");
            }
            // Not understood: the rest of a path with a comma, say.
            _ if part.contains(['/', '\\']) => kept.push_str("FILE"),
            _ => kept.push_str(part),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_no_file() {
        for (settings, expected) in [
            ("summary=rel.json;json=/a/b", "summary=FILE,json=FILE"),
            ("summary=1, exit=100", "summary=1,exit=100"),
            ("/home/me/lw.json", "FILE"),
            ("summary=/home/me/a,b/c.json", "summary=FILE,FILE"),
        ] {
            assert_eq!(without_files(settings), expected);
        }
    }

    #[test]
    fn threads_that_differ_by_a_number_have_one_role() {
        for (thread, expected) in [
            ("worker 3", "worker"),
            ("worker-17", "worker"),
            ("io", "io"),
            ("42", "42"),
            ("pool::worker #9", "pool::worker"),
        ] {
            assert_eq!(role(thread), expected);
        }
    }
}
