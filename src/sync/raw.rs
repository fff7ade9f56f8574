//! The raw locks of this crate with the poison flag beside them.
//!
//! The flag lies within the raw lock and not around it, so that it fills a gap before the value:
//! a `Mutex<u64>` is no larger than std's. And it is the raw lock that sets it, right before it
//! lets go: no guard can unlock and forget to look for a panic.

#![allow(unsafe_code)]

use std::panic::Location;

use super::poison::{Entry, Flag};
use crate::instrument::{Hold, Site};
use crate::raw::{RawMutex, RawRwLock};

/// A raw lock, and whether a thread has panicked under it.
pub(super) struct Poisoning<R> {
    pub(super) flag: Flag,
    pub(super) raw: R,
}

/// An exclusive acquisition: its record, and whether its thread was panicking by then.
pub(super) struct Exclusive {
    pub(super) hold: Hold,
    entry: Entry,
}

impl<R> Poisoning<R> {
    /// Puts an unset flag beside `raw`.
    #[inline]
    pub(super) const fn new(raw: R) -> Self {
        Self {
            flag: Flag::new(),
            raw,
        }
    }

    #[inline]
    fn enter(&self, hold: Hold) -> Exclusive {
        Exclusive {
            hold,
            entry: Entry::now(),
        }
    }

    /// The record of an acquisition that is about to end, of which the flag has been told.
    #[inline]
    fn leave(&self, exclusive: Exclusive) -> Hold {
        self.flag.leave(exclusive.entry);
        exclusive.hold
    }
}

impl Poisoning<RawMutex> {
    /// Takes the lock for the call at `site`.
    #[inline]
    pub(super) fn lock_at(&self, site: Site) -> Exclusive {
        self.enter(self.raw.lock_at(site))
    }
}

impl Poisoning<RawRwLock> {
    /// Takes the lock for writing, for the call at `site`.
    #[inline]
    pub(super) fn lock_exclusive_at(&self, site: Site) -> Exclusive {
        self.enter(self.raw.lock_exclusive_at(site))
    }
}

// SAFETY: every acquisition and every release is one of the raw mutex, by the hold that it gave
// out. What comes beside them neither unwinds nor takes part in exclusion.
unsafe impl lock_api::RawMutex for Poisoning<RawMutex> {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = Self::new(RawMutex::INIT);

    type Guard = Exclusive;

    #[inline]
    #[track_caller]
    fn lock(&self) -> Exclusive {
        self.lock_at(Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock(&self) -> Option<Exclusive> {
        Some(self.enter(self.raw.try_lock()?))
    }

    #[inline]
    unsafe fn unlock(&self, exclusive: Exclusive) {
        // SAFETY: the caller holds the raw mutex by the hold within.
        unsafe { self.raw.unlock(self.leave(exclusive)) };
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }
}

// SAFETY: every acquisition and every release is one of the raw lock, by the hold that it gave
// out. What comes beside them neither unwinds nor takes part in exclusion.
unsafe impl lock_api::RawRwLock for Poisoning<RawRwLock> {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = Self::new(RawRwLock::INIT);

    type SharedGuard = Hold;
    type ExclusiveGuard = Exclusive;

    #[inline]
    #[track_caller]
    fn lock_shared(&self) -> Hold {
        self.raw.lock_shared()
    }

    #[inline]
    #[track_caller]
    fn try_lock_shared(&self) -> Option<Hold> {
        self.raw.try_lock_shared()
    }

    #[inline]
    unsafe fn unlock_shared(&self, hold: Hold) {
        // SAFETY: the caller's promise is the same.
        unsafe { self.raw.unlock_shared(hold) };
    }

    #[inline]
    #[track_caller]
    fn lock_exclusive(&self) -> Exclusive {
        self.lock_exclusive_at(Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive(&self) -> Option<Exclusive> {
        Some(self.enter(self.raw.try_lock_exclusive()?))
    }

    #[inline]
    unsafe fn unlock_exclusive(&self, exclusive: Exclusive) {
        // SAFETY: the caller holds the raw lock exclusively by the hold within.
        unsafe { self.raw.unlock_exclusive(self.leave(exclusive)) };
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        self.raw.is_locked_exclusive()
    }
}

// SAFETY: as for `RawRwLock` above.
unsafe impl lock_api::RawRwLockDowngrade for Poisoning<RawRwLock> {
    // The flag is not told: from here on the value is only read, and that poisons nothing.
    #[inline]
    #[track_caller]
    unsafe fn downgrade(&self, exclusive: Exclusive) -> Hold {
        // SAFETY: the caller holds the raw lock exclusively by the hold within.
        unsafe { self.raw.downgrade(exclusive.hold) }
    }
}
