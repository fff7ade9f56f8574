//! The data of one poll: times and ids only, so that it can be evaluated after the threads have moved
//! on.

use std::time::Duration;

use crate::detector::observe::Observed;
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
        let (mut exempt, mut named) = (Vec::new(), Vec::new());
        for one in observed {
            exempt.push(match awaited(one) {
                Some(WaitReason::Job) => true,
                // A sleep ends, and so does a join if its thread does: threads that wait for such a
                // thread are not known to be idle.
                Some(WaitReason::Time | WaitReason::End | WaitReason::ScopeEnd) | None => false,
                Some(_) => one.is_idle || events_are_exempt,
            });
            named.push(one.wait.as_ref().is_some_and(|wait| wait.is_named));
        }
        add_behind(observed, &mut exempt);
        add_behind(observed, &mut named);
        let mut threads = Vec::new();
        for (at, one) in observed.iter().enumerate() {
            if !one.is_ours {
                threads.push(thread(one, exempt[at], named[at]));
            }
        }
        Self {
            threads,
            pulses,
            writing,
        }
    }
}

#[cfg(test)]
impl ThreadSample {
    /// A thread that holds nothing and does not wait.
    pub(super) fn running(number: u64) -> Self {
        Self {
            thread: ThreadId::new(number),
            held: Some(Vec::new()),
            wait: None,
            joins: false,
            is_exempt: false,
            has_ended: false,
            progress: 0,
        }
    }
}

/// Returns what a thread waits for, unless that is a lock.
fn awaited(one: &Observed) -> Option<WaitReason> {
    match one.wait.as_ref()?.what() {
        WaitsFor::Resource { awaited, .. } => Some(awaited),
        WaitsFor::Lock { .. } => None,
    }
}

/// Adds to the found threads those that wait only for them: for locks that these hold, or for events that only these
/// can cause.
fn add_behind(observed: &[Observed], found: &mut [bool]) {
    let mut is_complete = false;
    while !is_complete {
        is_complete = true;
        for at in 0..observed.len() {
            if !found[at] && waits_for_only(observed, found, at) {
                found[at] = true;
                is_complete = false;
            }
        }
    }
}

/// Returns whether a thread waits, and the threads that could end its wait are known and all `found`.
fn waits_for_only(observed: &[Observed], found: &[bool], at: usize) -> bool {
    let Some(wait) = &observed[at].wait else {
        return false;
    };
    let mut is_kept = false;
    for (other, one) in observed.iter().enumerate() {
        let keeps = match wait.what() {
            WaitsFor::Lock { lock, .. } => one.holds().iter().any(|h| h.info.lock == lock),
            WaitsFor::Resource { .. } => wait.by.contains(&one.thread),
        };
        if keeps && other != at {
            if !found[other] {
                return false;
            }
            is_kept = true;
        }
    }
    is_kept
}

fn thread(observed: &Observed, is_exempt: bool, is_named: bool) -> ThreadSample {
    let held = observed.held.as_ref().map(|held| {
        let mut samples = Vec::new();
        for hold in held {
            samples.push(HoldSample {
                lock: hold.info.lock,
                site: hold.info.site,
                seen: hold.seen,
            });
        }
        samples
    });
    let awaited = awaited(observed);
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
