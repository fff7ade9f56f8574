//! `Semaphore`: a counting semaphore without an upper bound.

use super::acquisitions::acquisitions;
use super::permits::{self, Permits};
use crate::instrument::{LockKind, Resource};

static SEMAPHORE: LockKind = LockKind::new("Semaphore").resource();

/// Counting semaphore: threads acquire permits, wait until there are enough, and release some.
///
/// A [`Permit`](super::Permit) is returned when it is dropped. A bare [`release`](Self::release) adds a permit
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
            permits: Permits::new(permits, usize::MAX, Resource::new(&SEMAPHORE)),
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
            permits: Permits::new(permits, usize::MAX, Resource::named(&SEMAPHORE, name)),
        }
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
}

acquisitions! { Semaphore, "lockwarden::sync::Semaphore" }
