//! The part of a heartbeat that the watchdog reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::sample::PulseSample;
use crate::engine::ids::{Site, ThreadId};
use crate::tracking::thread::wait;

#[derive(Debug)]
pub(super) struct Pulse {
    id: u64,
    pub(super) name: String,
    pub(super) site: Site,
    pub(super) limit: Duration,
    /// The time of the last beat, in nanoseconds.
    last: AtomicU64,
    /// The thread that beat last; zero if none has.
    thread: AtomicU64,
    /// How many pauses last.
    paused: AtomicU32,
    has_ended: AtomicBool,
}

impl Pulse {
    pub(super) fn new(name: String, site: Site, limit: Duration) -> Arc<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name,
            site,
            limit,
            last: AtomicU64::new(wait::now()),
            thread: AtomicU64::new(0),
            paused: AtomicU32::new(0),
            has_ended: AtomicBool::new(false),
        })
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::Relaxed)
    }

    pub(super) fn thread(&self) -> Option<ThreadId> {
        match self.thread.load(Ordering::Relaxed) {
            0 => None,
            serial => Some(ThreadId::new(serial)),
        }
    }

    /// Returns a sample, if the heartbeat is neither paused nor ended.
    pub(super) fn sample(&self) -> Option<PulseSample> {
        // Acquire pairs with the Release in `go_on`: a poll that sees the end of a pause sees the beat
        // that ended it.
        let is_due = self.paused.load(Ordering::Acquire) == 0 && !self.has_ended();
        is_due.then(|| PulseSample {
            id: self.id,
            limit: self.limit,
            last: self.last.load(Ordering::Relaxed),
        })
    }

    /// Records a beat of this thread, if it is known.
    pub(super) fn beat_by(&self, thread: Option<ThreadId>) {
        if let Some(thread) = thread {
            self.thread.store(thread.get(), Ordering::Relaxed);
        }
        self.beat();
    }

    /// Suspends the limit until `go_on` was called as often as this.
    pub(super) fn pause(&self) {
        self.paused.fetch_add(1, Ordering::Relaxed);
    }

    /// Ends a pause. The caller has beaten before.
    pub(super) fn go_on(&self) {
        // Release: see `sample`.
        self.paused.fetch_sub(1, Ordering::Release);
    }

    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }

    pub(super) fn beat(&self) {
        // Relaxed: the times publish no other memory. A later time that another thread overwrites by an
        // earlier one is as good.
        self.last.store(wait::now(), Ordering::Relaxed);
    }
}
