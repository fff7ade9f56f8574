//! Raw condition variable: `parking_lot`'s, with a detector record.

#![allow(unsafe_code)]

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use lock_api::{RawCondvar as _, RawCondvarTimed as _};

use super::RawMutex;
use crate::instrument;
use crate::instrument::{AcquireKind, CondvarRecord, Hold, Site};
use crate::tracking::thread::remote_panic::Wake;

/// Raw condition variable: `parking_lot`'s, with a detector record.
///
/// Waits never wake spuriously, and the counts of woken threads are exact. So a wait that did not
/// time out was ended by a notification. The one exception is a thread that would have slept for
/// ever: when a deadlock is reported to a thread that waits here, all threads that wait here are
/// woken.
pub struct RawCondvar {
    bare: parking_lot::RawCondvar,
    record: CondvarRecord,
}

impl RawCondvar {
    /// Creates a condition variable whose class is the construction site.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            bare: parking_lot::RawCondvar::INIT,
            record: CondvarRecord::new(),
        }
    }

    /// Creates a condition variable whose class is `name`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Self {
        Self {
            bare: parking_lot::RawCondvar::INIT,
            record: CondvarRecord::named(name),
        }
    }

    /// Sets a label for this instance, which reports show.
    #[inline]
    pub(crate) fn set_label(&self, label: &str) {
        self.record.set_label(label);
    }

    /// Wakes all waiting threads, which would never be notified.
    ///
    /// # Safety
    ///
    /// `data` points at a condition variable.
    unsafe fn wake_all(data: *const ()) {
        // SAFETY: guaranteed by the caller.
        let condvar = unsafe { &*data.cast::<Self>() };
        condvar.record.woken(condvar.bare.notify_all());
    }

    /// Waits for the call at `site`.
    ///
    /// # Safety
    ///
    /// As for [`lock_api::RawCondvar::wait`].
    #[inline]
    pub(crate) unsafe fn wait_at(&self, mutex: &RawMutex, hold: &mut Hold, site: Site) {
        // Dropped at the end, on unwind too: the bare wait may panic, and holds the lock then.
        // SAFETY: this condition variable is borrowed until the record of the wait is dropped, which
        // disarms the remote panic.
        let wake = unsafe { Wake::new(Self::wake_all, std::ptr::from_ref(self).cast()) };
        let mut waiting =
            self.record
                .waiting_or(Some(wake), &mutex.record, hold, AcquireKind::Blocking, site);
        // SAFETY: the caller holds the mutex by `hold`, so its bare lock is held.
        unsafe { self.bare.wait(&mutex.bare, &mut Default::default()) };
        waiting.notified();
    }

    /// Waits until `deadline` for the call at `site`; returns whether the deadline was reached.
    ///
    /// # Safety
    ///
    /// As for [`lock_api::RawCondvar::wait`].
    #[inline]
    pub(crate) unsafe fn wait_until_at(
        &self,
        mutex: &RawMutex,
        hold: &mut Hold,
        deadline: &Instant,
        site: Site,
    ) -> bool {
        let mut waiting = self
            .record
            .waiting(&mutex.record, hold, AcquireKind::Timed, site);
        // SAFETY: the caller holds the mutex by `hold`, so its bare lock is held.
        let timed_out = unsafe {
            self.bare
                .wait_until(&mutex.bare, &mut Default::default(), deadline)
        };
        if !timed_out {
            waiting.notified();
        }
        timed_out
    }

    /// Waits for at most `timeout` for the call at `site`; returns whether that time has passed.
    ///
    /// # Safety
    ///
    /// As for [`lock_api::RawCondvar::wait`].
    #[inline]
    pub(crate) unsafe fn wait_for_at(
        &self,
        mutex: &RawMutex,
        hold: &mut Hold,
        timeout: &Duration,
        site: Site,
    ) -> bool {
        if !instrument::ON {
            // SAFETY: the caller holds the mutex by `hold`, so its bare lock is held.
            return unsafe {
                self.bare
                    .wait_for(&mutex.bare, &mut Default::default(), timeout)
            };
        }
        match Instant::now().checked_add(*timeout) {
            // SAFETY: guaranteed by the caller, under the same conditions.
            Some(deadline) => unsafe { self.wait_until_at(mutex, hold, &deadline, site) },
            None => {
                // A deadline that cannot be represented is never reached: the wait is unbounded.
                // SAFETY: guaranteed by the caller, under the same conditions.
                unsafe { self.wait_at(mutex, hold, site) };
                false
            }
        }
    }
}

impl Default for RawCondvar {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RawCondvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawCondvar").finish_non_exhaustive()
    }
}

// SAFETY: every wait is one of the bare condition variable, which is a `RawCondvar` itself, on the
// bare lock of the mutex. The record borrows the hold for the duration of the wait; afterwards, on
// unwind too, it is the hold of the new acquisition.
unsafe impl lock_api::RawCondvar for RawCondvar {
    // The class of a condition variable that is constructed by generic `lock_api` code is this
    // line.
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = Self::new();

    type RawMutex = RawMutex;

    #[inline]
    #[track_caller]
    unsafe fn wait(&self, mutex: &RawMutex, hold: &mut Hold) {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.wait_at(mutex, hold, Location::caller()) };
    }

    #[inline]
    #[track_caller]
    fn notify_one(&self) -> bool {
        let woken = self.record.notify(|| self.bare.notify_one().into());
        woken > 0
    }

    #[inline]
    #[track_caller]
    fn notify_all(&self) -> usize {
        self.record.notify(|| self.bare.notify_all())
    }
}

// SAFETY: as for `RawCondvar` above.
unsafe impl lock_api::RawCondvarTimed for RawCondvar {
    #[inline]
    fn checked_duration_to_instant(timeout: &Duration) -> Option<Instant> {
        Instant::now().checked_add(*timeout)
    }

    #[inline]
    #[track_caller]
    unsafe fn wait_until(&self, mutex: &RawMutex, hold: &mut Hold, deadline: &Instant) -> bool {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.wait_until_at(mutex, hold, deadline, Location::caller()) }
    }

    #[inline]
    #[track_caller]
    unsafe fn wait_for(&self, mutex: &RawMutex, hold: &mut Hold, timeout: &Duration) -> bool {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.wait_for_at(mutex, hold, timeout, Location::caller()) }
    }
}
