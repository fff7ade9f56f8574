//! The raw mutexes: `parking_lot`'s, each with a record of who holds it.

#![allow(unsafe_code)]

use std::fmt;
use std::ptr;
use std::time::{Duration, Instant};

use lock_api::{RawMutex as _, RawMutexTimed as _};

use super::call::Call;
use super::undo::Undo;
use crate::instrument;
use crate::instrument::{AcquireKind, Hold, Lock, LockKind, Mode, Site};

/// Defines a raw mutex over a bare one. They differ in the bare lock, in the kind that reports
/// speak of, and in where they learn of their caller: an expression that gives a [`Call`].
macro_rules! raw_mutex {
    ($(#[$doc:meta])* $name:ident, $bare:ty, $kind:expr, $call:expr) => {
        $(#[$doc])*
        // The record comes first: without instrumentation it has no size, and stands for the lock
        // by its address. Anywhere else, that could be the address of what lies behind the lock.
        #[repr(C)]
        pub struct $name {
            pub(crate) record: Lock,
            pub(crate) bare: $bare,
        }

        impl $name {
            /// An unlocked mutex whose class is the place of the call.
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn new() -> Self {
                Self { bare: <$bare as lock_api::RawMutex>::INIT, record: Lock::new(&$kind) }
            }

            /// An unlocked mutex whose class is `name`.
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn named(name: &'static str) -> Self {
                Self { bare: <$bare as lock_api::RawMutex>::INIT, record: Lock::named(&$kind, name) }
            }

            /// An unlocked mutex with this record.
            #[inline]
            #[allow(dead_code)] // Not every raw mutex lies under both flavours.
            pub(crate) const fn of(record: Lock) -> Self {
                Self { bare: <$bare as lock_api::RawMutex>::INIT, record }
            }

            /// Acquires the mutex for the call at `site`.
            // In a debug build a function of its own, as in `instrument::on::lock`.
            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub(crate) fn lock_at(&self, site: Site) -> Hold {
                if !instrument::ON {
                    let _ = self.bare.lock();
                } else if super::spin!(self.bare, try_lock, try_lock_for).is_none() {
                    return self.lock_contended(site);
                }
                match self.record.acquired_known::<false>(Mode::Exclusive, AcquireKind::Blocking, site) {
                    Some(hold) => hold,
                    None => self.record_checked(site),
                }
            }

            /// Records an acquisition of the bare lock that may show something new. Not cold: every lock
            /// comes here once.
            #[inline(never)]
            fn record_checked(&self, site: Site) -> Hold {
                if let Some(hold) = self.record.acquired_at_hand(Mode::Exclusive, site) {
                    return hold;
                }
                self.record_new(site)
            }

            #[cold]
            #[inline(never)]
            fn record_new(&self, site: Site) -> Hold {
                // SAFETY: the caller has acquired the bare lock, and this runs only if nobody is
                // told of that.
                let undo = Undo::new(|| unsafe { self.bare.unlock(Default::default()) });
                let hold = self.record.acquired(Mode::Exclusive, AcquireKind::Blocking, site);
                undo.disarm();
                hold
            }

            /// Acquires, for the call at `site`, the mutex that the caller let go of just now. A
            /// deadlock is reported, and does not panic.
            #[inline]
            pub(crate) fn relock(&self, site: Site) -> Hold {
                if !instrument::ON {
                    let _ = self.bare.lock();
                } else if super::spin!(self.bare, try_lock, try_lock_for).is_none() {
                    return self.relock_contended(site);
                }
                self.record.reacquired(Mode::Exclusive, site)
            }

            #[cold]
            fn lock_contended(&self, site: Site) -> Hold {
                let attempt = self.record.attempt(Mode::Exclusive, AcquireKind::Blocking, site);
                let _ = self.bare.lock();
                attempt.acquired()
            }

            #[cold]
            fn relock_contended(&self, site: Site) -> Hold {
                let attempt = self.record.attempt_reacquire(Mode::Exclusive, AcquireKind::Blocking, site);
                let _ = self.bare.lock();
                attempt.acquired()
            }

            #[cold]
            fn lock_timed(&self, deadline: Option<Instant>, site: Site) -> Option<Hold> {
                // A deadline that cannot be represented is never reached: the wait is unbounded.
                let Some(deadline) = deadline else { return Some(self.lock_contended(site)) };
                let attempt = self.record.attempt(Mode::Exclusive, AcquireKind::Timed, site);
                self.bare.try_lock_until(deadline).map(|_| attempt.acquired())
            }
        }

        impl Drop for $name {
            #[inline]
            fn drop(&mut self) {
                if instrument::ON {
                    self.record.retired(self.bare.is_locked());
                }
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
                f.debug_struct(stringify!($name)).field("locked", &self.bare.is_locked()).finish()
            }
        }

        // SAFETY: every acquisition and every release is one of the bare lock, which is a
        // `RawMutex` itself; the record takes no part in exclusion. `attempt` may unwind, and does
        // so before the bare lock is asked; `acquired` may, and the bare lock is then released.
        unsafe impl lock_api::RawMutex for $name {
            // A lock made through `lock_api` alone has this line for its class.
            #[allow(clippy::declare_interior_mutable_const)]
            const INIT: Self = Self::new();

            type Guard = Hold;

            #[inline(always)]
            #[track_caller]
            fn lock(&self) -> Hold {
                let call = $call;
                if call.again { self.relock(call.site) } else { self.lock_at(call.site) }
            }

            #[inline]
            #[track_caller]
            fn try_lock(&self) -> Option<Hold> {
                let site = $call.site;
                self.bare.try_lock()?;
                Some(self.record.acquired(Mode::Exclusive, AcquireKind::Try, site))
            }

            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            unsafe fn unlock(&self, hold: Hold) {
                self.record.released(hold);
                // SAFETY: the caller holds the lock by this hold, so the bare lock is held.
                unsafe { self.bare.unlock(Default::default()) };
            }

            #[inline]
            fn is_locked(&self) -> bool {
                self.bare.is_locked()
            }
        }

        // SAFETY: as for `RawMutex` above.
        unsafe impl lock_api::RawMutexFair for $name {
            #[inline]
            unsafe fn unlock_fair(&self, hold: Hold) {
                self.record.released(hold);
                // SAFETY: the caller holds the lock by this hold, so the bare lock is held.
                unsafe { self.bare.unlock_fair(Default::default()) };
            }

            #[inline]
            #[track_caller]
            unsafe fn bump(&self, hold: &mut Hold) {
                let site = $call.site;
                if !instrument::ON {
                    // SAFETY: the caller holds the lock.
                    return unsafe { self.bare.bump(&mut Default::default()) };
                }
                // SAFETY: the hold is read here and written below; nothing in between unwinds,
                // since `attempt_reacquire` and the bare lock do not.
                self.record.released(unsafe { ptr::read(hold) });
                let attempt = self.record.attempt_reacquire(Mode::Exclusive, AcquireKind::Blocking, site);
                // SAFETY: the bare lock is still held, and held again when this returns.
                unsafe { self.bare.bump(&mut Default::default()) };
                // SAFETY: the old value was moved out above.
                unsafe { ptr::write(hold, attempt.acquired()) };
            }
        }

        // SAFETY: as for `RawMutex` above.
        unsafe impl lock_api::RawMutexTimed for $name {
            type Duration = Duration;
            type Instant = Instant;

            #[inline]
            #[track_caller]
            fn try_lock_for(&self, timeout: Duration) -> Option<Hold> {
                let site = $call.site;
                if !instrument::ON {
                    self.bare.try_lock_for(timeout)?;
                } else if self.bare.try_lock().is_none() {
                    return self.lock_timed(Instant::now().checked_add(timeout), site);
                }
                Some(self.record.acquired(Mode::Exclusive, AcquireKind::Timed, site))
            }

            #[inline]
            #[track_caller]
            fn try_lock_until(&self, deadline: Instant) -> Option<Hold> {
                let site = $call.site;
                if !instrument::ON {
                    self.bare.try_lock_until(deadline)?;
                } else if self.bare.try_lock().is_none() {
                    return self.lock_timed(Some(deadline), site);
                }
                Some(self.record.acquired(Mode::Exclusive, AcquireKind::Timed, site))
            }
        }
    };
}

raw_mutex! {
    /// A raw mutex: `parking_lot`'s, with a record of who holds it.
    RawMutex, parking_lot::RawMutex, LockKind::MUTEX, Call::here()
}

raw_mutex! {
    /// A raw mutex that always unlocks fairly: `parking_lot`'s, with a record of who holds it.
    RawFairMutex, parking_lot::RawFairMutex, LockKind::FAIR_MUTEX, Call::here()
}

raw_mutex! {
    /// The inner lock of a reentrant mutex: `parking_lot`'s, with a record of who holds it.
    ///
    /// It is recorded once, from the first acquisition to the last release: `lock_api` counts the
    /// recursion on top of it, and a recursive acquisition can neither wait nor make an order.
    RawRemutex, parking_lot::RawMutex, LockKind::REENTRANT_MUTEX, Call::overridden()
}
