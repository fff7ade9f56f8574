//! `Semaphore`: permits without an upper bound.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::permit::Permit;
use super::permits::{self, Permits};
use crate::instrument::{LockKind, Resource};

static SEMAPHORE: LockKind = LockKind::new("Semaphore");

/// A number of permits: threads take some, wait until there are some, and add some.
///
/// A [`Permit`] gives back what it stands for when it is dropped. A bare [`release`](Self::release)
/// adds one that nobody has to have taken: with a first value of zero, a semaphore counts what has
/// been made and not been used up.
///
/// Those who wait are served in the order in which they came, whatever they want; nobody passes
/// them. So one who wants many is not starved by those who want few, and permits can be free while
/// somebody waits for more.
///
/// # Order
///
/// Only a semaphore whose first value is zero orders threads: who takes permits comes after the
/// bare releases that added them, if it is certain which those are, since it takes all that were
/// added since there were none. With another first value it is a limit, as a lock is, and orders
/// nothing; nor does a permit that is given back by its drop.
///
/// # What it cannot see
///
/// Anybody may release. So a wait that never ends is reported only once all threads of the process
/// wait, and none has a timeout.
///
/// # Cost
///
/// To take a permit, or to add one, is one compare-and-swap if nobody waits, with and without
/// instrumentation. With it, the operations of a semaphore whose first value is zero cost a few
/// tens of nanoseconds more.
///
/// # Examples
///
/// At most two at a time:
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
    /// As many permits as there can be.
    pub const MAX_PERMITS: usize = permits::MAX;

    /// A semaphore with so many permits. Its class, by which reports speak of it, is the place of
    /// the call.
    ///
    /// # Panics
    ///
    /// If they are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
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

    /// A semaphore with so many permits, whose class is `name`.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
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

    /// Names this one instance in reports, beside the name of its class.
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

    /// Takes a permit; waits until there is one, behind those who wait already.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says.
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

    /// Takes several permits, all at once; waits until there are as many, behind those who wait
    /// already, and before those who come later and want less.
    ///
    /// # Panics
    ///
    /// As [`acquire`](Self::acquire).
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

    /// Takes a permit if there is one and nobody waits.
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

    /// Takes several permits, all at once, if there are as many and nobody waits.
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

    /// Takes a permit; waits for at most `timeout` until there is one.
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

    /// Takes several permits, all at once; waits for at most `timeout` until there are as many.
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

    /// Adds a permit, which goes to the first of those who wait, if that is enough for it.
    ///
    /// # Panics
    ///
    /// If there are more than [`MAX_PERMITS`](Self::MAX_PERMITS) then. Nothing is added.
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

    /// Adds several permits, all at once.
    ///
    /// # Panics
    ///
    /// As [`release`](Self::release).
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

    /// How many permits are free: a snapshot, and no promise if others wait.
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
