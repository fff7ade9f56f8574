//! Who holds the permits of a semaphore.

use std::sync::atomic::{AtomicBool, Ordering};

use lockwarden::instrument::{Site, ThreadId};
use parking_lot::Mutex;

use crate::agent::leaf;

/// What is known of the permits of one semaphore.
#[derive(Debug)]
pub(crate) struct Permits {
    /// Where the semaphore was made.
    pub(crate) made: Site,
    /// How many permits it was made with.
    pub(crate) count: usize,
    /// Whether permits came or went otherwise than by an acquisition and its release: then nothing is
    /// known of how many there will be.
    is_open: AtomicBool,
    holders: Mutex<Vec<Holder>>,
}

/// One acquisition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder {
    /// The task that took the permits; `None` if that is not known, or they may be elsewhere.
    pub(crate) task: Option<ThreadId>,
    pub(crate) permits: usize,
    /// Whether the permit could go to another task.
    pub(crate) is_loose: bool,
    /// When it was, on the clock of `leaf::next`.
    pub(crate) taken: u64,
    number: u64,
}

impl Permits {
    pub(crate) fn new(made: Site, count: usize) -> Self {
        Self {
            made,
            count,
            is_open: AtomicBool::new(false),
            holders: Mutex::default(),
        }
    }

    /// Permits are added or taken away for good.
    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::Release);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Notes an acquisition; the number of it.
    pub(crate) fn add(&self, task: Option<ThreadId>, permits: usize, is_loose: bool) -> u64 {
        let mut holders = self.holders.lock();
        let number = holders.last().map_or(1, |last| last.number + 1);
        holders.push(Holder {
            task,
            permits,
            is_loose,
            // Of use only where the permit can go.
            taken: if is_loose { leaf::next() } else { 0 },
            number,
        });
        number
    }

    /// Changes how many permits an acquisition stands for; none is the end of it.
    pub(crate) fn set(&self, number: u64, permits: usize) {
        let mut holders = self.holders.lock();
        if permits == 0 && holders.last().is_some_and(|last| last.number == number) {
            holders.pop();
            return;
        }
        let Some(at) = holders.iter().rposition(|holder| holder.number == number) else {
            return;
        };
        if permits == 0 {
            holders.remove(at);
        } else {
            holders[at].permits = permits;
        }
    }

    /// All acquisitions that are not over.
    pub(crate) fn holders(&self) -> Vec<Holder> {
        self.holders.lock().clone()
    }
}
