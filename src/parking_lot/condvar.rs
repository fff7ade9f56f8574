//! Condition variable.

#![allow(unsafe_code)]

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use lock_api::RawCondvar as _;

use super::mutex::MutexGuard;
use super::outcome::outcome;
use crate::instrument::Site;
use crate::raw::RawCondvar;

pub use ::parking_lot::WaitTimeoutResult;

/// Condition variable: `parking_lot`'s, tracked in an instrumented build.
///
/// A thread that holds a [`Mutex`](super::Mutex) waits until another thread notifies the condition
/// variable after a change of the data. Waits never wake spuriously, and the notify methods return
/// the exact number of woken threads. Concurrent waits must use the same mutex.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use lockwarden::parking_lot::{Condvar, Mutex};
///
/// static READY: Mutex<bool> = Mutex::new(false);
/// static CHANGED: Condvar = Condvar::new();
///
/// let worker = thread::spawn(|| {
///     *READY.lock() = true;
///     CHANGED.notify_one();
/// });
/// let mut ready = READY.lock();
/// CHANGED.wait_while(&mut ready, |ready| !*ready);
/// assert!(*ready);
/// # drop(ready);
/// # worker.join().unwrap();
/// ```
pub struct Condvar(RawCondvar);

impl Condvar {
    /// Creates a condition variable without waiters, whose class is the construction site.
    #[inline]
    #[track_caller]
    pub const fn new() -> Self {
        Self(RawCondvar::new())
    }

    /// Creates a condition variable without waiters, whose class is `name`.
    #[inline]
    #[track_caller]
    pub const fn named(name: &'static str) -> Self {
        Self(RawCondvar::named(name))
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    #[inline]
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.0.set_label(label.as_ref());
    }

    /// Returns the raw condition variable. Its operations are those of the traits of [`lock_api`].
    #[inline]
    pub fn raw(&self) -> &RawCondvar {
        &self.0
    }

    /// Wakes one waiting thread; returns whether there was one.
    #[inline]
    #[track_caller]
    pub fn notify_one(&self) -> bool {
        self.0.notify_one()
    }

    /// Wakes all waiting threads; returns their number.
    ///
    /// The threads do not all run at once, but one after the other as the mutex becomes free.
    #[inline]
    #[track_caller]
    pub fn notify_all(&self) -> usize {
        self.0.notify_all()
    }

    /// Releases the mutex, waits for a notification, and reacquires the mutex.
    ///
    /// # Panics
    ///
    /// Panics if another thread waits with another mutex. The guard holds its mutex then.
    #[inline]
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, mutex_guard: &mut MutexGuard<'_, T>) {
        self.wait_at(mutex_guard, Location::caller());
    }

    /// Waits like [`wait`](Self::wait) while `condition` holds, which is checked first.
    ///
    /// # Panics
    ///
    /// Panics if another thread waits with another mutex. The guard holds its mutex then.
    #[inline]
    #[track_caller]
    pub fn wait_while<T, F>(&self, mutex_guard: &mut MutexGuard<'_, T>, mut condition: F)
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        let site = Location::caller();
        while condition(&mut *mutex_guard) {
            self.wait_at(mutex_guard, site);
        }
    }

    /// Waits like [`wait`](Self::wait), until the instant `timeout` at most.
    ///
    /// # Panics
    ///
    /// Panics if another thread waits with another mutex. The guard holds its mutex then.
    #[inline]
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        timeout: Instant,
    ) -> WaitTimeoutResult {
        outcome(self.wait_until_at(mutex_guard, timeout, Location::caller()))
    }

    /// Waits like [`wait`](Self::wait), for at most `timeout`.
    ///
    /// # Panics
    ///
    /// Panics if another thread waits with another mutex. The guard holds its mutex then.
    #[inline]
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        let site = Location::caller();
        // SAFETY: the guard holds its mutex by its hold, and is borrowed exclusively.
        outcome(unsafe {
            let raw = mutex_guard.lock.0.raw();
            self.0
                .wait_for_at(raw, &mut mutex_guard.hold, &timeout, site)
        })
    }

    /// Waits like [`wait_while`](Self::wait_while), until the instant `timeout` at most. The result
    /// has timed out if `condition` still holds then.
    ///
    /// # Panics
    ///
    /// Panics if another thread waits with another mutex. The guard holds its mutex then.
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
        outcome(self.wait_while_until_at(mutex_guard, condition, timeout, Location::caller()))
    }

    /// Waits like [`wait_while`](Self::wait_while), for at most `timeout`. The result has timed out
    /// if `condition` still holds then.
    ///
    /// # Panics
    ///
    /// Panics if another thread waits with another mutex. The guard holds its mutex then.
    #[inline]
    #[track_caller]
    pub fn wait_while_for<T: ?Sized, F>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        condition: F,
        timeout: Duration,
    ) -> WaitTimeoutResult
    where
        F: FnMut(&mut T) -> bool,
    {
        let site = Location::caller();
        match Instant::now().checked_add(timeout) {
            Some(deadline) => {
                outcome(self.wait_while_until_at(mutex_guard, condition, deadline, site))
            }
            None => {
                // A deadline that cannot be represented is never reached: the wait is unbounded.
                self.wait_while(mutex_guard, condition);
                outcome(false)
            }
        }
    }

    #[inline]
    fn wait_at<T: ?Sized>(&self, mutex_guard: &mut MutexGuard<'_, T>, site: Site) {
        // SAFETY: the guard holds its mutex by its hold, and is borrowed exclusively.
        unsafe {
            let raw = mutex_guard.lock.0.raw();
            self.0.wait_at(raw, &mut mutex_guard.hold, site);
        }
    }

    #[inline]
    fn wait_until_at<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
        site: Site,
    ) -> bool {
        // SAFETY: the guard holds its mutex by its hold, and is borrowed exclusively.
        unsafe {
            let raw = mutex_guard.lock.0.raw();
            self.0
                .wait_until_at(raw, &mut mutex_guard.hold, &deadline, site)
        }
    }

    #[inline]
    fn wait_while_until_at<T: ?Sized>(
        &self,
        mutex_guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        deadline: Instant,
        site: Site,
    ) -> bool {
        let mut timed_out = false;
        // The condition decides, since it may have changed while the deadline passed.
        while condition(&mut *mutex_guard) {
            if timed_out {
                return true;
            }
            timed_out = self.wait_until_at(mutex_guard, deadline, site);
        }
        false
    }
}

impl Default for Condvar {
    #[inline]
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Condvar { .. }")
    }
}
