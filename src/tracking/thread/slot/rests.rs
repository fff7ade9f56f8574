//! The rests of a thread: its sleeps for a time, or until a message comes.

use std::sync::atomic::{AtomicU64, Ordering};

/// How often a thread has to rest before it counts as one that is never woken.
const MANY: u64 = 32;

/// Returns a number that ascends with each call in the process.
#[inline]
pub(crate) fn moment() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Sequentially consistent: two numbers are in the order of the calls.
    NEXT.fetch_add(1, Ordering::SeqCst)
}

/// The rests of one thread, which alone writes them.
#[derive(Debug)]
pub(crate) struct Rests {
    count: AtomicU64,
    /// The moment of the last one of [`MANY`], or zero.
    many: AtomicU64,
    /// The moment at which the present one has begun, or zero.
    present: AtomicU64,
}

// Relaxed in all: see `ThreadFlags::receives_in_sight`.
impl Rests {
    pub(super) const fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            many: AtomicU64::new(0),
            present: AtomicU64::new(0),
        }
    }

    /// Forgets the rests of the thread that had the slot before.
    pub(super) fn reset(&self) {
        self.count.store(0, Ordering::Relaxed);
        self.many.store(0, Ordering::Relaxed);
        self.present.store(0, Ordering::Relaxed);
    }

    /// Records that the thread is about to sleep for a time, or until a message comes.
    pub(crate) fn begin(&self) {
        let moment = moment();
        let count = self.count.load(Ordering::Relaxed) + 1;
        self.count.store(count, Ordering::Relaxed);
        if count == MANY {
            self.many.store(moment, Ordering::Relaxed);
        }
        self.present.store(moment, Ordering::Relaxed);
    }

    /// Records that it is awake again, whatever it slept for.
    pub(crate) fn end(&self) {
        self.present.store(0, Ordering::Relaxed);
    }

    /// Returns the [`moment`] since which the thread has rested, or that of the last one of [`MANY`] rests: a thread that
    /// works off what lies in shared memory is woken when something comes there, sooner or later.
    pub(super) fn since(&self) -> Option<u64> {
        let many = self.many.load(Ordering::Relaxed);
        let present = self.present.load(Ordering::Relaxed);
        match (many, present) {
            (0, 0) => None,
            (0, moment) | (moment, 0) => Some(moment),
            _ => Some(many.min(present)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tracking::thread::slot::{Flag, Slot};

    use super::*;

    #[test]
    fn a_thread_that_is_woken_is_not_in_sight() {
        let slot = Slot::vacant();
        slot.rests.begin();
        assert_eq!(slot.in_sight_since(), None);
        slot.life.set(Flag::Started, true);
        let since = slot.in_sight_since();
        assert!(since.is_some() && since < Some(moment()));
        slot.rests.end();
        assert_eq!(slot.in_sight_since(), None);
        for _ in 1..MANY {
            slot.rests.begin();
            slot.rests.end();
        }
        assert!(slot.in_sight_since().is_some());
        slot.life.mark_woken();
        assert_eq!(slot.in_sight_since(), None);
        slot.rests.reset();
        assert_eq!(slot.rests.since(), None);
    }
}
