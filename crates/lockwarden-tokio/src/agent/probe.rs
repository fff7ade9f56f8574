//! One poll of a task with a waker that counts.
//!
//! Only the waker of the latest poll of a future has to be woken. So a future that stays pending
//! registers the waker of each poll anew, and to do that it clones it. A probe is a poll with a waker
//! of its own: what is cloned within the waits of this crate is known, and what is cloned elsewhere
//! is a wait for something that is not watched (time, I/O, a future of another crate). A probe that
//! saw no such clone has seen all that can wake the task.
//!
//! A future that keeps the waker of an earlier poll breaks the contract of `Future::poll`; its wait
//! is not seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use super::clones;

/// A poll that counts who registers.
#[derive(Debug)]
pub(crate) struct Probe {
    counts: Arc<Counts>,
    tracked: AtomicUsize,
}

/// What happened to the waker of a probe.
#[derive(Debug)]
pub(super) struct Counts {
    pub(super) inner: Waker,
    pub(super) clones: AtomicUsize,
    pub(super) wakes: AtomicUsize,
}

impl Probe {
    /// A probe of the task that `waker` wakes, and the waker to poll with.
    pub(crate) fn new(waker: &Waker) -> (Self, Waker) {
        let counts = Arc::new(Counts {
            inner: waker.clone(),
            clones: AtomicUsize::new(0),
            wakes: AtomicUsize::new(0),
        });
        let waker = clones::waker(Arc::clone(&counts));
        let tracked = AtomicUsize::new(0);
        (Self { counts, tracked }, waker)
    }

    /// How often the waker was cloned so far.
    pub(crate) fn clones(&self) -> usize {
        self.counts.clones.load(Ordering::Relaxed)
    }

    /// A wait of this crate has cloned the waker so often.
    pub(crate) fn add_tracked(&self, clones: usize) {
        self.tracked.fetch_add(clones, Ordering::Relaxed);
    }

    /// Whether only waits of this crate can wake the task.
    pub(crate) fn is_tracked(&self) -> bool {
        self.clones() == self.tracked.load(Ordering::Relaxed)
            && self.counts.wakes.load(Ordering::Relaxed) == 0
    }

    /// The next number of a probe.
    pub(crate) fn next_sequence() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}

/// The number that the next probe will have, or one above.
pub(crate) fn sequence_now() -> u64 {
    Probe::next_sequence()
}
