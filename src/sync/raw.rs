//! Raw locks of this crate with a poison flag.
//!
//! The flag lies within the raw lock and not around it, so that it fills the padding before the
//! value: a `Mutex<u64>` is no larger than std's. The raw lock sets it right before it unlocks, so
//! no guard can unlock without checking for a panic.

#![allow(unsafe_code)]

use std::panic::Location;
use std::thread;

use super::poison::Flag;
use crate::instrument::{Hold, Site};
use crate::raw::{RawMutex, RawRwLock};

/// Raw lock with a poison flag.
pub(super) struct Poisoning<R> {
    pub(super) flag: Flag,
    pub(super) raw: R,
}

/// Exclusive acquisition: its hold, and whether its thread was already panicking.
pub(super) struct Exclusive {
    pub(super) hold: Hold,
    was_panicking: bool,
}

impl<R> Poisoning<R> {
    /// Creates an unpoisoned lock from `raw`.
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
            was_panicking: thread::panicking(),
        }
    }

    /// Updates the flag, and returns the hold of the acquisition that is about to end.
    #[inline]
    fn leave(&self, exclusive: Exclusive) -> Hold {
        self.flag.leave(exclusive.was_panicking);
        exclusive.hold
    }
}

impl Poisoning<RawMutex> {
    /// Acquires the lock for the call at `site`.
    #[inline]
    pub(super) fn lock_at(&self, site: Site) -> Exclusive {
        self.enter(self.raw.inner.lock_at(site))
    }
}

impl Poisoning<RawRwLock> {
    /// Acquires the lock for writing, for the call at `site`.
    #[inline]
    pub(super) fn lock_exclusive_at(&self, site: Site) -> Exclusive {
        self.enter(self.raw.lock_exclusive_at(site))
    }
}

// SAFETY: every acquisition and every release is one of the raw mutex, by the hold that the raw
// mutex returned. The flag code around them neither unwinds nor affects exclusion.
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

// SAFETY: every acquisition and every release is one of the raw lock, by the hold that the raw lock
// returned. The flag code around them neither unwinds nor affects exclusion.
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
        // SAFETY: guaranteed by the caller, under the same conditions.
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
    // The flag stays unchanged: from here on the value is only read, which cannot poison.
    #[inline]
    #[track_caller]
    unsafe fn downgrade(&self, exclusive: Exclusive) -> Hold {
        // SAFETY: the caller holds the raw lock exclusively by the hold within.
        unsafe { self.raw.downgrade(exclusive.hold) }
    }
}
