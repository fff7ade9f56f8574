//! Raw mutexes: `parking_lot`'s, each with a detector record.

#![allow(unsafe_code)]

use std::fmt;
use std::time::{Duration, Instant};

use lock_api::{RawMutex as _, RawMutexFair as _, RawMutexTimed as _};

use super::bare::{Bare, bumped};
use super::call::Call;
use super::slow;
use super::ways::Ways;
use crate::instrument;
use crate::instrument::{Hold, Lock, LockKind, Mode, Site};

/// What the raw mutexes have in common: a bare lock, and its record.
// The record is the first field: without instrumentation it is zero-sized, and its address identifies
// the lock. At another offset, that could be the address of the value after the lock.
#[repr(C)]
pub(crate) struct Inner {
    pub(crate) record: Lock,
    pub(super) bare: parking_lot::RawMutex,
}

impl Inner {
    /// Acquires the mutex for the call at `site`.
    // A separate function in a debug build, as in `instrument::on::lock`.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub(crate) fn lock_at(&self, site: Site) -> Hold {
        if !instrument::ON {
            let _ = self.bare.lock();
        } else if super::spin!(self.bare, try_lock, try_lock_for).is_none() {
            return slow::lock(self, site);
        }
        match self.record.acquired_exclusively(site) {
            Some(hold) => hold,
            // The compiler has established this at the call before.
            None if self.record.is_outermost() => self.record_alone(site),
            None => self.record_checked(site),
        }
    }

    /// Records an acquisition of the bare lock that may add an edge. Not cold: every lock gets here
    /// once.
    // In a debug build what it calls is a separate function.
    #[cfg_attr(debug_assertions, inline(always))]
    #[cfg_attr(not(debug_assertions), inline(never))]
    fn record_checked(&self, site: Site) -> Hold {
        match self.record.acquired_at_hand(Mode::Exclusive, site) {
            Some(hold) => hold,
            None => self.record_remembered(site),
        }
    }

    /// Records an acquisition of the bare lock under no other. Separate functions, so that neither takes
    /// registers from the other.
    #[cfg_attr(debug_assertions, inline(always))]
    #[cfg_attr(not(debug_assertions), inline(never))]
    fn record_alone(&self, site: Site) -> Hold {
        match self.record.acquired_alone(Mode::Exclusive, site) {
            Some(hold) => hold,
            None => self.record_remembered(site),
        }
    }

    #[inline(never)]
    fn record_remembered(&self, site: Site) -> Hold {
        match self.record.acquired_remembered(Mode::Exclusive, site) {
            Some(hold) => hold,
            // SAFETY: `lock_at`, which alone leads here, has acquired the bare lock.
            None => unsafe { slow::record(self, site) },
        }
    }
}

impl Bare for Inner {
    #[inline]
    fn record(&self) -> &Lock {
        &self.record
    }

    #[inline]
    fn mode(&self) -> Mode {
        Mode::Exclusive
    }

    #[inline]
    fn attempt(&self) -> bool {
        self.bare.try_lock().is_some()
    }

    #[inline]
    fn block(&self) {
        let _ = self.bare.lock();
    }

    #[inline]
    fn block_for(&self, timeout: Duration) -> bool {
        self.bare.try_lock_for(timeout).is_some()
    }

    #[inline]
    fn block_until(&self, deadline: Instant) -> bool {
        self.bare.try_lock_until(deadline).is_some()
    }

    #[inline]
    fn spin(&self) -> bool {
        super::spin!(self.bare, try_lock, try_lock_for).is_some()
    }

    unsafe fn release(&self) {
        // Fair for all three mutexes: a fair mutex must release so, and for the others these paths are rare.
        // SAFETY: the caller's promise.
        unsafe { self.bare.unlock_fair(Default::default()) };
    }
}

impl Drop for Inner {
    #[inline]
    fn drop(&mut self) {
        if instrument::ON {
            self.record.retired(self.bare.is_locked());
        }
    }
}

