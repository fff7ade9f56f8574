//! Raw reader-writer locks: `parking_lot`'s, each with a detector record.
//!
//! This module has the shared and exclusive acquisitions; [`upgrade`](super::upgrade) has the
//! upgradable ones.

#![allow(unsafe_code)]

use std::fmt;
use std::panic::Location;
use std::ptr;
use std::time::{Duration, Instant};

use lock_api::{RawRwLock as _, RawRwLockTimed as _, RawRwLockUpgrade as _};

use super::bare::bumped;
use super::ways::Ways;
use crate::instrument;
use crate::instrument::{AcquireKind, Hold, Lock, LockKind, Mode, Scheduled, Site};

/// Raw reader-writer lock: `parking_lot`'s, with a detector record.
///
/// With `RECURSIVE`, readers overtake queued writers, so that a thread may read twice; without, a
/// queued writer blocks new readers.
// The record is the first field, as in the raw mutexes, so that its address is that of the lock.
#[repr(C)]
pub struct RawRwLock<const RECURSIVE: bool = false> {
    pub(crate) record: Lock,
    pub(super) bare: parking_lot::RawRwLock<RECURSIVE>,
}

/// Raw reader-writer lock whose readers overtake queued writers.
pub type RawRwLockRecursive = RawRwLock<true>;

impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    const KIND: &'static LockKind = if RECURSIVE {
        &LockKind::RECURSIVE_RW_LOCK
    } else {
        &LockKind::RW_LOCK
    };

    /// Creates an unlocked lock whose class is the construction site.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self::of(Lock::new(Self::KIND))
    }

    /// Creates an unlocked lock around a value of type `T`, whose class is the construction site and
    /// `T`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub(crate) const fn around<T: ?Sized>() -> Self {
        Self::of(Lock::around::<T>(Self::KIND))
    }

    /// Creates an unlocked lock whose class is `name`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Self {
        Self::of(Lock::named(Self::KIND, name))
    }

    /// Creates an unlocked lock with this record.
    #[inline(always)]
    pub(crate) const fn of(record: Lock) -> Self {
        Self {
            bare: parking_lot::RawRwLock::INIT,
            record,
        }
    }

    /// Returns the detector record.
    #[inline]
    pub(crate) const fn record(&self) -> &Lock {
        &self.record
    }
}

impl<const RECURSIVE: bool> Drop for RawRwLock<RECURSIVE> {
    #[inline]
    fn drop(&mut self) {
        if instrument::ON {
            self.record.retired(self.bare.is_locked());
        }
    }
}

impl<const RECURSIVE: bool> Default for RawRwLock<RECURSIVE> {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<const RECURSIVE: bool> fmt::Debug for RawRwLock<RECURSIVE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRwLock")
            .field("locked", &self.bare.is_locked())
            .field("locked_exclusive", &self.bare.is_locked_exclusive())
            .finish()
    }
}

pub(super) type BareGuard = <parking_lot::RawRwLock as lock_api::RawRwLock>::SharedGuard;

/// Short attempts on the bare lock, before a wait is recorded.
impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    #[inline(always)]
    pub(super) fn spin_shared(&self) -> Option<BareGuard> {
        super::spin!(self.bare, try_lock_shared, try_lock_shared_for)
    }

    /// Without spinning: a writer that waits, even for a moment, blocks readers, and such a reader
    /// would find no recorded writer, nor would that writer find the reader.
    #[inline(always)]
    pub(super) fn spin_exclusive(&self) -> Option<BareGuard> {
        self.bare.try_lock_exclusive()
    }
}

/// How a thread of an exploration asks for the lock.
impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    fn is_drained(&self, turn: &Scheduled) -> bool {
        turn.is_drained(ptr::from_ref(&self.record).addr())
    }

    /// Whether a thread may try the bare lock in this mode.
    pub(super) fn may_try(&self, turn: &Scheduled, mode: Mode) -> bool {
        RECURSIVE && mode == Mode::Shared || !self.is_drained(turn)
    }

    /// Whether a wait for the bare lock in this mode keeps new readers out. As in `parking_lot`, a writer queues before
    /// the readers that it keeps out only while no other writer and no upgradable reader has the lock.
    pub(super) fn drains(&self, turn: &Scheduled, mode: Mode) -> bool {
        let drains = mode == Mode::Exclusive
            && !self.is_drained(turn)
            && self.bare.try_lock_upgradable().is_some();
        if drains {
            // SAFETY: acquired just now, while no other thread of the exploration ran.
            unsafe { self.bare.unlock_upgradable(Default::default()) };
        }
        drains
    }
}

