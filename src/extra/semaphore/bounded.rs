//! `BoundedSemaphore`: a semaphore whose permits never exceed their initial number.

use super::acquisitions::acquisitions;
use super::error::TooManyReleases;
use super::permits::{self, Permits};
use crate::instrument::{LockKind, Resource};

static BOUNDED: LockKind = LockKind::new("BoundedSemaphore").resource();

/// [`Semaphore`](super::Semaphore) whose permits never exceed their initial number: a release
/// without an acquisition is an error.
///
/// A [`Permit`](super::Permit) is returned when it is dropped. A bare [`release`](Self::release) is for permits
/// that were [forgotten](super::Permit::forget), by whichever thread; a surplus release fails itself,
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
            permits: Permits::new(permits, permits, Resource::new(&BOUNDED)),
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
            permits: Permits::new(permits, permits, Resource::named(&BOUNDED, name)),
        }
    }

    /// Adds a permit that was acquired and [forgotten](super::Permit::forget).
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

    /// Adds `count` permits that were acquired and [forgotten](super::Permit::forget), at once.
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
}

acquisitions! { BoundedSemaphore, "lockwarden::sync::BoundedSemaphore" }
