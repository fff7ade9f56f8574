//! `BoundedSemaphore`: a semaphore whose permits never exceed their initial number.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::error::TooManyReleases;
use super::permit::Permit;
use super::permits::{self, Permits};
use crate::instrument::{LockKind, Resource};

static BOUNDED: LockKind = LockKind::new("BoundedSemaphore");

/// [`Semaphore`](super::Semaphore) whose permits never exceed their initial number: a release
/// without an acquisition is an error.
///
/// A [`Permit`] is returned when it is dropped. A bare [`release`](Self::release) is for permits
/// that were [forgotten](Permit::forget), by whichever thread; a surplus release fails itself,
/// instead of a later return of a permit by another thread.
///
/// Fairness, order, cost and blind spots are those of [`Semaphore`](super::Semaphore).
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{BoundedSemaphore, TooManyReleases};
///
/// let connections = BoundedSemaphore::named("connections", 2);
/// connections.acquire().forget();
/// // Later, wherever the connection is closed:
/// assert_eq!(connections.release(), Ok(()));
/// // And closed again, by mistake:
/// assert_eq!(connections.release(), Err(TooManyReleases));
/// assert_eq!(connections.available_permits(), 2);
/// ```
pub struct BoundedSemaphore {
    permits: Permits,
}

impl BoundedSemaphore {
    /// The maximal number of permits.
    pub const MAX_PERMITS: usize = permits::MAX;

    /// Creates a semaphore with `permits` permits, which are also the maximum. Its class, which
    /// reports name, is the construction site.
    ///
    /// # Panics
    ///
    /// Panics if `permits` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::BoundedSemaphore;
    ///
    /// static SLOTS: BoundedSemaphore = BoundedSemaphore::new(4);
    /// assert_eq!(SLOTS.available_permits(), 4);
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new(permits: usize) -> BoundedSemaphore {
        Self {
            permits: Permits::new(permits, Resource::new(&BOUNDED)),
        }
    }

    /// Creates a semaphore with `permits` permits, which are also the maximum, and with the class
    /// `name`.
    ///
    /// # Panics
    ///
    /// Panics as [`new`](Self::new) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::BoundedSemaphore;
    ///
    /// static SLOTS: BoundedSemaphore = BoundedSemaphore::named("slots", 4);
    /// assert!(SLOTS.try_acquire().is_some());
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str, permits: usize) -> BoundedSemaphore {
        Self {
            permits: Permits::new(permits, Resource::named(&BOUNDED, name)),
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let connections = lockwarden::sync::BoundedSemaphore::new(8);
    /// connections.set_label("connections of shard 3");
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.permits.record.set_label(label.as_ref());
    }

    /// Acquires a permit; waits in FIFO order until one is available.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(1);
    /// let permit = semaphore.acquire();
    /// assert_eq!(semaphore.available_permits(), 0);
    /// drop(permit);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire(&self) -> Permit<'_> {
        if !self.permits.try_take(1) {
            self.permits.wait(1, None, Location::caller());
        }
        Permit::new(&self.permits, 1)
    }

    /// Acquires `count` permits at once; waits in FIFO order until as many are available, before
    /// later requests for fewer.
    ///
    /// # Panics
    ///
    /// Panics as [`acquire`](Self::acquire) does.
    ///
    /// Panics if the semaphore never has as many permits.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(3);
    /// let _two = semaphore.acquire_many(2);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> Permit<'_> {
        if !self.permits.try_take(count) {
            assert!(
                count <= self.permits.first(),
                "so many permits are never there at once"
            );
            self.permits.wait(count, None, Location::caller());
        }
        Permit::new(&self.permits, count)
    }

    /// Acquires a permit if one is available and no thread waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(1);
    /// let permit = semaphore.try_acquire();
    /// assert!(permit.is_some() && semaphore.try_acquire().is_none());
    /// ```
    #[inline]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// Acquires `count` permits at once, if as many are available and no thread waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(2);
    /// assert!(semaphore.try_acquire_many(3).is_none());
    /// assert!(semaphore.try_acquire_many(2).is_some());
    /// ```
    #[inline]
    pub fn try_acquire_many(&self, count: usize) -> Option<Permit<'_>> {
        self.permits
            .try_take(count)
            .then(|| Permit::new(&self.permits, count))
    }

    /// Acquires a permit; waits for at most `timeout` until one is available, else returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(1);
    /// let _taken = semaphore.acquire();
    /// assert!(semaphore.acquire_timeout(Duration::from_millis(1)).is_none());
    /// ```
    #[track_caller]
    pub fn acquire_timeout(&self, timeout: Duration) -> Option<Permit<'_>> {
        self.acquire_many_timeout(1, timeout)
    }

    /// Acquires `count` permits at once; waits for at most `timeout` until as many are available,
    /// else returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(2);
    /// assert!(semaphore.acquire_many_timeout(2, Duration::MAX).is_some());
    /// assert!(semaphore.acquire_many_timeout(3, Duration::ZERO).is_none());
    /// ```
    #[track_caller]
    pub fn acquire_many_timeout(&self, count: usize, timeout: Duration) -> Option<Permit<'_>> {
        let is_taken = self.permits.try_take(count) || {
            // A deadline that cannot be represented is never reached.
            let deadline = Instant::now().checked_add(timeout);
            self.permits.wait(count, deadline, Location::caller())
        };
        is_taken.then(|| Permit::new(&self.permits, count))
    }

    /// Adds a permit that was acquired and [forgotten](Permit::forget).
    ///
    /// # Errors
    ///
    /// Returns an error, and adds nothing, if no permit is forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(1);
    /// semaphore.acquire().forget();
    /// assert!(semaphore.release().is_ok());
    /// assert!(semaphore.release().is_err());
    /// ```
    #[inline]
    pub fn release(&self) -> Result<(), TooManyReleases> {
        self.release_many(1)
    }

    /// Adds `count` permits that were acquired and [forgotten](Permit::forget), at once.
    ///
    /// # Errors
    ///
    /// Returns an error, and adds nothing, if fewer are forgotten.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::BoundedSemaphore::new(3);
    /// semaphore.acquire_many(2).forget();
    /// assert!(semaphore.release_many(3).is_err());
    /// assert!(semaphore.release_many(2).is_ok());
    /// ```
    #[inline]
    pub fn release_many(&self, count: usize) -> Result<(), TooManyReleases> {
        if !self.permits.recall(count) {
            return Err(TooManyReleases);
        }
        self.permits.add(count);
        Ok(())
    }

    /// Returns the number of free permits: a snapshot, which other threads may change at any time.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundedSemaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}
