//! A meeting point, which orders what each task did before it came before what all of them do after.

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};

use lockwarden::instrument::{Clock, SharedMergedClock, Site, WaitReason};
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::watched::watched;
use crate::agent::leaf::Thing;

/// [`tokio::sync::Barrier`], watched.
///
/// It is built of a counter and a [`tokio::sync::Notify`]: which generation a task comes to is what tokio's
/// does not tell, and what the order between tasks depends on.
pub struct Barrier {
    arrivals: Mutex<Arrivals>,
    over: Notify,
    n: usize,
    made: Site,
}

/// The arrivals of the present generation.
#[derive(Default)]
struct Arrivals {
    count: usize,
    generation: usize,
    meeting: SharedMergedClock,
}

// The program's code never runs while the arrivals are changed, so no panic leaves them half changed.
impl UnwindSafe for Barrier {}
impl RefUnwindSafe for Barrier {}

/// Returned by [`Barrier::wait`], as [`tokio::sync::BarrierWaitResult`].
#[derive(Clone, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// As [`tokio::sync::BarrierWaitResult::is_leader`].
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// As [`tokio::sync::Barrier::new`].
    #[track_caller]
    pub fn new(n: usize) -> Barrier {
        Self {
            arrivals: Mutex::default(),
            over: Notify::const_new(),
            n,
            made: Location::caller(),
        }
    }

    /// As [`tokio::sync::Barrier::wait`].
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> {
        let thing = Thing::new("Barrier", WaitReason::Arrival, self.made);
        watched(thing, self.meet(), |(meeting, is_leader)| {
            meeting.acquire();
            BarrierWaitResult(is_leader)
        })
    }

    /// Waits for the others of the generation; returns its clocks, and whether the task was the last that came.
    async fn meet(&self) -> (SharedMergedClock, bool) {
        let (meeting, early) = self.arrive();
        let Some(generation) = early else {
            self.over.notify_waiters();
            return (meeting, true);
        };
        while let Some(over) = {
            let arrivals = self.arrivals.lock();
            // Made under the lock: the last that comes notifies all that were made before it ended the generation.
            (arrivals.generation == generation).then(|| self.over.notified())
        } {
            over.await;
        }
        (meeting, false)
    }

    /// Counts the calling task, and returns the generation if some are missing.
    fn arrive(&self) -> (SharedMergedClock, Option<usize>) {
        let past = Clock::release_if_attached();
        let mut arrivals = self.arrivals.lock();
        arrivals.meeting.add(&past);
        arrivals.count += 1;
        if arrivals.count < self.n {
            return (arrivals.meeting.clone(), Some(arrivals.generation));
        }
        arrivals.count = 0;
        arrivals.generation = arrivals.generation.wrapping_add(1);
        (mem::take(&mut arrivals.meeting), None)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}
