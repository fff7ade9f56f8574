//! Expected verdicts: what a child found, in the words in which a test expects it.
//!
//! A finding is written as its verdict and the names of its locks in the order of the cycle, the first in the
//! alphabet first: `Inversion audit ledger`. A child prints each report so, and the parent compares.

#![allow(dead_code)] // Each test binary uses a part of it.

use lockwarden::report::{Report, StallCause, Verdict};

use crate::child::Exit;

const FOUND: &str = "FOUND ";

/// Prints a report for the parent to read: a callback of the configuration.
pub(crate) fn announce(report: &Report) {
    println!("{FOUND}{}", in_short(report));
}

/// What a child announced, sorted.
pub(crate) fn found(exit: &Exit) -> Vec<&str> {
    let lines = exit.stdout.lines();
    let mut found: Vec<&str> = lines.filter_map(|line| line.strip_prefix(FOUND)).collect();
    found.sort_unstable();
    found
}

/// Asserts that a child announced these findings, in any order, and no others.
#[track_caller]
pub(crate) fn assert_found(exit: &Exit, expected: &[impl AsRef<str>]) {
    let mut expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
    expected.sort_unstable();
    assert_eq!(
        found(exit),
        expected,
        "left: found, right: expected, in {exit}"
    );
}

/// The verdict and the names of the locks.
pub(crate) fn in_short(report: &Report) -> String {
    let name = |id| {
        let lock = report
            .lock(id)
            .expect("a report knows the locks that it names");
        match (&lock.label, lock.name) {
            (Some(label), _) => label.clone(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => lock.noun.to_owned(),
        }
    };
    let mut names: Vec<String> = report.edges.iter().map(|edge| name(edge.from)).collect();
    if report.verdict == Verdict::Abandoned {
        names.extend(report.locks.first().map(|lock| name(lock.id)));
    }
    if let Some(stall) = &report.stall {
        names.extend(match &stall.cause {
            StallCause::Heartbeat { name, .. } => Some(name.clone()),
            _ => report.locks.first().map(|lock| name(lock.id)),
        });
    }
    if let Some(first) = (0..names.len()).min_by_key(|&at| &names[at]) {
        names.rotate_left(first);
    }
    let mut words = vec![report.verdict.name().to_owned()];
    words.extend(names);
    words.join(" ")
}
