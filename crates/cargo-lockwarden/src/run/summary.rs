//! What the processes of a run have written at their ends.
//!
//! Each process that used a lock appends one line of JSON to one file; this module adds them up.

use std::collections::BTreeMap;
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
    /// Locks, their classes, their orders and the threads, each over the whole life of its process.
    pub(super) locks: u64,
    pub(super) classes: u64,
    pub(super) orders: u64,
    pub(super) threads: u64,
    /// Reports that were made.
    pub(super) reports: u64,
    pub(super) suppressed: u64,
    /// What was found, by first lines.
    pub(super) findings: BTreeMap<String, Found>,
    /// Lines that were not understood: they come from another version of the detector.
    pub(super) foreign: u64,
}

/// The line of one process.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    kind: String,
    program: String,
    locks: u64,
    classes: u64,
    orders: u64,
    threads: u64,
    reports: u64,
    suppressed: u64,
    findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    headline: String,
    #[serde(default)]
    text: String,
}

/// The findings with one first line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    times: u64,
    /// A program that has made one, and its text without the stacks.
    program: String,
    text: String,
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
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str::<Line>(line) {
                Ok(line) if line.kind == "summary" => sum.add(line),
                _ => sum.foreign += 1,
            }
        }
        sum
    }

    fn add(&mut self, line: Line) {
        self.processes += 1;
        self.locks += line.locks;
        self.classes += line.classes;
        self.orders += line.orders;
        self.threads += line.threads;
        self.reports += line.reports;
        self.suppressed += line.suppressed;
        for finding in line.findings {
            let found = self.findings.entry(finding.headline).or_default();
            if found.times == 0 {
                found.program.clone_from(&line.program);
                found.text = finding.text;
            }
            found.times += 1;
        }
    }

    /// Says what was watched, what was found and what was left out, on standard error.
    ///
    /// With `in_full`, for a runner that hides what programs print, the texts of the findings come before that.
    pub(super) fn print(
        &self,
        in_full: bool,
        succeeded: bool,
        left_out: &Path,
        packages: &[Package],
    ) {
        if in_full {
            for found in self.findings.values() {
                eprintln!("{}", found.text);
            }
        }
        eprint!("{}", self.text(succeeded, &notes(left_out, packages)));
    }

    fn text(&self, succeeded: bool, left_out: &[String]) -> String {
        let mut text = String::new();
        if self.locks == 0 {
            text += "lockwarden: no lock was watched";
            text += match (self.processes, succeeded) {
                (0, true) => {
                    ": the programs of the run used none, or ended by a signal, `abort` or `_exit`\n"
                }
                (0, false) => {
                    ": cargo, or the program, failed before a process with one ended in order\n"
                }
                _ => "\n",
            };
        } else {
            text += &format!(
                "lockwarden: watched {} of {} and {} in {}, in {}\n",
                count(self.locks, "lock", "locks"),
                count(self.classes, "class", "classes"),
                count(self.orders, "order", "orders"),
                count(self.threads, "thread", "threads"),
                count(self.processes, "process", "processes"),
            );
        }
        if self.reports == 0 && self.locks > 0 {
            text += "lockwarden: nothing found\n";
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

fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn program_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The crates of this build that were left out, each with the reason.
fn notes(folder: &Path, packages: &[Package]) -> Vec<String> {
    let mut notes = Vec::new();
    for package in packages {
        let Package { name, version, .. } = package;
        if let Ok(reason) = fs::read_to_string(folder.join(format!("{name}@{version}")))
            // Said in the documentation, not at each run.
            && reason != crate::project::LeftOut::Foundation.reason()
        {
            notes.push(format!("{name} {version} ({reason})"));
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"schema":1,"kind":"summary","pid":7,"program":"/t/deps/app-1","locks":3,"classes":2,"orders":1,"threads":2,"reports":1,"suppressed":0,"new":null,"findings":[{"sequence":1,"verdict":"Inversion","headline":"Inversion: `a` and `b`"}]}"#;

    #[test]
    fn processes_are_added_up() {
        let sum = Summary::parse(&format!("{LINE}\n{LINE}\n"));
        assert_eq!((sum.processes, sum.locks, sum.reports), (2, 6, 2));
        assert_eq!(
            sum.text(true, &["x 1.0 (left out by `exclude`)".to_owned()]),
            "lockwarden: watched 6 locks of 4 classes and 2 orders in 4 threads, in 2 processes\n\
             lockwarden: 2 findings, in full above:\n  Inversion: `a` and `b` [app-1] (2 times)\n\
             lockwarden: not watched: x 1.0 (left out by `exclude`)\n"
        );
    }

    #[test]
    fn silence_is_said_with_the_counts() {
        let line = LINE.replace("\"reports\":1", "\"reports\":0");
        let mut sum = Summary::parse(&line);
        sum.findings.clear();
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
            "lockwarden: no lock was watched: cargo, or the program, failed before a process with one ended \
             in order\n"
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
