//! `Condvar`: a tracked condition variable with std's interface.

#![allow(unsafe_code)]

use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError};
use std::time::{Duration, Instant};

use lock_api::{RawCondvar as _, RawCondvarTimed as _};

use super::mutex::MutexGuard;
use crate::raw::RawCondvar;

/// A condition variable, with the interface of [`std::sync::Condvar`].
///
/// A thread that holds a [`Mutex`](super::Mutex) can release it and sleep, in one step, until
/// another thread notifies it; the wait returns with the lock reacquired.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use lockwarden::sync::{Condvar, Mutex};
///
/// static READY: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
///
/// let starter = thread::spawn(|| {
///     *READY.0.lock().unwrap() = true;
///     READY.1.notify_one();
/// });
/// let mut ready = READY.0.lock().unwrap();
/// while !*ready {
///     ready = READY.1.wait(ready).unwrap();
/// }
/// # drop(ready);
/// # starter.join().unwrap();
/// ```
pub struct Condvar {
    raw: RawCondvar,
}

// A thread that unwinds out of a wait holds the mutex, and by that poisons the value.
impl UnwindSafe for Condvar {}
impl RefUnwindSafe for Condvar {}

impl Condvar {
    /// Creates a condition variable without waiters.
    ///
    /// Its class, which reports name, is the construction site.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Condvar {
        Self {
            raw: RawCondvar::new(),
        }
    }

    /// Creates a condition variable whose class is `name`.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Condvar {
        Self {
            raw: RawCondvar::named(name),
        }
    }

    /// Releases the lock, sleeps until notified, and reacquires the lock.
    ///
    /// As with std, a spurious wakeup is possible, so the caller has to check its condition again.
    ///
    /// # Errors
    ///
    /// Returns an error if the mutex is poisoned when it has been reacquired. The error holds the
    /// guard.
    ///
    /// # Panics
    ///
    /// Panics if another thread waits on this condition variable with another mutex. (With std this
    /// depends on the platform.) Waits that do not overlap may use different mutexes.
    ///
    /// On a panic the guard still holds the lock, or holds it again, and its drop releases it.
    #[track_caller]
    pub fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        // SAFETY: the raw wait returns, also by a panic, with `hold` the hold of an acquisition of
        // the lock that it was given. The value is not accessed during the wait.
        unsafe {
            let (mutex, hold) = guard.parts();
            self.raw.wait(mutex, hold);
        }
        guard.checked()
    }

    /// Waits while `condition` is true.
    ///
    /// The condition is checked under the lock, the first time before any wait.
    ///
    /// # Errors
    ///
    /// Returns an error if the mutex is poisoned after a wait. The error holds the guard.
    ///
    /// # Panics
    ///
    /// Panics as [`wait`](Self::wait) does.
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: F,
    ) -> LockResult<MutexGuard<'a, T>>
    where
        F: FnMut(&mut T) -> bool,
    {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// Waits like [`wait`](Self::wait), for at most `ms` milliseconds. The boolean in the result is
    /// true if the wait ended earlier.
    ///
    /// # Errors
    ///
    /// Returns an error if the mutex is poisoned when it has been reacquired. The error holds both
    /// values.
    ///
    /// # Panics
    ///
    /// Panics as [`wait`](Self::wait) does.
    #[track_caller]
    #[deprecated(since = "0.1.0", note = "as in std: use `Condvar::wait_timeout`")]
    pub fn wait_timeout_ms<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        ms: u32,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        let in_time = |(guard, result): (_, WaitTimeoutResult)| (guard, !result.timed_out());
        match self.wait_timeout(guard, Duration::from_millis(ms.into())) {
            Ok(woken) => Ok(in_time(woken)),
            Err(poisoned) => Err(PoisonError::new(in_time(poisoned.into_inner()))),
        }
    }

    /// Waits like [`wait`](Self::wait), for at most about `dur`.
    ///
    /// The time limit does not include the reacquisition of the lock. A duration that the clock
    /// cannot represent is no limit.
    ///
    /// # Errors
    ///
    /// Returns an error if the mutex is poisoned when it has been reacquired. The error holds both
    /// values.
    ///
    /// # Panics
    ///
    /// Panics as [`wait`](Self::wait) does.
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        // SAFETY: the raw wait returns, also by a panic, with `hold` the hold of an acquisition of
        // the lock that it was given. The value is not accessed during the wait.
        let timed_out = unsafe {
            let (mutex, hold) = guard.parts();
            self.raw.wait_for(mutex, hold, &dur)
        };
        let result = WaitTimeoutResult(timed_out);
        match guard.checked() {
            Ok(guard) => Ok((guard, result)),
            Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
        }
    }

    /// Waits while `condition` is true, for at most about `dur` in all.
    ///
    /// The result has timed out if the condition was still true when the time limit passed.
    ///
    /// # Errors
    ///
    /// Returns an error if the mutex is poisoned after a wait. The error holds both values.
    ///
    /// # Panics
    ///
    /// Panics as [`wait`](Self::wait) does.
    #[track_caller]
    pub fn wait_timeout_while<'a, T, F>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
        mut condition: F,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)>
    where
        F: FnMut(&mut T) -> bool,
    {
        let start = Instant::now();
        while condition(&mut *guard) {
            let Some(left) = dur.checked_sub(start.elapsed()) else {
                return Ok((guard, WaitTimeoutResult(true)));
            };
            guard = self.wait_timeout(guard, left)?.0;
        }
        Ok((guard, WaitTimeoutResult(false)))
    }

    /// Wakes one of the waiting threads, if there are any.
    #[inline]
    pub fn notify_one(&self) {
        self.raw.notify_one();
    }

    /// Wakes all waiting threads.
    #[inline]
    pub fn notify_all(&self) {
        self.raw.notify_all();
    }

    /// Sets a label for this instance, which reports show beside its class.
    ///
    /// Without instrumentation the label is ignored.
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.raw.set_label(label.as_ref());
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
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

/// Result of a timed wait: whether it ended because the time limit passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Returns whether the time limit passed before a notification.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}
