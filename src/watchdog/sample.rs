//! What one look shows: times and ids, and nothing that needs the process to be as it was.

use std::time::Duration;

use crate::detector::observe::Observed;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::report::{Awaited, WaitsFor};

/// What one look shows.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub(super) threads: Vec<ThreadSample>,
    pub(super) pulses: Vec<PulseSample>,
}

#[derive(Debug)]
pub(super) struct ThreadSample {
    pub(super) thread: ThreadId,
    /// `None` if it did not stand still.
    pub(super) held: Option<Vec<HoldSample>>,
    pub(super) wait: Option<WaitSample>,
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
    /// From what was observed, without the threads of this crate and without waits for work.
    pub(super) fn of(observed: &[Observed], pulses: Vec<PulseSample>) -> Self {
        let theirs = observed.iter().filter(|thread| !thread.is_ours);
        Self {
            threads: theirs.map(thread).collect(),
            pulses,
        }
    }
}

/// Whether the thread sleeps, has nothing to do, or waits for the end of another one: if that one
/// hangs, it is told itself.
fn is_passive(observed: &Observed) -> bool {
    let what = observed.wait.as_ref().map(|wait| wait.what());
    matches!(
        what,
        Some(WaitsFor::Resource {
            awaited: Awaited::Time | Awaited::Job | Awaited::End | Awaited::ScopeEnd,
            ..
        })
    )
}

fn thread(observed: &Observed) -> ThreadSample {
    let held = observed.held.as_ref().map(|held| {
        held.iter()
            .map(|hold| HoldSample {
                lock: hold.info.lock,
                site: hold.info.site,
                seen: hold.seen,
            })
            .collect()
    });
    let wait = observed.wait.as_ref().map(|wait| WaitSample {
        on: wait.lock.id,
        is_lock: matches!(wait.what(), WaitsFor::Lock { .. }),
        since: wait.since,
    });
    ThreadSample {
        thread: observed.thread,
        held,
        wait: wait.filter(|wait| wait.is_lock || !(observed.is_idle || is_passive(observed))),
        has_ended: observed.has_ended,
        progress: observed.progress,
    }
}
