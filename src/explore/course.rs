//! What is left of a schedule when it is over.

use std::collections::HashMap;
use std::mem;

use super::aim::Sight;
use super::outside::Outside;
use super::schedule::Schedule;
use super::strategy::{Choose, Replay};
use crate::report::{Escaped, Step, schedule_table};
use crate::tracking::scheduled::Noted;

pub(crate) struct Course {
    pub(super) chooser: Box<dyn Choose>,
    pub(crate) schedule: Schedule,
    /// The choices of the schedule without those that were taken back.
    pub(crate) steps: Vec<usize>,
    /// What the threads did, if that was asked for.
    pub(super) notes: Vec<(usize, Noted)>,
    /// The names of the threads.
    pub(super) names: Vec<Option<String>>,
    /// The first thread that stayed away, if it was to be looked at.
    pub(crate) outside: Option<Outside>,
    /// What was seen of the deadlock that the schedule tries to reach.
    pub(crate) sight: Option<Sight>,
    /// Whether the schedule says all about the order of the steps.
    pub(crate) exact: bool,
    pub(crate) tries: bool,
    /// Whether the detector has ended a deadlock by a panic, so that the program went on in a way of its own.
    pub(crate) broken: bool,
}

impl Course {
    /// Takes the strategy out, for the next schedule.
    pub(crate) fn take_chooser(&mut self) -> Box<dyn Choose> {
        mem::replace(&mut self.chooser, Box::new(Replay::new(Vec::new())))
    }

    /// The table of what the threads did: a column for each that did something; empty if nothing was noted.
    pub(crate) fn interleaving(&self) -> String {
        interleaving(&self.notes, &self.names)
    }
}

/// The table of what threads with these names did.
pub(super) fn interleaving(notes: &[(usize, Noted)], names: &[Option<String>]) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let mut acts = vec![false; names.len()];
    for (thread, _) in notes {
        acts[*thread] = true;
    }
    let mut columns = vec![0; names.len()];
    let mut heads = Vec::new();
    for (thread, name) in names.iter().enumerate() {
        if acts[thread] {
            columns[thread] = heads.len();
            heads.push(match name {
                Some(name) => format!("{thread} `{}`", Escaped(name)),
                None => thread.to_string(),
            });
        }
    }
    // What a short name stands for, if that is one thing.
    let mut meant = HashMap::new();
    for (_, noted) in notes {
        let only = meant.entry(&noted.short).or_insert(Some(&noted.what));
        *only = only.filter(|what| **what == noted.what);
    }
    let mut steps = Vec::with_capacity(notes.len());
    for (thread, noted) in notes {
        steps.push(Step {
            column: columns[*thread],
            verb: noted.verb,
            lock: match meant[&noted.short] {
                Some(_) => noted.short.clone(),
                None => noted.what.clone(),
            },
            site: noted.site,
        });
    }
    schedule_table(&heads, &steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(short: &str, what: &str) -> (usize, Noted) {
        let noted = Noted {
            verb: "takes",
            what: what.to_owned(),
            short: short.to_owned(),
            site: None,
        };
        (0, noted)
    }

    #[test]
    fn a_lock_has_its_short_name_in_the_table_unless_another_has_it_too() {
        let notes = [
            noted("`bank::LEDGER`", "Mutex `bank::LEDGER` made at a.rs:1:1"),
            noted("`bank::LEDGER`", "Mutex `bank::LEDGER` made at a.rs:1:1"),
            noted("`all`", "Mutex `all` made at a.rs:2:2"),
            noted("`all`", "Mutex `all` made at a.rs:2:9"),
        ];
        assert_eq!(interleaving(&[], &[None]), "");
        let table = interleaving(&notes, &[None]);
        let steps: Vec<_> = table.lines().skip(2).map(str::trim).collect();
        assert_eq!(
            steps,
            [
                "takes `bank::LEDGER`",
                "takes `bank::LEDGER`",
                "takes Mutex `all` made at a.rs:2:2",
                "takes Mutex `all` made at a.rs:2:9",
            ]
        );
    }
}
