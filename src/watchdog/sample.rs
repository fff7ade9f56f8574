//! The data of one poll: times and ids only, so that it can be evaluated after the threads have moved
//! on.

use std::time::Duration;

use crate::detector::observe::{Observed, ObservedWait};
use crate::detector::writing::Period;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::report::{WaitReason, WaitsFor};

/// The data of one poll.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) threads: Vec<ThreadSample>,
    pub(super) pulses: Vec<PulseSample>,
    /// When reports were written: that time does not count.
    pub(super) writing: Vec<Period>,
}

#[derive(Debug)]
pub(super) struct ThreadSample {
    pub(super) thread: ThreadId,
    /// The held locks; `None` if the lockset changed while it was read.
    pub(super) held: Option<Vec<HoldSample>>,
    /// The wait, if it may exceed a limit.
    pub(super) wait: Option<WaitSample>,
    /// Whether the thread waits for the end of another thread, which may last as long as that thread
    /// does: such a wait has no limit of its own, and counts as a wait of the whole program.
    pub(super) joins: bool,
    /// Whether the thread waits and has no limit.
    pub(super) is_exempt: bool,
    pub(super) has_ended: bool,
    pub(super) progress: u64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct HoldSample {
    pub(super) lock: LockId,
    pub(super) site: Site,
    /// Whether the last poll saw the same hold.
    pub(super) seen: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct WaitSample {
    pub(super) on: LockId,
    pub(super) is_lock: bool,
    /// When the wait began, in nanoseconds.
    pub(super) since: u64,
    /// Whether a report has named this wait as one that never ends, or the wait is for a lock that a
    /// thread in such a wait holds.
    pub(super) is_named: bool,
}

/// A heartbeat that is active at this moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct PulseSample {
    pub(super) id: u64,
    pub(super) limit: Duration,
    /// When it beat last, in nanoseconds.
    pub(super) last: u64,
}

impl Sample {
    /// Builds a sample of the observed threads, without the threads of this crate. Waits for work are
    /// exempt; so are waits for anything but locks if `events_are_exempt`, and waits for an exempt
    /// thread.
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
                    // A sleep ends, and so does a join if its thread does: threads that wait for such a
                    // thread are not known to be idle.
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

/// Returns the threads for which `is_first` holds, and those that wait only for such threads: for locks
/// that these hold, or for events that only these can cause.
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

/// Returns whether a thread waits, and the threads that could end its wait are known and all `found`.
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
