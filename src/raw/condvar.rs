//! Raw condition variable: `parking_lot`'s, with a detector record.

#![allow(unsafe_code)]

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use lock_api::{RawCondvar as _, RawCondvarTimed as _, RawMutex as _};

use super::RawMutex;
use super::slow::deadline;
use crate::instrument;
use crate::instrument::Wake;
use crate::instrument::{AcquireKind, CondvarRecord, Hold, Scheduled, Site};

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
        let turn = Scheduled::here();
        if let Some(turn) = &turn {
            turn.point();
            turn.note_condvar("sleeps on", &self.record, site);
        }
        // Dropped at the end, on unwind too: the bare wait may panic, and has the lock then.
        // SAFETY: this condition variable is borrowed until the record of the wait is gone, which
        // takes the alarm back.
        let wake = unsafe { Wake::new(Self::wake_all, std::ptr::from_ref(self).cast()) };
        let mut waiting = self.record.waiting_or(
            Some(wake),
            &mutex.inner.record,
            hold,
            AcquireKind::Blocking,
            site,
        );
        if let Some(turn) = &turn {
            // SAFETY: the caller holds the mutex by `hold`, so its bare lock is held.
            if unsafe { self.wait_in_turn(turn, mutex, false, site) } {
                waiting.notified();
            }
            drop(waiting);
            turn.acquired();
            return;
        }
        // SAFETY: the caller holds the mutex by `hold`, so its bare lock is held.
        unsafe { self.bare.wait(&mutex.inner.bare, &mut Default::default()) };
        waiting.notified();
    }

    /// Waits in a thread of an exploration, which never blocks; whether it was notified. One that has a
    /// limit waits until it has its turn again. The bare lock is held again in any case, on unwind too;
    /// without a notification, if the scheduler controls nothing any more.
    ///
    /// # Safety
    ///
    /// The bare lock of `mutex` is held by the calling thread.
    #[cold]
    unsafe fn wait_in_turn(
        &self,
        turn: &Scheduled,
        mutex: &RawMutex,
        has_limit: bool,
        site: Site,
    ) -> bool {
        let condvar = std::ptr::from_ref(self).addr();
        // SAFETY: the caller's promise.
        let unlock = || unsafe { mutex.inner.bare.unlock(Default::default()) };
        let try_lock = || mutex.inner.bare.try_lock().is_some();
        let lock = || {
            let _ = mutex.inner.bare.lock();
        };
        let back = (&mutex.inner.record, site);
        turn.sleep(condvar, has_limit, back, unlock, try_lock, lock)
    }

    /// Lets a thread of an exploration notify one thread of it that waits here, or all: how many.
    fn notify_in_turn(&self, all: bool) -> usize {
        Scheduled::here().map_or(0, |turn| turn.notify(std::ptr::from_ref(self).addr(), all))
    }

    /// Waits until `deadline` for the call at `site`; returns whether that was reached.
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
        let turn = Scheduled::here();
        if let Some(turn) = &turn {
            turn.note_try();
            turn.point();
            turn.note_condvar("sleeps on", &self.record, site);
        }
        let mut waiting = self
            .record
            .waiting(&mutex.inner.record, hold, AcquireKind::Timed, site);
        let timed_out = match &turn {
            // SAFETY: the caller holds the mutex by `hold`, so its bare lock is held.
            Some(turn) => unsafe { !self.wait_in_turn(turn, mutex, true, site) },
            // SAFETY: as above.
            None => unsafe {
                self.bare
                    .wait_until(&mutex.inner.bare, &mut Default::default(), deadline)
            },
        };
        if !timed_out {
            waiting.notified();
        }
        drop(waiting);
        if let Some(turn) = &turn {
            turn.acquired();
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
                    .wait_for(&mutex.inner.bare, &mut Default::default(), timeout)
            };
        }
        match deadline(*timeout) {
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
        let woken = self.record.notify(|| match self.notify_in_turn(false) {
            0 => self.bare.notify_one().into(),
            notified => notified,
        });
        woken > 0
    }

    #[inline]
    #[track_caller]
    fn notify_all(&self) -> usize {
        self.record
            .notify(|| self.notify_in_turn(true) + self.bare.notify_all())
    }
}

// SAFETY: as for `RawCondvar` above.
unsafe impl lock_api::RawCondvarTimed for RawCondvar {
    #[inline]
    fn checked_duration_to_instant(timeout: &Duration) -> Option<Instant> {
        deadline(*timeout)
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
