//! Poisoning: the flag by which a panic under a lock is reported to later holders.
//!
//! The rules are those of `std::sync`. A lock is poisoned when a guard that was created while its
//! thread was not panicking is dropped while the thread is panicking. A guard created during a
//! panic (in a destructor that runs while the thread unwinds) does not poison: the data was
//! damaged, if at all, before this guard existed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError};
use std::thread;

/// Poison flag: whether a thread has panicked under the lock that the flag belongs to.
///
/// Every access is relaxed. Under the lock, the lock itself orders the flag: it is written before
/// the release and read after the acquire of the next holder, so a holder sees a panic of any
/// earlier holder. [`get`](Self::get) and [`clear`](Self::clear) outside the lock have no order and
/// see or change the latest visible value only.
#[derive(Debug)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    #[inline]
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[inline]
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Returns `locked`, inside an error if the lock is poisoned.
    #[inline]
    pub(super) fn wrap<T>(&self, locked: T) -> LockResult<T> {
        if self.get() {
            Err(PoisonError::new(locked))
        } else {
            Ok(locked)
        }
    }

    /// Sets the flag if the thread began to panic during the acquisition that is about to end.
    /// Called before the lock is released: otherwise the next holder could miss the panic.
    #[inline]
    pub(super) fn leave(&self, was_panicking: bool) {
        if !was_panicking && thread::panicking() {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}
