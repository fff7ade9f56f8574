//! Raw mutexes: `parking_lot`'s, each with a detector record.

#![allow(unsafe_code)]

use std::fmt;
use std::ptr;
use std::time::{Duration, Instant};

use lock_api::{RawMutex as _, RawMutexFair as _, RawMutexTimed as _};

use super::bare::Bare;
use super::call::Call;
use super::slow;
use crate::instrument;
use crate::instrument::{AcquireKind, Hold, Lock, LockKind, Mode, Site};

/// Raw mutex: `parking_lot`'s, with a detector record.
// The record is the first field: without instrumentation it is zero-sized, and its address identifies
// the lock. At another offset, that could be the address of the value after the lock.
#[repr(C)]
pub struct RawMutex {
    pub(crate) record: Lock,
    pub(super) bare: parking_lot::RawMutex,
}

impl RawMutex {
    /// Creates an unlocked mutex with this record.
    #[inline(always)]
    pub(crate) const fn of(record: Lock) -> Self {
        Self {
            bare: parking_lot::RawMutex::INIT,
            record,
        }
    }

    /// Returns the detector record.
    #[inline(always)]
    pub(crate) const fn record(&self) -> &Lock {
        &self.record
    }

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
            None => slow::record(self, site),
        }
    }

    /// Acquires, for the call at `site`, the mutex that the caller let go of just now. A deadlock is
    /// reported, and does not panic.
    #[inline]
    pub(crate) fn relock(&self, site: Site) -> Hold {
        if !instrument::ON {
            let _ = self.bare.lock();
        } else if super::spin!(self.bare, try_lock, try_lock_for).is_none() {
            return slow::relock(self, site);
        }
        match self.record.acquired_exclusively(site) {
            Some(hold) => hold,
            None => slow::record_again(self, site),
        }
    }

    /// Acquires the mutex for the call at `site`, if that is possible without waiting.
    #[inline]
    fn try_lock_at(&self, site: Site) -> Option<Hold> {
        if self.bare.try_lock().is_some() {
            self.granted(AcquireKind::Try, site)
        } else if instrument::ON {
            slow::try_lock(self, site)
        } else {
            None
        }
    }

    /// Acquires the mutex for the call at `site`, unless `timeout` passes first.
    #[inline]
    fn lock_for_at(&self, timeout: Duration, site: Site) -> Option<Hold> {
        if !instrument::ON {
            self.bare.try_lock_for(timeout)?;
        } else if self.bare.try_lock().is_none() {
            return slow::lock_until(self, slow::deadline(timeout), site);
        }
        self.granted(AcquireKind::Timed, site)
    }

    /// Acquires the mutex for the call at `site`, unless the deadline comes first.
    #[inline]
    fn lock_until_at(&self, deadline: Instant, site: Site) -> Option<Hold> {
        if !instrument::ON {
            self.bare.try_lock_until(deadline)?;
        } else if self.bare.try_lock().is_none() {
            return slow::lock_until(self, Some(deadline), site);
        }
        self.granted(AcquireKind::Timed, site)
    }

    /// Records an acquisition of the bare lock by a try or with a limit.
    #[inline(always)]
    fn granted(&self, kind: AcquireKind, site: Site) -> Option<Hold> {
        match self
            .record
            .acquired_known::<false>(Mode::Exclusive, kind, site)
        {
            Some(hold) => Some(hold),
            None => slow::record_try(self, kind, site),
        }
    }

    /// Lets a waiting thread have the mutex for a while, for the call at `site`.
    ///
    /// # Safety
    ///
    /// `hold` is a hold of this mutex.
    #[inline]
    unsafe fn bump_at(&self, hold: &mut Hold, site: Site) {
        if !instrument::ON {
            // SAFETY: the caller holds the lock.
            return unsafe { self.bare.bump(&mut Default::default()) };
        }
        // SAFETY: the hold is read here and written below; nothing in between unwinds, since
        // `attempt_reacquire` and the bare lock do not.
        self.record.released(unsafe { ptr::read(hold) });
        let attempt = self
            .record
            .attempt_reacquire(Mode::Exclusive, AcquireKind::Blocking, site);
        // SAFETY: the bare lock is held here, and held again when this returns.
        unsafe { self.bare.bump(&mut Default::default()) };
        // SAFETY: the old value was moved out above.
        unsafe { ptr::write(hold, attempt.acquired()) };
    }
}

impl Bare for RawMutex {
    fn record(&self) -> &Lock {
        &self.record
    }

    fn mode(&self) -> Mode {
        Mode::Exclusive
    }

    fn attempt(&self) -> bool {
        self.bare.try_lock().is_some()
    }

    fn block(&self) {
        let _ = self.bare.lock();
    }

    fn block_until(&self, deadline: Instant) -> bool {
        self.bare.try_lock_until(deadline).is_some()
    }

