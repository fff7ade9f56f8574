//! What all programs together came to, as a table.

use std::collections::BTreeMap;
use std::fmt;

use super::compare::{Fate, Kind, Outcome};
use super::program::Program;
use super::reason::Reason;
use super::schedule::Schedule;

/// Counts of cycles that were reported.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Precision {
    pub(crate) reported: usize,
    pub(crate) reachable: usize,
}

impl Precision {
    fn count(&mut self, reachable: bool) {
        self.reported += 1;
        self.reachable += usize::from(reachable);
    }

    pub(crate) fn rate(self) -> f64 {
        rate(self.reachable, self.reported)
    }
}

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) programs: usize,
    states: usize,
    deadlocking: usize,
    cut_short: usize,
    labelled: usize,
    fates: BTreeMap<(Kind, Fate), usize>,
    all: Precision,
    /// All, in programs without tries.
    pub(crate) all_plain: Precision,
    /// Cycles in which every thread waits for a hold that excludes it, in programs without tries.
    plain: Precision,
    /// Cycles in which every thread waits for a hold that excludes it.
    excluding: Precision,
    /// Cycles in which a reader waits for a reader.
    readers: Precision,
    /// Cycles that can be reached with the very threads that were named.
    exactly: usize,
    reasons: BTreeMap<Reason, usize>,
}

impl Tally {
    pub(crate) fn add(&mut self, program: &Program, schedule: &Schedule, outcome: &Outcome) {
        self.programs += 1;
        self.states += outcome.states;
        self.deadlocking += usize::from(outcome.deadlocks);
        self.cut_short += usize::from(!schedule.whole);
        self.labelled += outcome.labelled;
        for reachable in &outcome.reachable {
            *self
                .fates
                .entry((reachable.kind, reachable.fate))
                .or_default() += 1;
        }
        for reported in &outcome.reported {
            self.all.count(reported.reason.is_none());
            if !program.has_tries() {
                self.all_plain.count(reported.reason.is_none());
            }
            self.exactly += usize::from(reported.exactly);
            if reported.has_waiting_readers() {
                self.readers.count(reported.reason.is_none());
            } else {
                self.excluding.count(reported.reason.is_none());
                if !program.has_tries() {
                    self.plain.count(reported.reason.is_none());
                }
            }
            if let Some(reason) = reported.reason {
                *self.reasons.entry(reason).or_default() += 1;
            }
        }
    }

    fn fate(&self, kind: Kind, fate: Fate) -> usize {
        self.fates.get(&(kind, fate)).copied().unwrap_or(0)
    }

    /// The share of the deadlocks of a kind, among those whose links the run showed, that were reported.
    pub(crate) fn recall(&self, kind: Kind) -> f64 {
        let found = self.fate(kind, Fate::Found) + self.fate(kind, Fate::Covered);
        rate(found, found + self.fate(kind, Fate::Missed))
    }
}

fn rate(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} programs, {} states explored; {} can deadlock; {} runs could not be led to their end",
            self.programs, self.states, self.deadlocking, self.cut_short
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "| reachable deadlocks | reported | reported by a shorter cycle | missed | recall | ordered | shown elsewhere | not shown, reported | not shown |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|---|---|---|")?;
        for kind in Kind::ALL {
            let n = |fate| self.fate(kind, fate);
            writeln!(
                f,
                "| {kind} | {} | {} | {} | {:.4} | {} | {} | {} | {} |",
                n(Fate::Found),
                n(Fate::Covered),
                n(Fate::Missed),
                self.recall(kind),
                n(Fate::Ordered),
                n(Fate::Elsewhere),
                n(Fate::Foreseen),
                n(Fate::NotShown),
            )?;
        }
        writeln!(f)?;
        writeln!(f, "| inversions | reported | reachable | precision |")?;
        writeln!(f, "|---|---|---|---|")?;
        for (name, counts) in [
            (
                "every wait is for a hold that excludes, no `try_`",
                self.plain,
            ),
            ("every wait is for a hold that excludes", self.excluding),
            ("a reader waits for a reader behind a writer", self.readers),
            ("all, no `try_`", self.all_plain),
            ("all", self.all),
        ] {
            let rate = counts.rate();
            writeln!(
                f,
                "| {name} | {} | {} | {rate:.4} |",
                counts.reported, counts.reachable
            )?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "{} of all are reachable with the very threads and modes that are named",
            self.exactly
        )?;
        writeln!(
            f,
            "{} cycles were reported under a label that is not reported by default",
            self.labelled
        )?;
        writeln!(f)?;
        writeln!(f, "| why a reported inversion is out of reach | |")?;
        writeln!(f, "|---|---|")?;
        for reason in Reason::ALL {
            let count = self.reasons.get(&reason).copied().unwrap_or(0);
            writeln!(f, "| {reason} | {count} |")?;
        }
        Ok(())
    }
}