/// Defines the type that stands for the lock in one mode, and how the lock is acquired in that mode. The
/// parameters are the type, the mode and whether it writes; the calls of the bare lock; and the functions.
macro_rules! acquisitions {
    ($InMode:ident, $mode:expr, $writes:literal,
     $bare_lock:ident, $bare_try:ident, $spin:ident, $bare_for:ident, $bare_until:ident, $bare_unlock:ident,
     $at:ident, $again:ident) => {
        impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
            /// Acquires the lock for the call at `site`.
            #[inline(always)]
            pub(crate) fn $at(&self, site: Site) -> Hold {
                if !instrument::ON {
                    let _ = self.bare.$bare_lock();
                } else if self.$spin().is_none() {
                    return $crate::raw::slow::lock(&$InMode(self), site);
                }
                // Readers that overtake a queued writer never wait for each other.
                let known = if RECURSIVE {
                    self.record
                        .acquired_known::<false>($mode, AcquireKind::Blocking, site)
                } else {
                    self.record
                        .acquired_known::<$writes>($mode, AcquireKind::Blocking, site)
                };
                match known {
                    Some(hold) => hold,
                    // SAFETY: the bare lock was acquired just now.
                    None => unsafe { $crate::raw::slow::record_unknown(&$InMode(self), site) },
                }
            }

            /// Acquires, for the call at `site`, the lock that the same call has released. A
            /// deadlock is reported, and does not panic.
            #[inline]
            pub(crate) fn $again(&self, site: Site) -> Hold {
                $InMode(self).relock_at(site)
            }
        }

        /// The lock in this mode.
        struct $InMode<'a, const RECURSIVE: bool>(&'a RawRwLock<RECURSIVE>);

        impl<const RECURSIVE: bool> $crate::raw::bare::Bare for $InMode<'_, RECURSIVE> {
            #[inline]
            fn record(&self) -> &$crate::instrument::Lock {
                &self.0.record
            }

            #[inline]
            fn mode(&self) -> Mode {
                $mode
            }

            #[inline]
            fn attempt(&self) -> bool {
                self.0.bare.$bare_try().is_some()
            }

            #[inline]
            fn block(&self) {
                let _ = self.0.bare.$bare_lock();
            }

            #[inline]
            fn block_for(&self, timeout: Duration) -> bool {
                self.0.bare.$bare_for(timeout).is_some()
            }

            #[inline]
            fn block_until(&self, deadline: Instant) -> bool {
                self.0.bare.$bare_until(deadline).is_some()
            }

            #[inline]
            fn spin(&self) -> bool {
                self.0.$spin().is_some()
            }

            unsafe fn release(&self) {
                // SAFETY: the caller's promise.
                unsafe { self.0.bare.$bare_unlock(Default::default()) };
            }

            fn attempt_in_turn(&self, turn: &Scheduled) -> bool {
                self.0.may_try(turn, $mode) && self.attempt()
            }

            fn drains(&self, turn: &Scheduled) -> bool {
                self.0.drains(turn, $mode)
            }
        }
    };
}
pub(super) use acquisitions;

acquisitions! {
    Shared, Mode::Shared, false,
    lock_shared, try_lock_shared, spin_shared, try_lock_shared_for, try_lock_shared_until, unlock_shared,
    lock_shared_at, relock_shared
}

acquisitions! {
    Exclusive, Mode::Exclusive, true,
    lock_exclusive, try_lock_exclusive, spin_exclusive, try_lock_exclusive_for, try_lock_exclusive_until, unlock_exclusive,
    lock_exclusive_at, relock_exclusive
}

