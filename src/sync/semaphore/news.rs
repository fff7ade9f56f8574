//! What came before the releases of a semaphore whose first value was zero.
//!
//! Whoever takes a permit of such a semaphore could not have done so without a release. Which one,
//! is certain only if the taker needs every permit that was released since there were none: then
//! all those releases came before. If there are more, or if another thread has taken some of them,
//! a different release might have served as well, so no order is claimed.
//!
//! A permit that is given back by its drop is the release of a limit, as that of a lock: who is next
//! is chance.

use crate::instrument::{Meeting, Past};

/// The releases since there were no permits.
#[derive(Debug)]
pub(super) struct News {
    /// How many permits they added.
    added: usize,
    /// Where what came before them is gathered.
    meeting: Option<Meeting>,
    /// Whether one of them orders nothing.
    unordered: bool,
}

impl News {
    pub(super) const fn new() -> Self {
        Self {
            added: 0,
            meeting: None,
            unordered: false,
        }
    }

    /// So many permits are added, after `past`, or by somebody who gives back what he took.
    pub(super) fn add(&mut self, count: usize, past: Option<&Past>) {
        self.added += count;
        match past {
            Some(past) => self.meeting.get_or_insert_with(Meeting::new).add(past),
            None => self.unordered = true,
        }
    }

    /// So many permits are taken, and so many are left: what the taker comes after, if that is
    /// certain.
    pub(super) fn take(&mut self, count: usize, left: usize) -> Option<Meeting> {
        if left > 0 {
            return None;
        }
        let all = std::mem::replace(self, Self::new());
        all.meeting.filter(|_| all.added == count && !all.unordered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_all_comes_after_all() {
        let mut news = News::new();
        news.add(1, Some(&Past::here()));
        news.add(2, Some(&Past::here()));
        assert!(news.take(3, 0).is_some());
        // And only once.
        assert!(news.take(0, 0).is_none());
    }

    #[test]
    fn who_takes_some_comes_after_nobody_knows_whom() {
        let mut news = News::new();
        news.add(2, Some(&Past::here()));
        assert!(news.take(1, 1).is_none());
        assert!(news.take(1, 0).is_none());
        // From here on it is certain again.
        news.add(1, Some(&Past::here()));
        assert!(news.take(1, 0).is_some());
    }

    #[test]
    fn what_is_given_back_orders_nothing() {
        let mut news = News::new();
        news.add(1, None);
        news.add(1, Some(&Past::here()));
        assert!(news.take(2, 0).is_none());
    }
}
