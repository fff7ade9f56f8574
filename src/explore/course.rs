//! What is left of a schedule when it is over.

use std::mem;

use super::aim::Sight;
use super::outside::Outside;
use super::schedule::Schedule;
use super::strategy::{Choose, Replay};
use crate::report::{Escaped, Step, schedule_table};
use crate::tracking::scheduled::Noted;

/// What is left of a schedule.
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

    /// The table of what the threads did: a column for each that did something.
    pub(crate) fn interleaving(&self) -> String {
        interleaving(&self.notes, &self.names)
    }
}

/// The table of what threads with these names did.
pub(super) fn interleaving(notes: &[(usize, Noted)], names: &[Option<String>]) -> String {
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
    let mut steps = Vec::with_capacity(notes.len());
    for (thread, noted) in notes {
        steps.push(Step {
            column: columns[*thread],
            verb: noted.verb,
            lock: noted.what.clone(),
            site: noted.site,
        });
    }
    schedule_table(&heads, &steps)
}
