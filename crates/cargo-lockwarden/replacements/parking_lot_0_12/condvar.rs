//! Condition variables: the original's, with a record.

use std::fmt;
use std::ops::DerefMut;
use std::panic::Location;
use std::time::{Duration, Instant};

use lock_api::watched;
use lockwarden::instrument::{AcquireKind, CondvarRecord, Site};
use parking_lot_original::{MutexGuard, WaitTimeoutResult};

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
        self.signal
            .notify(|| usize::from(self.original.notify_one()))
            > 0
    }

    /// Wakes all threads; says how many there were.
    #[inline]
    pub fn notify_all(&self) -> usize {
        self.signal.notify(|| self.original.notify_all())
    }

    /// Waits for a notification, with the mutex released meanwhile.
    #[inline]
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, mutex_guard: &mut MutexGuard<'_, T>) {
        self.wait_at(mutex_guard, Location::caller());
    }

    fn wait_at<T: ?Sized>(&self, mutex_guard: &mut MutexGuard<'_, T>, site: Site) {
        watched::wait(mutex_guard, &self.signal, AcquireKind::Blocking, site, |guard| {
            self.original.wait(guard);
            true
        });
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
            self.original.wait_until(guard, timeout)
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
            self.original.wait_for(guard, timeout)
        })
    }

    fn timed<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        site: Site,
        wait: impl FnOnce(&mut MutexGuard<'_, T>) -> WaitTimeoutResult,
    ) -> WaitTimeoutResult {
        let mut result = None;
        watched::wait(mutex_guard, &self.signal, AcquireKind::Timed, site, |guard| {
            let outcome = wait(guard);
            result = Some(outcome);
            !outcome.timed_out()
        });
        match result {
            Some(result) => result,
            None => unreachable!("the wait was made"),
        }
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
        condition: F,
        timeout: Instant,
    ) -> WaitTimeoutResult
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        self.timed(mutex_guard, Location::caller(), |guard| {
            self.original.wait_while_until(guard, condition, timeout)
        })
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
        self.timed(mutex_guard, Location::caller(), |guard| {
            self.original.wait_while_for(guard, condition, timeout)
        })
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
