//! `Semaphore`: a counting semaphore without an upper bound.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::permit::Permit;
use super::permits::{self, Permits};
use crate::instrument::{LockKind, Resource};

static SEMAPHORE: LockKind = LockKind::new("Semaphore");

/// Counting semaphore: threads acquire permits, wait until there are enough, and release some.
///
/// A [`Permit`] is returned when it is dropped. A bare [`release`](Self::release) adds a permit
/// that no thread need have acquired: with an initial value of zero, a semaphore counts what has
/// been produced and not been consumed.
///
/// Waiting threads are served in FIFO order, however many permits they need; no acquisition
/// overtakes them. So a request for many permits is not starved by requests for few, and permits
/// can be free while a thread waits for more.
///
/// # Order
///
/// Only a semaphore whose initial value is zero orders threads: an acquisition happens after the
/// bare releases that added its permits, if it is certain which those are, since it takes all that
/// were added since there were none. With another initial value the semaphore is a limit, like a
/// lock, and establishes no order; nor does a permit that is returned by its drop.
///
/// # What it cannot see
///
/// Any thread may release. So a wait that never ends is reported only once all threads of the
/// process wait, and none has a timeout.
///
/// # Cost
///
/// Acquiring or releasing a permit costs one compare-and-swap if no thread waits, with and without
/// instrumentation. With it, the operations of a semaphore whose initial value is zero cost a few
/// tens of nanoseconds more.
///
/// # Examples
///
/// At most two threads at a time:
///
/// ```
/// use lockwarden::sync::Semaphore;
/// use lockwarden::thread;
///
/// let downloads = Semaphore::named("downloads", 2);
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let _permit = downloads.acquire();
///             assert!(downloads.available_permits() < 2);
///         });
///     }
/// });
/// assert_eq!(downloads.available_permits(), 2);
/// ```
pub struct Semaphore {
    permits: Permits,
}

impl Semaphore {
    /// The maximal number of permits.
    pub const MAX_PERMITS: usize = permits::MAX;

    /// Creates a semaphore with `permits` permits. Its class, which reports name, is the
    /// construction site.
    ///
    /// # Panics
    ///
    /// Panics if `permits` exceeds [`MAX_PERMITS`](Self::MAX_PERMITS).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Semaphore;
    ///
    /// static SLOTS: Semaphore = Semaphore::new(4);
    /// assert_eq!(SLOTS.available_permits(), 4);
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn new(permits: usize) -> Semaphore {
        Self {
            permits: Permits::new(permits, Resource::new(&SEMAPHORE)),
        }
    }

    /// Creates a semaphore with `permits` permits whose class is `name`.
    ///
    /// # Panics
    ///
    /// Panics as [`new`](Self::new) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Semaphore;
    ///
    /// static SLOTS: Semaphore = Semaphore::named("slots", 4);
    /// assert!(SLOTS.try_acquire().is_some());
    /// ```
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str, permits: usize) -> Semaphore {
        Self {
            permits: Permits::new(permits, Resource::named(&SEMAPHORE, name)),
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let connections = lockwarden::sync::Semaphore::new(8);
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
    /// let semaphore = lockwarden::sync::Semaphore::new(1);
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
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::Semaphore::new(3);
    /// let _two = semaphore.acquire_many(2);
    /// assert_eq!(semaphore.available_permits(), 1);
    /// ```
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> Permit<'_> {
        if !self.permits.try_take(count) {
            self.permits.wait(count, None, Location::caller());
        }
        Permit::new(&self.permits, count)
    }

    /// Acquires a permit if one is available and no thread waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let semaphore = lockwarden::sync::Semaphore::new(1);
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
    /// let semaphore = lockwarden::sync::Semaphore::new(2);
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
    /// let semaphore = lockwarden::sync::Semaphore::new(1);
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
    /// let semaphore = lockwarden::sync::Semaphore::new(2);
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

    /// Adds a permit, which is granted to the first waiter if that suffices for it.
    ///
    /// # Panics
    ///
    /// Panics, and adds nothing, if there would be more than [`MAX_PERMITS`](Self::MAX_PERMITS)
    /// permits.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Semaphore;
    /// use lockwarden::thread;
    ///
    /// let items = Semaphore::new(0);
    /// thread::scope(|scope| {
    ///     scope.spawn(|| items.release());
    ///     items.acquire().forget();
    /// });
    /// assert_eq!(items.available_permits(), 0);
    /// ```
    #[inline]
    #[track_caller]
    pub fn release(&self) {
        self.permits.add(1);
    }

    /// Adds `count` permits at once.
    ///
    /// # Panics
    ///
    /// Panics as [`release`](Self::release) does.
    ///
    /// # Examples
    ///
    /// ```
    /// let items = lockwarden::sync::Semaphore::new(0);
    /// items.release_many(3);
    /// assert_eq!(items.available_permits(), 3);
    /// ```
    #[inline]
    #[track_caller]
    pub fn release_many(&self, count: usize) {
        self.permits.add(count);
    }

    /// Returns the number of free permits: a snapshot, which other threads may change at any time.
    #[must_use]
    pub fn available_permits(&self) -> usize {
        self.permits.available()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}