// SAFETY: every acquisition and every release is one of the bare lock, which is a `RawRwLock`
// itself; the record does not affect exclusion. `attempt` may unwind, and does so before the bare
// lock is called; `acquired` may unwind, and the bare lock is then released.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLock for RawRwLock<RECURSIVE> {
    // The class of a lock that is constructed by generic `lock_api` code is this line.
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = Self::new();

    type SharedGuard = Hold;
    type ExclusiveGuard = Hold;

    #[inline(always)]
    #[track_caller]
    fn lock_shared(&self) -> Hold {
        self.lock_shared_at(Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_shared(&self) -> Option<Hold> {
        Shared(self).try_lock_at(Location::caller())
    }

    #[inline(always)]
    unsafe fn unlock_shared(&self, hold: Hold) {
        self.record.released(hold);
        // SAFETY: the caller has a shared hold, so the bare lock is held that way.
        unsafe { self.bare.unlock_shared(Default::default()) };
    }

    #[inline(always)]
    #[track_caller]
    fn lock_exclusive(&self) -> Hold {
        self.lock_exclusive_at(Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive(&self) -> Option<Hold> {
        Exclusive(self).try_lock_at(Location::caller())
    }

    #[inline(always)]
    unsafe fn unlock_exclusive(&self, hold: Hold) {
        self.record.released(hold);
        // SAFETY: the caller has an exclusive hold, so the bare lock is held that way.
        unsafe { self.bare.unlock_exclusive(Default::default()) };
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.bare.is_locked()
    }

    #[inline]
    fn is_locked_exclusive(&self) -> bool {
        self.bare.is_locked_exclusive()
    }
}

// SAFETY: as for `RawRwLock` above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockFair for RawRwLock<RECURSIVE> {
    #[inline]
    unsafe fn unlock_shared_fair(&self, hold: Hold) {
        self.record.released(hold);
        // SAFETY: the caller has a shared hold, so the bare lock is held that way.
        unsafe { self.bare.unlock_shared_fair(Default::default()) };
    }

    #[inline]
    unsafe fn unlock_exclusive_fair(&self, hold: Hold) {
        self.record.released(hold);
        // SAFETY: the caller has an exclusive hold, so the bare lock is held that way.
        unsafe { self.bare.unlock_exclusive_fair(Default::default()) };
    }

    #[inline]
    #[track_caller]
    unsafe fn bump_shared(&self, hold: &mut Hold) {
        let site = Location::caller();
        // SAFETY: the caller has a shared hold, so the bare lock is held that way.
        let bump = || unsafe { self.bare.bump_shared(&mut Default::default()) };
        // SAFETY: hold, mode and bare lock agree.
        unsafe { bumped(&self.record, Mode::Shared, hold, site, bump) };
    }

    #[inline]
    #[track_caller]
    unsafe fn bump_exclusive(&self, hold: &mut Hold) {
        let site = Location::caller();
        // SAFETY: the caller has an exclusive hold, so the bare lock is held that way.
        let bump = || unsafe { self.bare.bump_exclusive(&mut Default::default()) };
        // SAFETY: hold, mode and bare lock agree.
        unsafe { bumped(&self.record, Mode::Exclusive, hold, site, bump) };
    }
}

// SAFETY: as for `RawRwLock` above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockDowngrade for RawRwLock<RECURSIVE> {
    #[inline]
    unsafe fn downgrade(&self, hold: Hold) -> Hold {
        // Before the bare lock changes, as at a release: a record never shows more than is held.
        self.record.converted(&hold, Mode::Shared);
        // SAFETY: the caller has an exclusive hold, so the bare lock is held that way.
        let _ = unsafe { self.bare.downgrade(Default::default()) };
        hold
    }
}

// SAFETY: as for `RawRwLock` above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockTimed for RawRwLock<RECURSIVE> {
    type Duration = Duration;
    type Instant = Instant;

    #[inline]
    #[track_caller]
    fn try_lock_shared_for(&self, timeout: Duration) -> Option<Hold> {
        Shared(self).lock_for_at(timeout, Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_shared_until(&self, timeout: Instant) -> Option<Hold> {
        Shared(self).lock_until_at(timeout, Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> Option<Hold> {
        Exclusive(self).lock_for_at(timeout, Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive_until(&self, timeout: Instant) -> Option<Hold> {
        Exclusive(self).lock_until_at(timeout, Location::caller())
    }
}
