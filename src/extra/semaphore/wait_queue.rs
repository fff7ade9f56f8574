//! Those who wait for permits, in the order in which they came.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::release_order::{ReleaseOrder, TakerOrder};

/// How much of the word of the permits one permit is.
pub(super) const ONE: usize = 2;

/// The bit of the word that says that the line is not empty.
pub(super) const WAITED_FOR: usize = 1;

/// The line, and what comes before those who take permits from now on.
#[derive(Debug)]
pub(super) struct WaitQueue {
    waiters: VecDeque<Arc<Waiter>>,
    pub(super) news: ReleaseOrder,
}

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiter {
    needs: usize,
    granted: Mutex<Option<Granted>>,
    woken: Condvar,
}

/// The permits that a waiter has been given: they are counted as taken.
#[derive(Debug)]
pub(super) struct Granted {
    /// What the waiter comes after, if that is certain.
    pub(super) news: Option<TakerOrder>,
}

impl WaitQueue {
    pub(super) const fn new() -> Self {
        Self {
            waiters: VecDeque::new(),
            news: ReleaseOrder::new(),
        }
    }

    /// How many threads are queued.
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Puts somebody at the end.
    pub(super) fn join(&mut self, needs: usize) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter {
            needs,
            granted: Mutex::new(None),
            woken: Condvar::new(),
        });
        self.waiters.push_back(Arc::clone(&waiter));
        waiter
    }

    /// Takes somebody out who has given up; not one who has been served, who is not there any more.
    pub(super) fn leave(&mut self, waiter: &Arc<Waiter>) {
        self.waiters.retain(|other| !Arc::ptr_eq(other, waiter));
    }

    /// Gives the permits of `word`, which is marked as waited for, to those who are first, and
    /// takes the mark away if nobody is left.
    pub(super) fn serve(&mut self, word: &AtomicUsize) {
        // Acquire pairs with the Release of all who have added to the word, so that the Release of
        // the store below passes on what they did. The waiters get it by their mutex.
        let mut left = word.load(Ordering::Acquire) / ONE;
        while let Some(waiter) = self.waiters.pop_front_if(|first| first.needs <= left) {
            left -= waiter.needs;
            let news = self.news.take(waiter.needs, left);
            waiter.grant(Granted { news });
        }
        let mark = if self.waiters.is_empty() {
            0
        } else {
            WAITED_FOR
        };
        // A plain store loses nothing: nobody who does not hold the line changes a marked word.
        word.store(left * ONE + mark, Ordering::Release);
    }
}

impl Waiter {
    /// How many permits it waits for.
    pub(super) fn needs(&self) -> usize {
        self.needs
    }

    fn grant(&self, granted: Granted) {
        *self.granted.lock() = Some(granted);
        self.woken.notify_one();
    }

    /// Waits until it is served, for at most `limit`; tells whether it is.
    pub(super) fn wait(&self, limit: Option<Duration>) -> bool {
        let mut granted = self.granted.lock();
        match limit {
            Some(limit) => {
                self.woken
                    .wait_while_for(&mut granted, |granted| granted.is_none(), limit);
            }
            None => self
                .woken
                .wait_while(&mut granted, |granted| granted.is_none()),
        }
        granted.is_some()
    }

    /// What it has been given, if it is served.
    pub(super) fn take(&self) -> Option<Granted> {
        self.granted.lock().take()
    }
}