    unsafe fn release(&self) {
        // SAFETY: the caller's promise.
        unsafe { self.bare.unlock(Default::default()) };
    }
}

impl Drop for RawMutex {
    #[inline]
    fn drop(&mut self) {
        if instrument::ON {
            self.record.retired(self.bare.is_locked());
        }
    }
}

/// Raw mutex that always unlocks fairly: `parking_lot`'s, with a detector record.
#[repr(transparent)]
pub struct RawFairMutex {
    pub(crate) mutex: RawMutex,
}

impl RawFairMutex {
    #[inline(always)]
    const fn of(record: Lock) -> Self {
        Self {
            mutex: RawMutex::of(record),
        }
    }

    /// Returns the detector record.
    #[inline]
    pub(crate) const fn record(&self) -> &Lock {
        &self.mutex.record
    }

    /// Acquires the mutex for the call at `site`.
    #[inline]
    pub(crate) fn lock_at(&self, site: Site) -> Hold {
        self.mutex.lock_at(site)
    }

    /// Does what [`RawMutex::relock`] does.
    #[inline]
    pub(crate) fn relock(&self, site: Site) -> Hold {
        self.mutex.relock(site)
    }
}

/// Inner lock of a reentrant mutex: `parking_lot`'s, with a detector record.
///
/// The record shows one hold, from the first acquisition to the last release: `lock_api` counts the
/// recursion on top of it, and a recursive acquisition can neither wait nor add an edge.
#[repr(transparent)]
pub struct RawRemutex {
    pub(crate) mutex: RawMutex,
}

impl RawRemutex {
    #[inline(always)]
    const fn of(record: Lock) -> Self {
        Self {
            mutex: RawMutex::of(record),
        }
    }

    /// Returns the detector record.
    #[inline]
    pub(crate) const fn record(&self) -> &Lock {
        &self.mutex.record
    }
}

/// Defines what all raw mutexes have. The parameters are the type, and its field if it has a [`RawMutex`]
/// within; the lock kind in reports; an expression that returns the [`Call`]; and how the bare lock is
/// released.
macro_rules! raw_mutex {
    ($name:ident $(. $mutex:ident)?, $kind:expr, $call:expr, $unlock:ident) => {
        impl $name {
            /// Creates an unlocked mutex whose class is the construction site.
            #[inline]
            #[must_use]
            #[track_caller]
            pub const fn new() -> Self {
                Self::of(Lock::new(&$kind))
            }

            /// Creates an unlocked mutex around a value of type `T`, whose class is the construction site and `T`.
            #[inline]
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
                    self $(.$mutex)?.relock(call.site)
                } else {
                    self $(.$mutex)?.lock_at(call.site)
                }
            }

            #[inline]
            #[track_caller]
            fn try_lock(&self) -> Option<Hold> {
                self $(.$mutex)?.try_lock_at($call.site)
            }

            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            unsafe fn unlock(&self, hold: Hold) {
                self $(.$mutex)?.record.released(hold);
                // SAFETY: the caller holds the lock by this hold, so the bare lock is held.
                unsafe { self $(.$mutex)?.bare.$unlock(Default::default()) };
            }

            #[inline]
            fn is_locked(&self) -> bool {
                self $(.$mutex)?.bare.is_locked()
            }
        }

        // SAFETY: as for `RawMutex` above.
        unsafe impl lock_api::RawMutexFair for $name {
            #[inline]
            unsafe fn unlock_fair(&self, hold: Hold) {
                self $(.$mutex)?.record.released(hold);
                // SAFETY: the caller holds the lock by this hold, so the bare lock is held.
                unsafe { self $(.$mutex)?.bare.unlock_fair(Default::default()) };
            }

            #[inline]
            #[track_caller]
            unsafe fn bump(&self, hold: &mut Hold) {
                // SAFETY: guaranteed by the caller, under the same conditions.
                unsafe { self $(.$mutex)?.bump_at(hold, $call.site) };
            }
        }

        // SAFETY: as for `RawMutex` above.
        unsafe impl lock_api::RawMutexTimed for $name {
            type Duration = Duration;
            type Instant = Instant;

            #[inline]
            #[track_caller]
            fn try_lock_for(&self, timeout: Duration) -> Option<Hold> {
                self $(.$mutex)?.lock_for_at(timeout, $call.site)
            }

            #[inline]
            #[track_caller]
            fn try_lock_until(&self, deadline: Instant) -> Option<Hold> {
                self $(.$mutex)?.lock_until_at(deadline, $call.site)
            }
        }
    };
}

raw_mutex!(RawMutex, LockKind::MUTEX, Call::here(), unlock);
raw_mutex!(
    RawFairMutex.mutex,
    LockKind::FAIR_MUTEX,
    Call::here(),
    unlock_fair
);
raw_mutex!(
    RawRemutex.mutex,
    LockKind::REENTRANT_MUTEX,
    Call::overridden(),
    unlock
);
