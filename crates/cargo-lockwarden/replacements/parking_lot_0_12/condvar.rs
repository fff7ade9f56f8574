//! Condition variables: the original's, with a record.

use std::fmt;
use std::ops::DerefMut;
use std::panic::Location;
use std::time::{Duration, Instant};

use lock_api::watched;
use lock_api::RawMutex as _;
use lockwarden::instrument::{AcquireKind, CondvarRecord, Scheduled, Site, Wake};
use parking_lot_original::MutexGuard;

/// Whether a wait with a limit has ended by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the limit was over.
    #[inline]
    pub fn timed_out(self) -> bool {
        self.0
    }
}

/// A condition variable.
pub struct Condvar {
    signal: CondvarRecord,
    original: parking_lot_original::Condvar,
}

impl Condvar {
    /// A condition variable that no thread waits for.
    #[inline]
    #[track_caller]
    pub const fn new() -> Condvar {
        Condvar {
            signal: CondvarRecord::new(),
            original: parking_lot_original::Condvar::new(),
        }
    }

    /// Wakes one thread; says whether there was one.
    #[inline]
    pub fn notify_one(&self) -> bool {
        let wake = || match self.notify_in_turn(false) {
            0 => usize::from(self.original.notify_one()),
            notified => notified,
        };
        self.signal.notify(wake) > 0
    }

    /// Wakes all threads; says how many there were.
    #[inline]
    pub fn notify_all(&self) -> usize {
        self.signal
            .notify(|| self.notify_in_turn(true) + self.original.notify_all())
    }

    /// Wakes all waiting threads, which would never be notified.
    ///
    /// # Safety
    ///
    /// `data` points at a condition variable.
    unsafe fn wake_all(data: *const ()) {
        // SAFETY: guaranteed by the caller.
        let condvar = unsafe { &*data.cast::<Condvar>() };
        condvar.signal.woken(condvar.original.notify_all());
    }

    fn place(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }

    /// Lets a thread of an exploration wake one of its threads that waits, or all: how many.
    fn notify_in_turn(&self, all: bool) -> usize {
        Scheduled::if_any().map_or(0, |turn| turn.notify(self.place(), all))
    }

    /// Waits in a thread of an exploration, which never blocks; whether it was notified.
    fn wait_in<T: ?Sized>(
        &self,
        turn: &Scheduled,
        guard: &mut MutexGuard<'_, T>,
        has_limit: bool,
        site: Site,
    ) -> bool {
        let back = (watched::record_of(guard), site);
        // SAFETY: the guard holds the lock before and after the sleep, which releases it once and acquires it
        // again.
        let raw = unsafe { MutexGuard::mutex(guard).raw() };
        let unlock = || unsafe { raw.unlock() };
        turn.sleep(self.place(), has_limit, back, unlock, || raw.try_lock(), || raw.lock())
    }

    /// A thread of an exploration is about to wait.
    fn point(&self, site: Site) -> Option<Scheduled> {
        let turn = Scheduled::if_any()?;
        turn.point();
        turn.note_condvar("sleeps on", &self.signal, site);
        Some(turn)
    }

    /// Waits for a notification, with the mutex released meanwhile.
    #[inline]
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, mutex_guard: &mut MutexGuard<'_, T>) {
        self.wait_at(mutex_guard, Location::caller());
    }

    fn wait_at<T: ?Sized>(&self, mutex_guard: &mut MutexGuard<'_, T>, site: Site) {
        let turn = self.point(site);
        // SAFETY: this condition variable is borrowed until the record of the wait is gone, which takes the
        // alarm back.
        let wake = unsafe { Wake::new(Self::wake_all, core::ptr::from_ref(self).cast()) };
        watched::wait(mutex_guard, &self.signal, Some(wake), AcquireKind::Blocking, site, |guard| match &turn {
            Some(turn) => self.wait_in(turn, guard, false, site),
            None => {
                self.original.wait(guard);
                true
            }
        });
        if let Some(turn) = turn {
            turn.acquired();
        }
    }

    /// Waits for a notification until `timeout`.
    #[inline]
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        timeout: Instant,
    ) -> WaitTimeoutResult {
        self.timed(mutex_guard, Location::caller(), |guard| {
            !self.original.wait_until(guard, timeout).timed_out()
        })
    }

    /// Waits for a notification for so long.
    #[inline]
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        self.timed(mutex_guard, Location::caller(), |guard| {
            !self.original.wait_for(guard, timeout).timed_out()
        })
    }

    fn timed<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        site: Site,
        wait: impl FnOnce(&mut MutexGuard<'_, T>) -> bool,
    ) -> WaitTimeoutResult {
        let turn = self.point(site);
        if let Some(turn) = &turn {
            turn.note_try();
        }
        let notified = watched::wait(mutex_guard, &self.signal, None, AcquireKind::Timed, site, |guard| match &turn {
            Some(turn) => self.wait_in(turn, guard, true, site),
            None => wait(guard),
        });
        if let Some(turn) = turn {
            turn.acquired();
        }
        WaitTimeoutResult(!notified)
    }

    /// Waits for as long as `condition` holds.
    #[inline]
    #[track_caller]
    pub fn wait_while<T, F>(&self, mutex_guard: &mut MutexGuard<'_, T>, mut condition: F)
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        let site = Location::caller();
        while condition(mutex_guard.deref_mut()) {
            self.wait_at(mutex_guard, site);
        }
    }

    /// Waits for as long as `condition` holds, until `timeout`.
    #[inline]
    #[track_caller]
    pub fn wait_while_until<T, F>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        mut condition: F,
        timeout: Instant,
    ) -> WaitTimeoutResult
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        let mut result = WaitTimeoutResult(false);
        while !result.timed_out() && condition(mutex_guard.deref_mut()) {
            result = self.wait_until(mutex_guard, timeout);
        }
        result
    }

    /// Waits for as long as `condition` holds, for so long.
    #[inline]
    #[track_caller]
    pub fn wait_while_for<T, F>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        condition: F,
        timeout: Duration,
    ) -> WaitTimeoutResult
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.wait_while_until(mutex_guard, condition, deadline),
            None => {
                self.wait_while(mutex_guard, condition);
                WaitTimeoutResult(false)
            }
        }
    }
}

impl Default for Condvar {
    #[inline]
    #[track_caller]
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Condvar { .. }")
    }
}
