//! `Condvar`: std's, watched.

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
/// A thread that holds a [`Mutex`](super::Mutex) can let go of it and sleep, in one step, until
/// another thread notifies it; it then has the lock again.
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

// A thread that unwinds out of a wait has the mutex, and what that guards is poisoned.
impl UnwindSafe for Condvar {}
impl RefUnwindSafe for Condvar {}

impl Condvar {
    /// A condition variable on which nobody waits.
    ///
    /// Its class, by which reports speak of it, is the place of the call.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Condvar;
    ///
    /// static CHANGED: Condvar = Condvar::new();
    /// CHANGED.notify_all();
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new() -> Condvar {
        Self {
            raw: RawCondvar::new(),
        }
    }

    /// A condition variable whose class is `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Condvar;
    ///
    /// static NOT_EMPTY: Condvar = Condvar::named("queue not empty");
    /// NOT_EMPTY.notify_one();
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Condvar {
        Self {
            raw: RawCondvar::named(name),
        }
    }

    /// Lets go of the lock and sleeps until notified; then takes the lock again.
    ///
    /// As with std, the caller must be ready for a wake-up without a notification and check its
    /// condition again.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned when it has been taken again. The error holds the guard.
    ///
    /// # Panics
    ///
    /// If another thread waits on this condition variable with another mutex. (With std this
    /// depends on the platform.) One after the other, any mutex can be used.
    ///
    /// The lock is then still, or again, held by the guard, which the panic drops.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use lockwarden::sync::{Condvar, Mutex};
    ///
    /// let (count, changed) = (Mutex::new(0), Condvar::new());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         *count.lock().unwrap() += 1;
    ///         changed.notify_one();
    ///     });
    ///     let mut seen = count.lock().unwrap();
    ///     while *seen == 0 {
    ///         seen = changed.wait(seen).unwrap();
    ///     }
    /// });
    /// ```
    #[track_caller]
    pub fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        // SAFETY: the raw wait leaves, also when it panics, the hold of an acquisition of the
        // lock that it was given. The value is not touched while it sleeps.
        unsafe {
            let (mutex, hold) = guard.parts();
            self.raw.wait(mutex, hold);
        }
        guard.checked()
    }

    /// Waits for as long as `condition` is true.
    ///
    /// The condition is checked under the lock, first of all before any wait.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned after a wait. The error holds the guard.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::thread;
    /// use lockwarden::sync::{Condvar, Mutex};
    ///
    /// let (pending, changed) = (Mutex::new(true), Condvar::new());
    /// thread::scope(|scope| {
    ///     scope.spawn(|| {
    ///         *pending.lock().unwrap() = false;
    ///         changed.notify_one();
    ///     });
    ///     let pending = changed.wait_while(pending.lock().unwrap(), |pending| *pending).unwrap();
    ///     assert!(!*pending);
    /// });
    /// ```
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

    /// Waits like [`wait`](Self::wait), for at most `ms` milliseconds. The result says whether
    /// the wait ended earlier.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned when it has been taken again. The error holds both values.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait) does.
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
    /// The time does not count what it takes to have the lock again. A duration beyond the reach
    /// of the clock is no limit.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned when it has been taken again. The error holds both values.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::sync::{Condvar, Mutex};
    ///
    /// let (mutex, never) = (Mutex::new(()), Condvar::new());
    /// let held = mutex.lock().unwrap();
    /// let (_held, result) = never.wait_timeout(held, Duration::from_millis(1)).unwrap();
    /// assert!(result.timed_out());
    /// ```
    #[track_caller]
    pub fn wait_timeout<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        dur: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        // SAFETY: the raw wait leaves, also when it panics, the hold of an acquisition of the
        // lock that it was given. The value is not touched while it sleeps.
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

    /// Waits for as long as `condition` is true, for at most about `dur` in all.
    ///
    /// The result has timed out if the condition was still true when the time was up.
    ///
    /// # Errors
    ///
    /// If the mutex is poisoned after a wait. The error holds both values.
    ///
    /// # Panics
    ///
    /// As [`wait`](Self::wait) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::sync::{Condvar, Mutex};
    ///
    /// let (pending, changed) = (Mutex::new(true), Condvar::new());
    /// let (_pending, result) = changed
    ///     .wait_timeout_while(pending.lock().unwrap(), Duration::from_millis(1), |it| *it)
    ///     .unwrap();
    /// assert!(result.timed_out());
    /// ```
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

    /// Wakes one of the threads that wait, if any does.
    ///
    /// # Examples
    ///
    /// ```
    /// lockwarden::sync::Condvar::new().notify_one();
    /// ```
    #[inline]
    pub fn notify_one(&self) {
        self.raw.notify_one();
    }

    /// Wakes all threads that wait.
    ///
    /// # Examples
    ///
    /// ```
    /// lockwarden::sync::Condvar::new().notify_all();
    /// ```
    #[inline]
    pub fn notify_all(&self) {
        self.raw.notify_all();
    }

    /// Names this one instance in reports, beside its class.
    ///
    /// Without instrumentation the label is dropped unread.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Condvar;
    ///
    /// let changed = Condvar::named("inbox");
    /// changed.set_label("inbox of worker 3");
    /// ```
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

/// Whether a timed wait ended because its time was up.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::sync::{Condvar, Mutex, WaitTimeoutResult};
///
/// let (mutex, never) = (Mutex::new(()), Condvar::new());
/// let held = mutex.lock().unwrap();
/// let result: WaitTimeoutResult = never.wait_timeout(held, Duration::ZERO).unwrap().1;
/// assert!(result.timed_out());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the time was up before a notification came.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}
