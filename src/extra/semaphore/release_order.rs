//! What came before the releases of a semaphore whose first value was zero.
//!
//! Whoever takes a permit of such a semaphore could not have done so without a release. Which one,
//! is certain only if the taker needs every permit that was released since there were none: then
//! all those releases came before. If there are more, or if another thread has taken some of them,
//! a different release might have served as well, so no order is claimed.
//!
//! A permit that is given back by its drop is the release of a limit, as that of a lock: who is next
//! is chance.

use crate::instrument::{Clock, SharedMergedClock};

/// The releases since there were no permits.
#[derive(Debug)]
pub(super) struct ReleaseOrder {
    /// How many permits they added.
    added: usize,
    before: Before,
    /// What came before the first of them, kept for the next first one, which may be of the same
    /// thread.
    first: Clock,
}

/// What came before them.
#[derive(Debug)]
enum Before {
    /// Nothing: there were none.
    Nothing,
    /// What came before the first one, the only one.
    First,
    /// What is gathered there.
    All(SharedMergedClock),
    /// Nobody knows: one of them orders nothing.
    Unordered,
}

/// What a taker comes after.
#[derive(Debug)]
pub(super) enum TakerOrder {
    /// One release.
    Clock(Clock),
    /// Several.
    SharedMergedClock(SharedMergedClock),
}

impl TakerOrder {
    /// The calling thread goes on after it.
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

    /// The calling thread, which is [introduced](crate::instrument::ensure_attached), adds so many permits.
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

    /// Somebody gives so many permits back.
    pub(super) fn give_back(&mut self, count: usize) {
        self.added += count;
        self.before = Before::Unordered;
    }

    /// So many permits are taken, and so many are left: what the taker comes after, if that is
    /// certain.
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
    fn who_takes_all_comes_after_all() {
        let mut news = ReleaseOrder::new();
        for releases in 1..4 {
            ensure_attached();
            (0..releases).for_each(|_| news.add(2));
            let learnt = news.take(2 * releases, 0).unwrap();
            assert_eq!(matches!(learnt, TakerOrder::Clock(_)), releases == 1);
            learnt.acquire();
        }
        // And only once.
        assert!(news.take(0, 0).is_none());
    }

    #[test]
    fn who_takes_some_comes_after_nobody_knows_whom() {
        let mut news = ReleaseOrder::new();
        news.add(2);
        assert!(news.take(1, 1).is_none());
        assert!(news.take(1, 0).is_none());
        // From here on it is certain again.
        news.add(1);
        assert!(news.take(1, 0).is_some());
    }

    #[test]
    fn what_is_given_back_orders_nothing() {
        let mut news = ReleaseOrder::new();
        news.give_back(1);
        news.add(1);
        assert!(news.take(2, 0).is_none());
    }
}
