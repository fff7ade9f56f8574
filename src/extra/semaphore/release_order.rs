//! Happens-before order of a semaphore without initial permits.
//!
//! A thread that acquires a permit of such a semaphore could not have done so without a release.
//! The release is certain only if the thread acquires every permit that was released since there
//! were none: then all those releases happen before. If there are more, or if another thread has
//! acquired some of them, a different release might have served as well, so no order is recorded.
//!
//! A permit that is returned by its drop is the release of a limit, like that of a lock: another
//! schedule may have another next holder, so it establishes no order.

use crate::instrument::{Clock, SharedMergedClock};

/// Releases since the last moment without permits.
#[derive(Debug)]
pub(super) struct ReleaseOrder {
    /// The number of permits that they added.
    added: usize,
    before: Before,
    /// The clock of the first of them; kept for the next first one, which may be by the same
    /// thread.
    first: Clock,
}

/// Order established by the releases.
#[derive(Debug)]
enum Before {
    /// There were no releases.
    Nothing,
    /// A single release: the clock is in `ReleaseOrder::first`.
    First,
    /// Several releases: their merged clock.
    All(SharedMergedClock),
    /// Unknown: one of the releases establishes no order.
    Unordered,
}

/// Clocks that a thread acquires with its permits.
#[derive(Debug)]
pub(super) enum TakerOrder {
    /// The clock of one release.
    Clock(Clock),
    /// The merged clock of several releases.
    SharedMergedClock(SharedMergedClock),
}

impl TakerOrder {
    /// Acquires the clocks for the calling thread.
    pub(super) fn acquire(&self) {
        match self {
            TakerOrder::Clock(past) => past.acquire(),
            TakerOrder::SharedMergedClock(meeting) => meeting.acquire(),
        }
    }
}

impl ReleaseOrder {
    pub(super) const fn new() -> Self {
        Self {
            added: 0,
            before: Before::Nothing,
            first: Clock::unknown(),
        }
    }

    /// Records that the calling thread, which is [attached](crate::instrument::ensure_attached),
    /// releases `count` permits.
    pub(super) fn add(&mut self, count: usize) {
        self.added += count;
        match &self.before {
            Before::Nothing => {
                self.first = Clock::release();
                self.before = Before::First;
            }
            Before::First => {
                let meeting = SharedMergedClock::new();
                meeting.add(&self.first);
                meeting.add(&Clock::release());
                self.before = Before::All(meeting);
            }
            Before::All(meeting) => meeting.add(&Clock::release()),
            Before::Unordered => {}
        }
    }

    /// Records that `count` permits are returned by a drop.
    pub(super) fn give_back(&mut self, count: usize) {
        self.added += count;
        self.before = Before::Unordered;
    }

    /// Records that `count` permits are acquired and `left` remain; returns the clocks that the
    /// acquiring thread acquires, if the order is certain.
    pub(super) fn take(&mut self, count: usize, left: usize) -> Option<TakerOrder> {
        if left > 0 {
            return None;
        }
        let added = std::mem::take(&mut self.added);
        match std::mem::replace(&mut self.before, Before::Nothing) {
            _ if added != count => None,
            Before::Nothing | Before::Unordered => None,
            Before::First => Some(TakerOrder::Clock(self.first.clone())),
            Before::All(meeting) => Some(TakerOrder::SharedMergedClock(meeting)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::ensure_attached;

    #[test]
    fn an_acquisition_of_all_permits_happens_after_all_releases() {
        let mut news = ReleaseOrder::new();
        for releases in 1..4 {
            ensure_attached();
            (0..releases).for_each(|_| news.add(2));
            let learnt = news.take(2 * releases, 0).unwrap();
            assert_eq!(matches!(learnt, TakerOrder::Clock(_)), releases == 1);
            learnt.acquire();
        }
        // Each clock is acquired once only.
        assert!(news.take(0, 0).is_none());
    }

    #[test]
    fn an_acquisition_of_some_permits_is_unordered() {
        let mut news = ReleaseOrder::new();
        news.add(2);
        assert!(news.take(1, 1).is_none());
        assert!(news.take(1, 0).is_none());
        // With no permit left, the order is certain again.
        news.add(1);
        assert!(news.take(1, 0).is_some());
    }

    #[test]
    fn a_permit_returned_by_its_drop_orders_nothing() {
        let mut news = ReleaseOrder::new();
        news.give_back(1);
        news.add(1);
        assert!(news.take(2, 0).is_none());
    }
}
