//! tokio's semaphore with a word in front of it.
//!
//! Each free permit is in the word or in tokio's semaphore. While no future waits, an acquisition takes
//! from the word and a release adds to it: one atomic operation each, where tokio's release locks its
//! queue. A future that has to wait counts itself in the word, moves the permits of the word to the
//! semaphore, and waits in the queue of that one. As long as a waiter is counted, releases go to the
//! semaphore, which hands the permits to its queue in order; and an acquisition does not take from the
//! word, so it cannot overtake the queue.

use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tokio::sync::TryAcquireError;

use super::budget;
// In `tests/models.rs`, which compiles this file again, these are loom's, and a model of tokio's.
use super::primitives::{AtomicU64, Semaphore, SemaphorePermit};

/// The bits of the word that count free permits. Those above count waiters.
const PERMITS: u64 = (1 << 32) - 1;
/// One waiter.
const WAITER: u64 = 1 << 32;
/// The word holds at most so many permits. More of them stay in the semaphore.
const ROOM: u64 = 1 << 31;

/// A fair semaphore whose acquisitions and releases cost one atomic operation while no future waits.
#[derive(Debug)]
pub(crate) struct FastSemaphore {
    word: AtomicU64,
    queue: Semaphore,
}

impl FastSemaphore {
    /// A semaphore with so many permits.
    ///
    /// # Panics
    ///
    /// If these are more than tokio allows.
    #[track_caller]
    pub(crate) fn new(permits: usize) -> Self {
        let rest = beyond_word(permits);
        Self {
            word: AtomicU64::new((permits - rest) as u64),
            queue: Semaphore::new(rest),
        }
    }

    /// What [`new`](Self::new) makes, of its parts.
    pub(super) const fn of(word: AtomicU64, queue: Semaphore) -> Self {
        Self { word, queue }
    }

    /// Takes permits out of the word, unless it has too few or a future waits.
    #[inline(always)]
    pub(crate) fn take(&self, count: u32) -> bool {
        // Relaxed: the exchange finds out whether the value still stands.
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            // With a waiter the word has no permits, but a count of zero would be found in it.
            if word >= WAITER || word < u64::from(count) {
                return false;
            }
            let rest = word - u64::from(count);
            // Acquire pairs with the Release in `give`: what was done under the permits came before.
            match self
                .word
                .compare_exchange_weak(word, rest, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// Takes permits at once, if that is possible and the task that polls has the budget for it.
    #[inline(always)]
    pub(crate) fn take_within_budget(
        &self,
        count: u32,
        cx: &mut Context<'_>,
    ) -> Option<Permit<'_>> {
        if !self.take(count) {
            return None;
        }
        let permit = Permit::new(self, count);
        match budget::charge(cx) {
            Poll::Ready(()) => Some(permit),
            Poll::Pending => None,
        }
    }

    /// Gives permits back: to the word, or to the semaphore for those that wait.
    #[inline(always)]
    pub(crate) fn give(&self, count: usize) {
        // Relaxed: the exchange finds out whether the value still stands.
        let word = self.word.load(Ordering::Relaxed);
        let sum = word.wrapping_add(count as u64);
        // Release pairs with the Acquire in `take` and in `begin_wait`.
        if sum <= ROOM
            && self
                .word
                .compare_exchange(word, sum, Ordering::Release, Ordering::Relaxed)
                .is_ok()
        {
            return;
        }
        self.give_slowly(count);
    }

    #[cold]
    fn give_slowly(&self, count: usize) {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let sum = word.saturating_add(count as u64);
            if sum > ROOM {
                // A future waits, or the word is full.
                self.queue.add_permits(count);
                return;
            }
            // Release pairs with the Acquire in `take` and in `begin_wait`.
            match self
                .word
                .compare_exchange_weak(word, sum, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
    }

    /// Counts a waiter, until the result is dropped. It waits in the queue of the semaphore that is
    /// returned, where all permits are from now on.
    pub(crate) fn wait(&self) -> (&Semaphore, Waiter<'_>) {
        (self.begin_wait(), Waiter(self))
    }

    pub(super) fn begin_wait(&self) -> &Semaphore {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let waiters = (word & !PERMITS) + WAITER;
            // Acquire pairs with the Release in `give`: what was done under the permits that are moved
            // came before they are added to the semaphore. Release, for the next who reads the word.
            match self.word.compare_exchange_weak(
                word,
                waiters,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        let moved = word & PERMITS;
        if moved != 0 {
            self.queue.add_permits(moved as usize);
        }
        &self.queue
    }

    /// Permits that are left in the semaphore stay there until the next waiter.
    pub(super) fn end_wait(&self) {
        // Release: a part of the sequence of those in `give`, with which `take` pairs.
        self.word.fetch_sub(WAITER, Ordering::Release);
    }

    /// Takes permits if that is possible at once.
    pub(crate) fn try_take(&self, count: u32) -> Result<(), TryAcquireError> {
        if self.take(count) {
            return Ok(());
        }
        if self.word.load(Ordering::Relaxed) < WAITER && self.available() < count as usize {
            return Err(TryAcquireError::NoPermits);
        }
        // They are in the semaphore, or in both places.
        let (queue, _waiter) = self.wait();
        queue.try_acquire_many(count).map(SemaphorePermit::forget)
    }

    /// How many permits are free.
    pub(crate) fn available(&self) -> usize {
        (self.word.load(Ordering::Acquire) & PERMITS) as usize + self.queue.available_permits()
    }

    /// tokio's semaphore, through which everything goes from now on: a waiter is counted for ever.
    pub(crate) fn open(&self, is_first: bool) -> &Semaphore {
        if is_first {
            self.begin_wait();
        }
        &self.queue
    }

    /// Whether the semaphore is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

/// How many permits stay in the semaphore at first; all of them if they are more than tokio allows, for it
/// to panic.
pub(super) const fn beyond_word(permits: usize) -> usize {
    if permits > Semaphore::MAX_PERMITS {
        return permits;
    }
    permits.saturating_sub(ROOM as usize)
}

/// Permits that were taken; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    semaphore: &'a FastSemaphore,
    count: u32,
}

impl<'a> Permit<'a> {
    /// Permits that the caller has taken.
    #[inline(always)]
    pub(crate) fn new(semaphore: &'a FastSemaphore, count: u32) -> Self {
        Self { semaphore, count }
    }

    /// They stay taken, and something else gives them back.
    #[inline(always)]
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.semaphore.give(self.count as usize);
    }
}

/// A waiter that is counted, until this is dropped.
#[derive(Debug)]
pub(crate) struct Waiter<'a>(&'a FastSemaphore);

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.end_wait();
    }
}
