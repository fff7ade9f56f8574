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
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;

use parking_lot::Mutex;

use super::clones;
use super::stack::AwaitStack;

/// Of how many clones that no wait of this crate makes a probe keeps the await stacks.
const STACKS: usize = 4;

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
    clones: AtomicUsize,
    pub(super) wakes: AtomicUsize,
    /// Whether a wait of this crate is being polled: it captures a stack of its own.
    in_wait: AtomicBool,
    /// The await stacks of the clones that no wait of this crate has made, with how many there were before each.
    elsewhere: Mutex<Vec<(usize, AwaitStack)>>,
}

impl Counts {
    /// The waker is cloned.
    pub(super) fn note_clone(&self) {
        let before = self.clones.fetch_add(1, Ordering::Relaxed);
        // Relaxed: the thread that polls sets it, and a clone in another thread is kept or not.
        if self.in_wait.load(Ordering::Relaxed) {
            return;
        }
        let mut stacks = self.elsewhere.lock();
        if stacks.len() < STACKS {
            stacks.push((before, AwaitStack::capture()));
        }
    }
}

impl Probe {
    /// A probe of the task that `waker` wakes, and the waker to poll with.
    pub(crate) fn new(waker: &Waker) -> (Self, Waker) {
        let counts = Arc::new(Counts {
            inner: waker.clone(),
            clones: AtomicUsize::new(0),
            wakes: AtomicUsize::new(0),
            in_wait: AtomicBool::new(false),
            elsewhere: Mutex::default(),
        });
        let waker = clones::waker(Arc::clone(&counts));
        let tracked = AtomicUsize::new(0);
        (Self { counts, tracked }, waker)
    }

    /// A wait of this crate is about to be polled; how often the waker was cloned so far.
    pub(crate) fn enter_wait(&self) -> usize {
        self.counts.in_wait.store(true, Ordering::Relaxed);
        self.clones()
    }

    /// The wait was polled.
    pub(crate) fn leave_wait(&self) {
        self.counts.in_wait.store(false, Ordering::Relaxed);
    }

    /// How often the waker was cloned so far.
    pub(crate) fn clones(&self) -> usize {
        self.counts.clones.load(Ordering::Relaxed)
    }

    /// A wait of this crate has made the clones of the waker since there were `before`, but for so many as are of `others`,
    /// which it has polled. Its own come first: it registers before it polls.
    pub(crate) fn track_since(&self, before: usize, others: usize) {
        let own = (self.clones() - before).saturating_sub(others);
        self.tracked.fetch_add(own, Ordering::Relaxed);
        let mut stacks = self.counts.elsewhere.lock();
        stacks.retain(|(at, _)| !(before..before + own).contains(at));
    }

    /// What can wake the task.
    pub(crate) fn woken_by(&self) -> WokenBy {
        let elsewhere = self.clones() - self.tracked.load(Ordering::Relaxed);
        match elsewhere {
            _ if self.counts.wakes.load(Ordering::Relaxed) != 0 => WokenBy::Itself,
            0 => WokenBy::Waits,
            _ => WokenBy::More,
        }
    }

    /// The await stacks of what is waited for that is no wait of this crate.
    pub(crate) fn stacks_elsewhere(&self) -> Vec<AwaitStack> {
        let stacks = std::mem::take(&mut *self.counts.elsewhere.lock());
        stacks.into_iter().map(|(_, stack)| stack).collect()
    }

    /// The next number of a probe.
    pub(crate) fn next_sequence() -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }
}

/// What can wake a task, as a probe has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WokenBy {
    /// The waits of this crate that it was found in, and nothing else.
    Waits,
    /// Something that is not watched, beside the waits of this crate or without any.
    More,
    /// It was woken during the probe already.
    Itself,
}

/// The number that the next probe will have, or one above.
pub(crate) fn sequence_now() -> u64 {
    Probe::next_sequence()
}
