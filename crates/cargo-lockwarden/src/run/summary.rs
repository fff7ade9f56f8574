//! What the processes of a run have written about themselves.
//!
//! Each process that used a lock appends lines of JSON to one file: one at its start, one for each finding, and one at its
//! end. This module adds them up.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::project::Package;

/// The sum over all processes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Processes that used a lock and ended in order.
    pub(super) processes: u64,
    /// Those that have written no last line: their counts are missing, and their findings are not.
    pub(super) cut_short: u64,
    /// Locks, their classes, their orders and the threads, each over the whole life of its process.
    pub(super) locks: u64,
    pub(super) classes: u64,
    pub(super) orders: u64,
    pub(super) threads: u64,
    /// Tasks of async runtimes.
    pub(super) tasks: u64,
    /// Reports that were made.
    pub(super) reports: u64,
    pub(super) suppressed: u64,
    /// What was found, by first lines.
    pub(super) findings: BTreeMap<String, Found>,
    /// Lines that were not understood: they come from another version of the detector.
    pub(super) foreign: u64,
}

/// One line of a process.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Line {
    Start { pid: u32 },
    Finding(Finding),
    Summary(Totals),
}

#[derive(Debug, Deserialize)]
struct Finding {
    pid: u32,
    program: String,
    headline: String,
    text: String,
    /// The standard error that shows the text, if one does.
    stderr: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Totals {
    pid: u32,
    locks: u64,
    classes: u64,
    orders: u64,
    threads: u64,
    #[serde(default)]
    tasks: u64,
    reports: u64,
    suppressed: u64,
}

/// The findings with one first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    times: u64,
    /// A program that has made one, and its text without the stacks.
    program: String,
    text: String,
    /// The standard errors that show it.
    shown_on: Vec<String>,
}

impl Summary {
    /// Reads the file; without one, no process has used a lock.
    ///
    /// # Errors
    ///
    /// If the file is there and cannot be read.
    pub(super) fn read(path: &Path) -> Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
        }
    }

    fn parse(text: &str) -> Self {
        let mut sum = Self::default();
        // The findings of processes without a last line, by their ids.
        let mut open: BTreeMap<u32, u64> = BTreeMap::new();
        // The processes that have written a last line since their first one.
        let mut ended = BTreeSet::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str::<Line>(line) {
                Ok(Line::Start { pid }) => {
                    // The program that called `exec` had the same id.
                    sum.reports += open.insert(pid, 0).unwrap_or_default();
                    ended.remove(&pid);
                }
                Ok(Line::Finding(finding)) => {
                    *open.entry(finding.pid).or_default() += 1;
                    sum.find(finding);
                }
                Ok(Line::Summary(totals)) => {
                    open.remove(&totals.pid);
                    // A second copy of the detector in the process has written a line of its own.
                    sum.processes += u64::from(ended.insert(totals.pid));
                    sum.add(&totals);
                }
                Err(_) => sum.foreign += 1,
            }
        }
        sum.cut_short = open.len() as u64;
        sum.reports += open.values().sum::<u64>();
        sum
    }

    fn find(&mut self, finding: Finding) {
        let found = self.findings.entry(finding.headline).or_default();
        if found.times == 0 {
            found.program = finding.program;
            found.text = finding.text;
        }
        found.shown_on.extend(finding.stderr);
        found.times += 1;
    }

    fn add(&mut self, totals: &Totals) {
        self.locks += totals.locks;
        self.classes += totals.classes;
        self.orders += totals.orders;
        self.threads += totals.threads;
        self.tasks += totals.tasks;
        self.reports += totals.reports;
        self.suppressed += totals.suppressed;
    }

    /// Says what was watched, what was found and what was left out, on standard error. The texts of findings that
    /// standard error has not shown yet, since a runner or a test has kept the output of a process, come before that.
    pub(super) fn print(&self, succeeded: bool, left_out: &Path, packages: &[Package]) {
        for found in self.hidden(own_stderr().as_deref()) {
            eprintln!("{}", found.text);
        }
        eprint!("{}", self.text(succeeded, &notes(left_out, packages)));
    }

    /// The findings that were not shown on this standard error.
    fn hidden(&self, own: Option<&str>) -> impl Iterator<Item = &Found> {
        let is_shown =
            move |found: &&Found| own.is_some_and(|own| found.shown_on.iter().any(|on| on == own));
        self.findings.values().filter(move |found| !is_shown(found))
    }

    fn text(&self, succeeded: bool, left_out: &[String]) -> String {
        let mut text = String::new();
        let cut_short = format!(
            "{} that did not end in order (a signal, `abort`, `_exit`), so that the counts are missing",
            count(self.cut_short, "process", "processes")
        );
        if self.locks == 0 && self.cut_short > 0 {
            text += &format!("lockwarden: watched {cut_short}\n");
        } else if self.locks == 0 {
            text += "lockwarden: no lock was watched";
            text += match (self.processes, succeeded) {
                (0, true) => {
                    ": the programs of the run used none, or ended by a signal, `abort` or `_exit`\n"
                }
                (0, false) => {
                    ": the build or the program failed before any process that uses locks had ended in order\n"
                }
                _ => "\n",
            };
        } else {
            text += &format!(
                "lockwarden: watched {} of {} and {} in {}{}, in {}",
                count(self.locks, "lock", "locks"),
                count(self.classes, "class", "classes"),
                count(self.orders, "order", "orders"),
                count(self.threads, "thread", "threads"),
                match self.tasks {
                    0 => String::new(),
                    tasks => format!(" and {}", count(tasks, "task", "tasks")),
                },
                count(self.processes, "process", "processes"),
            );
            if self.cut_short > 0 {
                text += &format!("; and {cut_short}");
            }
            text.push('\n');
        }
        if self.reports == 0 && (self.locks > 0 || self.cut_short > 0) {
            // What is found at the end of a thread or of the process could not be.
            let so_far = if self.cut_short > 0 { " so far" } else { "" };
            text += &format!("lockwarden: nothing found{so_far}\n");
        } else if self.reports > 0 {
            text += &format!(
                "lockwarden: {}, in full above:\n",
                count(self.reports, "finding", "findings")
            );
            for (headline, found) in &self.findings {
                text += &format!("  {headline} [{}]", program_name(&found.program));
                if found.times > 1 {
                    text += &format!(" ({} times)", found.times);
                }
                text.push('\n');
            }
        }
        if self.suppressed > 0 {
            text += &format!(
                "lockwarden: {} suppressed by rules\n",
                count(self.suppressed, "finding", "findings")
            );
        }
        if !left_out.is_empty() {
            text += &format!("lockwarden: not watched: {}\n", left_out.join(", "));
        }
        if self.foreign > 0 {
            text += &format!(
                "lockwarden: {} of the summary not understood: another version of the detector is \
                 in the program\n",
                count(self.foreign, "line", "lines")
            );
        }
        text
    }
}

