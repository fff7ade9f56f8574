//! Raw mutexes: `parking_lot`'s, each with a detector record.

#![allow(unsafe_code)]

use std::fmt;
use std::ptr;
use std::time::{Duration, Instant};

use lock_api::{RawMutex as _, RawMutexTimed as _};

use super::call::Call;
use super::in_turn::Acquisition;
use super::undo::Undo;
use crate::instrument;
use crate::instrument::{AcquireKind, Hold, Lock, LockKind, Mode, Scheduled, Site};

/// Defines a raw mutex over a bare one. Its parameters are the bare lock, the lock kind in reports,
/// and an expression that returns the [`Call`].
macro_rules! raw_mutex {
    ($(#[$doc:meta])* $name:ident, $bare:ty, $kind:expr, $call:expr) => {
        $(#[$doc])*
        // The record is the first field: without instrumentation it is zero-sized, and its address
        // identifies the lock. At another offset, that could be the address of the value after the
        // lock.
        #[repr(C)]
        pub struct $name {
            pub(crate) record: Lock,
            pub(crate) bare: $bare,
        }

        impl $name {
            /// Creates an unlocked mutex whose class is the construction site.
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn new() -> Self {
                Self { bare: <$bare as lock_api::RawMutex>::INIT, record: Lock::new(&$kind) }
            }

            /// Creates an unlocked mutex around a value of type `T`, whose class is the construction site and `T`.
            #[inline]
            #[must_use]
            #[track_caller]
            #[allow(dead_code)] // `sync` makes the record itself.
            pub(crate) const fn around<T: ?Sized>() -> Self {
                Self::of(Lock::around::<T>(&$kind))
            }

            /// Creates an unlocked mutex whose class is `name`.
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn named(name: &'static str) -> Self {
                Self { bare: <$bare as lock_api::RawMutex>::INIT, record: Lock::named(&$kind, name) }
            }

            /// Creates an unlocked mutex with this record.
            #[inline]
            #[allow(dead_code)] // Only some raw mutexes are used by both `sync` and `parking_lot`.
            pub(crate) const fn of(record: Lock) -> Self {
                Self { bare: <$bare as lock_api::RawMutex>::INIT, record }
            }

            /// Acquires the mutex for the call at `site`.
            // A separate function in a debug build, as in `instrument::on::lock`.
            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            pub(crate) fn lock_at(&self, site: Site) -> Hold {
                if !instrument::ON {
                    let _ = self.bare.lock();
                } else if super::spin!(self.bare, try_lock, try_lock_for).is_none() {
                    return self.lock_contended(site);
                }
                match self.record.acquired_exclusively(site) {
                    Some(hold) => hold,
                    // The compiler has established this at the call before.
                    None if self.record.is_outermost() => self.record_alone(site),
                    None => self.record_checked(site),
                }
            }

            /// Records an acquisition of the bare lock that may add an edge. Not cold: every lock
            /// gets here once.
            #[inline(never)]
            fn record_checked(&self, site: Site) -> Hold {
                match self.record.acquired_at_hand(Mode::Exclusive, site) {
                    Some(hold) => hold,
                    None => self.record_remembered(site),
                }
            }

            /// Records an acquisition of the bare lock under no other. Separate functions, so that neither takes
            /// registers from the other.
            #[inline(never)]
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
                    None => self.record_new(site),
                }
            }

            #[cold]
            #[inline(never)]
            fn record_new(&self, site: Site) -> Hold {
                if let Some(turn) = Scheduled::here() {
                    // SAFETY: the caller has acquired the bare lock, and it is not recorded as held.
                    unsafe { self.bare.unlock(Default::default()) };
                    return self.lock_in_turn(&turn, false, site);
                }
                self.record_fresh(AcquireKind::Blocking, site)
            }

            /// Records an acquisition of the bare lock, which it releases if that unwinds.
            fn record_fresh(&self, kind: AcquireKind, site: Site) -> Hold {
                // SAFETY: the caller has acquired the bare lock, and this runs only if `acquired`
                // unwinds, so that no hold is returned for it.
                let undo = Undo::new(|| unsafe { self.bare.unlock(Default::default()) });
                let hold = self.record.acquired(Mode::Exclusive, kind, site);
                undo.disarm();
                hold
            }

            /// How a thread of an exploration asks for the mutex, by tries of the bare lock.
            fn in_turn<'a>(&'a self, attempt: &'a dyn Fn() -> bool, site: Site) -> Acquisition<'a> {
                Acquisition {
                    record: &self.record,
                    mode: Mode::Exclusive,
                    site,
                    attempt,
                    drains: &|| false,
                }
            }

            #[cold]
            fn lock_in_turn(&self, turn: &Scheduled, again: bool, site: Site) -> Hold {
                let attempt = || self.bare.try_lock().is_some();
                let block = || { let _ = self.bare.lock(); };
                let fresh = || match again {
                    true => self.record.reacquired(Mode::Exclusive, site),
                    false => self.record_fresh(AcquireKind::Blocking, site),
                };
                self.in_turn(&attempt, site).blocking(turn, again, &block, &fresh)
            }

            /// Records an acquisition of the bare lock by a try or with a limit, if the fast path did
            /// not.
            #[cold]
            #[inline(never)]
            fn try_new(&self, kind: AcquireKind, site: Site) -> Option<Hold> {
                if let Some(turn) = Scheduled::here() {
                    // SAFETY: the caller has acquired the bare lock, and it is not recorded as held.
                    unsafe { self.bare.unlock(Default::default()) };
                    return self.try_in_turn(&turn, kind, site);
                }
                Some(self.record.acquired(Mode::Exclusive, kind, site))
            }

            fn try_in_turn(&self, turn: &Scheduled, kind: AcquireKind, site: Site) -> Option<Hold> {
                let attempt = || self.bare.try_lock().is_some();
                let fresh = || self.record.acquired(Mode::Exclusive, kind, site);
                match kind {
                    AcquireKind::Timed => self.in_turn(&attempt, site).timed(turn, &fresh),
                    _ => self.in_turn(&attempt, site).tried(turn, &fresh),
                }
            }

            /// A try that has failed: a thread of an exploration makes it at its turn.
            #[cold]
            fn try_failed(&self, site: Site) -> Option<Hold> {
                self.try_in_turn(&Scheduled::here()?, AcquireKind::Try, site)
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
                match self.record.acquired_exclusively(site) {
                    Some(hold) => hold,
                    None => self.lock_again_new(site),
                }
            }

            #[cold]
            #[inline(never)]
            fn lock_again_new(&self, site: Site) -> Hold {
                if let Some(turn) = Scheduled::here() {
                    // SAFETY: the caller has acquired the bare lock, and it is not recorded as held.
                    unsafe { self.bare.unlock(Default::default()) };
                    return self.lock_in_turn(&turn, true, site);
                }
                self.record.reacquired(Mode::Exclusive, site)
            }

            #[cold]
            fn lock_contended(&self, site: Site) -> Hold {
                if let Some(turn) = Scheduled::here() {
                    return self.lock_in_turn(&turn, false, site);
                }
                let attempt = self.record.attempt(Mode::Exclusive, AcquireKind::Blocking, site);
                let _ = self.bare.lock();
                attempt.acquired()
            }

            #[cold]
            fn relock_contended(&self, site: Site) -> Hold {
                if let Some(turn) = Scheduled::here() {
                    return self.lock_in_turn(&turn, true, site);
                }
                let attempt = self.record.attempt_reacquire(Mode::Exclusive, AcquireKind::Blocking, site);
                let _ = self.bare.lock();
                attempt.acquired()
            }

            #[cold]
            fn lock_timed(&self, deadline: Option<Instant>, site: Site) -> Option<Hold> {
                // A deadline that cannot be represented is never reached: the wait is unbounded.
                let Some(deadline) = deadline else { return Some(self.lock_contended(site)) };
                if let Some(turn) = Scheduled::here() {
                    return self.try_in_turn(&turn, AcquireKind::Timed, site);
                }
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
        // `RawMutex` itself; the record does not affect exclusion. `attempt` may unwind, and does
        // so before the bare lock is called; `acquired` may unwind, and the bare lock is then
        // released.
        unsafe impl lock_api::RawMutex for $name {
            // The class of a lock that is constructed by generic `lock_api` code is this line.
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
                if self.bare.try_lock().is_none() {
                    return if instrument::ON { self.try_failed(site) } else { None };
                }
                match self.record.acquired_known::<false>(Mode::Exclusive, AcquireKind::Try, site) {
                    Some(hold) => Some(hold),
                    None => self.try_new(AcquireKind::Try, site),
                }
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
                // SAFETY: the bare lock is held here, and held again when this returns.
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
                match self.record.acquired_known::<false>(Mode::Exclusive, AcquireKind::Timed, site) {
                    Some(hold) => Some(hold),
                    None => self.try_new(AcquireKind::Timed, site),
                }
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
                match self.record.acquired_known::<false>(Mode::Exclusive, AcquireKind::Timed, site) {
                    Some(hold) => Some(hold),
                    None => self.try_new(AcquireKind::Timed, site),
                }
            }
        }
    };
}

raw_mutex! {
    /// Raw mutex: `parking_lot`'s, with a detector record.
    RawMutex, parking_lot::RawMutex, LockKind::MUTEX, Call::here()
}

raw_mutex! {
    /// Raw mutex that always unlocks fairly: `parking_lot`'s, with a detector record.
    RawFairMutex, parking_lot::RawFairMutex, LockKind::FAIR_MUTEX, Call::here()
}

raw_mutex! {
    /// Inner lock of a reentrant mutex: `parking_lot`'s, with a detector record.
    ///
    /// The record shows one hold, from the first acquisition to the last release: `lock_api` counts
    /// the recursion on top of it, and a recursive acquisition can neither wait nor add an edge.
    RawRemutex, parking_lot::RawMutex, LockKind::REENTRANT_MUTEX, Call::overridden()
}
