//! FIFO queue of the threads that wait for permits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::release_order::{ReleaseOrder, TakerOrder};

use crate::extra::limited::wait_while_within;

/// The value of one permit in the word of `Permits`.
pub(super) const ONE: usize = 2;

/// The bit of the word that is set while the queue is not empty.
pub(super) const WAITED_FOR: usize = 1;

/// Wait queue, and the order for later acquisitions.
#[derive(Debug)]
pub(super) struct WaitQueue {
    waiters: VecDeque<Arc<Waiter>>,
    pub(super) news: ReleaseOrder,
}

/// Waiting thread.
#[derive(Debug)]
pub(super) struct Waiter {
    needs: usize,
    granted: Mutex<Option<Granted>>,
    woken: Condvar,
}

/// Permits granted to a waiter; they count as acquired.
#[derive(Debug)]
pub(super) struct Granted {
    /// The clocks that the waiter acquires, if the order is certain.
    pub(super) news: Option<TakerOrder>,
}

impl WaitQueue {
    pub(super) const fn new() -> Self {
        Self {
            waiters: VecDeque::new(),
            news: ReleaseOrder::new(),
        }
    }

    /// Returns the number of queued threads.
    pub(super) fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Appends a waiter that needs `needs` permits.
    pub(super) fn join(&mut self, needs: usize) -> Arc<Waiter> {
        let waiter = Arc::new(Waiter {
            needs,
            granted: Mutex::new(None),
            woken: Condvar::new(),
        });
        self.waiters.push_back(Arc::clone(&waiter));
        waiter
    }

    /// Removes a waiter that has given up. A waiter with a grant is no longer in the queue.
    pub(super) fn leave(&mut self, waiter: &Arc<Waiter>) {
        self.waiters.retain(|other| !Arc::ptr_eq(other, waiter));
    }

    /// Grants the permits of `word`, which has [`WAITED_FOR`] set, to the first waiters, and clears
    /// that bit if the queue becomes empty.
    pub(super) fn serve(&mut self, word: &AtomicUsize) {
        // Acquire pairs with the Release of all releases into the word, so that the Release of the
        // store below passes their effects on. The waiters see them by their mutex.
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
        // A plain store loses nothing: only a thread that holds the queue's lock changes a marked
        // word.
        word.store(left * ONE + mark, Ordering::Release);
    }
}

impl Waiter {
    /// Returns the number of permits that the thread waits for.
    pub(super) fn needs(&self) -> usize {
        self.needs
    }

    fn grant(&self, granted: Granted) {
        *self.granted.lock() = Some(granted);
        self.woken.notify_one();
    }

    /// Waits for a grant for at most `limit`; returns whether there is one.
    pub(super) fn wait(&self, limit: Option<Duration>) -> bool {
        let mut granted = self.granted.lock();
        wait_while_within(&self.woken, &mut granted, limit, |granted| {
            granted.is_none()
        })
    }

    /// Takes the grant, if there is one.
    pub(super) fn take(&self) -> Option<Granted> {
        self.granted.lock().take()
    }
}
