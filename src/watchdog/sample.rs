//! What one look shows: times and ids, and nothing that needs the process to be as it was.

use std::time::Duration;

use crate::detector::observe::{Observed, ObservedWait};
use crate::detector::writing::Period;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::report::{WaitReason, WaitsFor};

/// What one look shows.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) threads: Vec<ThreadSample>,
    pub(super) pulses: Vec<PulseSample>,
    /// When reports were written: time that does not count.
    pub(super) writing: Vec<Period>,
}

#[derive(Debug)]
pub(super) struct ThreadSample {
    pub(super) thread: ThreadId,
    /// `None` if it did not stand still.
    pub(super) held: Option<Vec<HoldSample>>,
    /// The wait, if it may last too long.
    pub(super) wait: Option<WaitSample>,
    /// Whether it waits for the end of another thread, which may last as long as that thread does: a
    /// wait of the program as a whole, which has no limit of its own.
    pub(super) joins: bool,
    /// Whether it waits, and may wait for as long as it takes.
    pub(super) is_exempt: bool,
    pub(super) has_ended: bool,
    pub(super) progress: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct HoldSample {
    pub(super) lock: LockId,
    pub(super) site: Site,
    /// Whether it is the very hold that the last look saw.
    pub(super) seen: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct WaitSample {
    pub(super) on: LockId,
    pub(super) is_lock: bool,
    /// In nanoseconds.
    pub(super) since: u64,
    /// Whether a report has named it as a wait that never ends, or it is for what a thread in such a
    /// wait holds.
    pub(super) is_named: bool,
}

/// A heartbeat that is to beat at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct PulseSample {
    pub(super) id: u64,
    pub(super) limit: Duration,
    /// When it was last known to be well, in nanoseconds.
    pub(super) last: u64,
}

impl Sample {
    /// From what was observed, without the threads of this crate. Waits for work are exempt; so are
    /// those for what is no lock if `events_are_exempt`, and those for an exempt thread.
    pub(super) fn of(
        observed: &[Observed],
        pulses: Vec<PulseSample>,
        events_are_exempt: bool,
        writing: Vec<Period>,
    ) -> Self {
        let exempt = behind(observed, |one| {
            match one.wait.as_ref().map(ObservedWait::what) {
                Some(WaitsFor::Resource { awaited, .. }) => match awaited {
                    WaitReason::Job => true,
                    // A sleep ends, and so does a join, if the thread does: of those who wait for them it
                    // is not known that all is well.
                    WaitReason::Time | WaitReason::End | WaitReason::ScopeEnd => false,
                    _ => one.is_idle || events_are_exempt,
                },
                _ => false,
            }
        });
        let named = behind(observed, |one| {
            one.wait.as_ref().is_some_and(|wait| wait.is_named)
        });
        let theirs = observed.iter().enumerate().filter(|(_, one)| !one.is_ours);
        Self {
            threads: theirs
                .map(|(at, one)| thread(one, exempt[at], named[at]))
                .collect(),
            pulses,
            writing,
        }
    }
}

/// The threads for which `is_first` holds, and those that wait for such threads alone: for locks that
/// these hold, or for what only these can do.
fn behind(observed: &[Observed], is_first: impl Fn(&Observed) -> bool) -> Vec<bool> {
    let mut found: Vec<bool> = observed.iter().map(is_first).collect();
    loop {
        let next: Vec<usize> = (0..observed.len())
            .filter(|&at| !found[at] && waits_for_only(observed, &found, at))
            .collect();
        if next.is_empty() {
            return found;
        }
        next.into_iter().for_each(|at| found[at] = true);
    }
}

/// Whether a thread waits, and those that keep it are known and all `found`.
fn waits_for_only(observed: &[Observed], found: &[bool], at: usize) -> bool {
    let Some(wait) = &observed[at].wait else {
        return false;
    };
    let is_keeper = |other: &usize| {
        let other = *other;
        let one = &observed[other];
        other != at
            && match wait.what() {
                WaitsFor::Lock { lock, .. } => one.holds().iter().any(|h| h.info.lock == lock),
                WaitsFor::Resource { .. } => wait.by.contains(&one.thread),
            }
    };
    let mut keepers = (0..observed.len()).filter(is_keeper).peekable();
    keepers.peek().is_some() && keepers.all(|keeper| found[keeper])
}

fn thread(observed: &Observed, is_exempt: bool, is_named: bool) -> ThreadSample {
    let held = observed.held.as_ref().map(|held| {
        held.iter()
            .map(|hold| HoldSample {
                lock: hold.info.lock,
                site: hold.info.site,
                seen: hold.seen,
            })
            .collect()
    });
    let awaited = observed.wait.as_ref().and_then(|wait| match wait.what() {
        WaitsFor::Resource { awaited, .. } => Some(awaited),
        WaitsFor::Lock { .. } => None,
    });
    let joins = matches!(awaited, Some(WaitReason::End | WaitReason::ScopeEnd));
    let wait = observed.wait.as_ref().map(|wait| WaitSample {
        on: wait.lock.id,
        is_lock: awaited.is_none(),
        since: wait.since,
        is_named,
    });
    let has_limit = !is_exempt && !joins && awaited != Some(WaitReason::Time);
    ThreadSample {
        thread: observed.thread,
        held,
        wait: wait.filter(|_| has_limit),
        joins: joins && !is_exempt && !is_named,
        is_exempt,
        has_ended: observed.has_ended,
        progress: observed.progress,
    }
}
