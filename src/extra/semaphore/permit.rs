//! `Permit`: the guard of acquired permits.

use std::fmt;

use super::permits::Permits;

/// Guard of permits of a [`Semaphore`](super::Semaphore) or a
/// [`BoundedSemaphore`](super::BoundedSemaphore), which are returned when it is dropped, by
/// whichever thread.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{Permit, Semaphore};
/// use lockwarden::thread;
///
/// static SEATS: Semaphore = Semaphore::new(2);
///
/// let seats: Permit<'_> = SEATS.acquire_many(2);
/// // Taken here, and given back there.
/// thread::spawn(move || drop(seats)).join().unwrap();
/// assert_eq!(SEATS.available_permits(), 2);
/// ```
#[must_use = "the permits are given back when this is dropped"]
pub struct Permit<'a> {
    permits: &'a Permits,
    count: usize,
}

impl<'a> Permit<'a> {
    pub(super) fn new(permits: &'a Permits, count: usize) -> Self {
        Self { permits, count }
    }

    /// Returns the number of permits.
    ///
    /// # Examples
    ///
    /// ```
    /// let three = lockwarden::sync::Semaphore::new(3);
    /// assert_eq!(three.acquire_many(2).count(), 2);
    /// ```
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Drops the guard without returning its permits, until a thread releases as many.
    ///
    /// This is for permits that represent something that is used up, or passed on to another
    /// thread, which then calls `release`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::sync::Semaphore;
    ///
    /// let items = Semaphore::new(0);
    /// items.release();
    /// items.acquire().forget();
    /// assert_eq!(items.available_permits(), 0);
    /// ```
    #[inline]
    pub fn forget(mut self) {
        self.permits.forget(self.count);
        self.count = 0;
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.count > 0 {
            self.permits.give_back(self.count);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("count", &self.count)
            .finish_non_exhaustive()
    }
}