/// Defines a raw mutex. The parameters are the type, the lock kind in reports, an expression that returns
/// the [`Call`], and how the bare lock is released.
macro_rules! raw_mutex {
    ($(#[$doc:meta])* $name:ident, $kind:expr, $call:expr, $unlock:ident) => {
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name {
            pub(crate) inner: Inner,
        }

        impl $name {
            /// Creates an unlocked mutex whose class is the construction site.
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn new() -> Self {
                Self::of(Lock::new(&$kind))
            }

            /// Creates an unlocked mutex around a value of type `T`, whose class is the construction site and `T`.
            #[inline(always)]
            #[must_use]
            #[track_caller]
            pub(crate) const fn around<T: ?Sized>() -> Self {
                Self::of(Lock::around::<T>(&$kind))
            }

            /// Creates an unlocked mutex whose class is `name`.
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn named(name: &'static str) -> Self {
                Self::of(Lock::named(&$kind, name))
            }

            /// Creates an unlocked mutex with this record.
            #[inline(always)]
            pub(crate) const fn of(record: Lock) -> Self {
                Self { inner: Inner { bare: parking_lot::RawMutex::INIT, record } }
            }

            /// Returns the detector record.
            #[inline]
            pub(crate) const fn record(&self) -> &Lock {
                &self.inner.record
            }

            /// Acquires the mutex for the call at `site`.
            #[inline(always)]
            #[allow(dead_code)] // A reentrant mutex acquires it through `lock_api`.
            pub(crate) fn lock_at(&self, site: Site) -> Hold {
                self.inner.lock_at(site)
            }

            /// Acquires, for the call at `site`, the mutex that the same call has released. A deadlock
            /// is reported, and does not panic.
            #[inline]
            #[allow(dead_code)] // As above.
            pub(crate) fn relock(&self, site: Site) -> Hold {
                self.inner.relock_at(site)
            }
        }

        impl Default for $name {
            #[track_caller]
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).field("locked", &self.is_locked()).finish()
            }
        }

        // SAFETY: every acquisition and every release is one of the bare lock, which is a `RawMutex`
        // itself; the record does not affect exclusion. `attempt` may unwind, and does so before the bare
        // lock is called; `acquired` may unwind, and the bare lock is then released.
        unsafe impl lock_api::RawMutex for $name {
            // The class of a lock that is constructed by generic `lock_api` code is this line.
            #[allow(clippy::declare_interior_mutable_const)]
            const INIT: Self = Self::new();

            type Guard = Hold;

            #[inline(always)]
            #[track_caller]
            fn lock(&self) -> Hold {
                let call = $call;
                if call.again {
                    self.inner.relock_at(call.site)
                } else {
                    self.inner.lock_at(call.site)
                }
            }

            #[inline]
            #[track_caller]
            fn try_lock(&self) -> Option<Hold> {
                self.inner.try_lock_at($call.site)
            }

            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            unsafe fn unlock(&self, hold: Hold) {
                self.inner.record.released(hold);
                // SAFETY: the caller holds the lock by this hold, so the bare lock is held.
                unsafe { self.inner.bare.$unlock(Default::default()) };
            }

            #[inline]
            fn is_locked(&self) -> bool {
                self.inner.bare.is_locked()
            }
        }

        // SAFETY: as for `RawMutex` above.
        unsafe impl lock_api::RawMutexFair for $name {
            #[inline]
            unsafe fn unlock_fair(&self, hold: Hold) {
                self.inner.record.released(hold);
                // SAFETY: the caller holds the lock by this hold, so the bare lock is held.
                unsafe { self.inner.bare.unlock_fair(Default::default()) };
            }

            #[inline]
            #[track_caller]
            unsafe fn bump(&self, hold: &mut Hold) {
                let site = $call.site;
                // SAFETY: the caller holds the lock, so the bare lock is held.
                let bump = || unsafe { self.inner.bare.bump(&mut Default::default()) };
                // SAFETY: hold and bare lock agree, and a mutex is held exclusively.
                unsafe { bumped(&self.inner.record, Mode::Exclusive, hold, site, bump) };
            }
        }

        // SAFETY: as for `RawMutex` above.
        unsafe impl lock_api::RawMutexTimed for $name {
            type Duration = Duration;
            type Instant = Instant;

            #[inline]
            #[track_caller]
            fn try_lock_for(&self, timeout: Duration) -> Option<Hold> {
                self.inner.lock_for_at(timeout, $call.site)
            }

            #[inline]
            #[track_caller]
            fn try_lock_until(&self, deadline: Instant) -> Option<Hold> {
                self.inner.lock_until_at(deadline, $call.site)
            }
        }
    };
}

raw_mutex! {
    /// Raw mutex: `parking_lot`'s, with a detector record.
    RawMutex, LockKind::MUTEX, Call::here(), unlock
}

raw_mutex! {
    /// Raw mutex that always unlocks fairly: `parking_lot`'s, with a detector record.
    RawFairMutex, LockKind::FAIR_MUTEX, Call::here(), unlock_fair
}

raw_mutex! {
    /// Inner lock of a reentrant mutex: `parking_lot`'s, with a detector record.
    ///
    /// The record shows one hold, from the first acquisition to the last release: `lock_api` counts
    /// the recursion on top of it, and a recursive acquisition can neither wait nor add an edge.
    RawRemutex, LockKind::REENTRANT_MUTEX, Call::overridden(), unlock
}