/// What file the standard error of this command is, in the words of the detector.
#[cfg(unix)]
fn own_stderr() -> Option<String> {
    use std::os::fd::AsFd as _;
    use std::os::unix::fs::MetadataExt as _;

    let file = fs::File::from(std::io::stderr().as_fd().try_clone_to_owned().ok()?);
    let about = file.metadata().ok()?;
    Some(format!("{}:{}", about.dev(), about.ino()))
}

/// None: here the detector writes no lines either.
#[cfg(not(unix))]
fn own_stderr() -> Option<String> {
    None
}

/// Returns a number with its noun: `1 schedule`, `20 schedules`.
pub(crate) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn program_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The crates of this build that were left out, each with the reasons of its targets.
fn notes(folder: &Path, packages: &[Package]) -> Vec<String> {
    let mut notes = BTreeSet::new();
    for file in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file_name = file.file_name().to_string_lossy().into_owned();
        for Package { name, version, .. } in packages {
            if file_name.starts_with(&format!("{name}@{version}@"))
                && let Ok(reason) = fs::read_to_string(file.path())
                // Said in the documentation, not at each run.
                && reason != crate::project::LeftOut::Foundation.reason()
            {
                notes.insert(format!("{name} {version} ({reason})"));
            }
        }
    }
    notes.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: &str = r#"{"schema":1,"kind":"start","pid":7,"program":"/t/deps/app-1"}"#;
    const FINDING: &str = r#"{"schema":1,"kind":"finding","pid":7,"program":"/t/deps/app-1","sequence":1,"verdict":"Inversion","headline":"Inversion: `a` and `b`","stderr":"5:9","text":"in full"}"#;
    const LINE: &str = r#"{"schema":1,"kind":"summary","pid":7,"program":"/t/deps/app-1","locks":3,"classes":2,"orders":1,"threads":2,"reports":1,"suppressed":0,"new":null,"findings":[{"sequence":1,"verdict":"Inversion","headline":"Inversion: `a` and `b`"}]}"#;

    #[test]
    fn processes_are_added_up() {
        let one = format!("{START}\n{FINDING}\n{LINE}\n");
        let sum = Summary::parse(&format!("{one}{one}"));
        assert_eq!((sum.processes, sum.locks, sum.reports), (2, 6, 2));
        assert_eq!(
            sum.text(true, &["x 1.0 (left out by `exclude`)".to_owned()]),
            "lockwarden: watched 6 locks of 4 classes and 2 orders in 4 threads, in 2 processes\n\
             lockwarden: 2 findings, in full above:\n  Inversion: `a` and `b` [app-1] (2 times)\n\
             lockwarden: not watched: x 1.0 (left out by `exclude`)\n"
        );
    }

    #[test]
    fn a_process_with_two_copies_of_the_detector_is_one() {
        let sum = Summary::parse(&format!("{START}\n{START}\n{LINE}\n{LINE}\n"));
        assert_eq!((sum.processes, sum.locks), (1, 6));
    }

    #[test]
    fn a_process_that_does_not_end_in_order_keeps_its_findings() {
        let sum = Summary::parse(&format!("{START}\n{FINDING}\n"));
        let ends = "that did not end in order (a signal, `abort`, `_exit`), so that the counts are missing";
        assert_eq!((sum.cut_short, sum.reports), (1, 1));
        assert_eq!(
            sum.text(false, &[]),
            format!(
                "lockwarden: watched 1 process {ends}\n\
                 lockwarden: 1 finding, in full above:\n  Inversion: `a` and `b` [app-1]\n"
            )
        );
        // One that calls `exec` is followed by another with its id.
        let sum = Summary::parse(&format!("{START}\n{FINDING}\n{START}\n{LINE}\n"));
        assert_eq!((sum.cut_short, sum.reports), (0, 2));
        // What is found at its end is missing where nothing was found before.
        let sum = Summary::parse(&format!("{START}\n"));
        assert_eq!(
            sum.text(false, &[]),
            format!("lockwarden: watched 1 process {ends}\nlockwarden: nothing found so far\n")
        );
        let silent = LINE.replace("\"reports\":1", "\"reports\":0");
        let other = START.replace("\"pid\":7", "\"pid\":8");
        let sum = Summary::parse(&format!("{other}\n{START}\n{silent}\n"));
        assert!(
            sum.text(true, &[])
                .ends_with("lockwarden: nothing found so far\n")
        );
        let sum = Summary::parse(&format!("{other}\n{START}\n{LINE}\n"));
        assert!(
            sum.text(true, &[])
                .contains(&format!("in 1 process; and 1 process {ends}\n"))
        );
    }

    #[test]
    fn what_another_standard_error_has_shown_is_hidden() {
        let sum = Summary::parse(&format!("{FINDING}\n{LINE}\n"));
        let texts = |own| -> Vec<&str> { sum.hidden(own).map(|found| &*found.text).collect() };
        assert_eq!(texts(Some("5:9")), [""; 0]);
        assert_eq!(texts(Some("5:8")), ["in full"]);
        assert_eq!(texts(None), ["in full"]);
    }

    #[test]
    fn silence_is_said_with_the_counts() {
        let line = LINE.replace("\"reports\":1", "\"reports\":0");
        let sum = Summary::parse(&line);
        assert_eq!(
            sum.text(true, &[]),
            "lockwarden: watched 3 locks of 2 classes and 1 order in 2 threads, in 1 process\n\
             lockwarden: nothing found\n"
        );
        let nothing = Summary::default();
        assert_eq!(
            nothing.text(true, &[]),
            "lockwarden: no lock was watched: the programs of the run used none, or ended by a signal, `abort` or \
             `_exit`\n"
        );
        // The build may have failed: that nothing was found would say too much.
        assert_eq!(
            nothing.text(false, &[]),
            "lockwarden: no lock was watched: the build or the program failed before any process that uses \
             locks had ended in order\n"
        );
    }

    #[test]
    fn tasks_are_counted_beside_the_threads() {
        let line = LINE.replace("\"threads\":2", "\"threads\":2,\"tasks\":5");
        let text = Summary::parse(&line).text(true, &[]);
        assert!(
            text.contains(" in 2 threads and 5 tasks, in 1 process\n"),
            "{text}"
        );
    }

    #[test]
    fn a_line_of_another_kind_is_counted_and_does_not_end_the_reading() {
        let sum = Summary::parse(&format!("not json\n{{\"kind\":\"other\"}}\n{LINE}\n"));
        assert_eq!((sum.foreign, sum.processes), (2, 1));
        assert!(
            sum.text(true, &[])
                .contains("2 lines of the summary not understood")
        );
    }
}
