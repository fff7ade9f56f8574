//! A mutex whose guard may be held across an `.await`.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use lockwarden::instrument::{LockKind, Mode};
use tokio::sync::TryLockError;

use super::keep::{HasRaw, Keep};
use super::locking::{self, Write};
use super::mutex_guards::{MutexGuard, OwnedMutexGuard};
use super::raw::Raw;

static KIND: LockKind = LockKind::new("tokio Mutex").sendable();

/// [`tokio::sync::Mutex`], watched.
///
/// # Examples
///
/// ```
/// use lockwarden_tokio as tokio;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() {
///     let count = tokio::sync::Mutex::new(1);
///     *count.lock().await += 1;
///     assert_eq!(count.into_inner(), 2);
/// }
/// ```
pub struct Mutex<T: ?Sized> {
    raw: Raw,
    data: UnsafeCell<T>,
}

// SAFETY: as of `std::sync::Mutex`: the data is reached by one guard at a time.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T: ?Sized> HasRaw for Mutex<T> {
    #[inline]
    fn raw(&self) -> &Raw {
        &self.raw
    }
}

impl<T> Mutex<T> {
    /// As [`tokio::sync::Mutex::new`]. The place of the call is the class of the lock.
    #[track_caller]
    pub fn new(t: T) -> Self {
        Self {
            raw: Raw::new(&KIND, 1),
            data: UnsafeCell::new(t),
        }
    }

    /// As [`tokio::sync::Mutex::const_new`].
    #[track_caller]
    pub const fn const_new(t: T) -> Self {
        Self {
            raw: Raw::const_new(&KIND, 1),
            data: UnsafeCell::new(t),
        }
    }

    /// As [`tokio::sync::Mutex::into_inner`].
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// As [`tokio::sync::Mutex::lock`]: fair, and cancel safe but for the place in the queue.
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> impl Future<Output = MutexGuard<'_, T>> {
        locking::lock::<Write, _, _>(self, Location::caller(), MutexGuard::new)
    }

    /// As [`tokio::sync::Mutex::lock_owned`].
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        locking::owned::<Write, _, _>(self, Location::caller(), OwnedMutexGuard::new)
    }

    /// As [`tokio::sync::Mutex::blocking_lock`].
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_lock(&self) -> MutexGuard<'_, T> {
        let taken = locking::blocking(&self.raw, Mode::Exclusive);
        MutexGuard::new(Keep::new(self, taken, Mode::Exclusive))
    }

    /// As [`tokio::sync::Mutex::blocking_lock_owned`].
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_lock_owned(self: Arc<Self>) -> OwnedMutexGuard<T> {
        let taken = locking::blocking(&self.raw, Mode::Exclusive);
        OwnedMutexGuard::new(Keep::new(self, taken, Mode::Exclusive))
    }

    /// As [`tokio::sync::Mutex::try_lock`].
    ///
    /// # Errors
    ///
    /// If the lock is held.
    #[track_caller]
    pub fn try_lock(&self) -> Result<MutexGuard<'_, T>, TryLockError> {
        let taken = self.raw.try_take(Mode::Exclusive, Location::caller())?;
        Ok(MutexGuard::new(Keep::new(self, taken, Mode::Exclusive)))
    }

    /// As [`tokio::sync::Mutex::try_lock_owned`].
    ///
    /// # Errors
    ///
    /// If the lock is held.
    #[track_caller]
    pub fn try_lock_owned(self: Arc<Self>) -> Result<OwnedMutexGuard<T>, TryLockError> {
        let taken = self.raw.try_take(Mode::Exclusive, Location::caller())?;
        Ok(OwnedMutexGuard::new(Keep::new(
            self,
            taken,
            Mode::Exclusive,
        )))
    }

    /// As [`tokio::sync::Mutex::get_mut`].
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    /// Where the data is.
    pub(super) fn data(&self) -> *mut T {
        self.data.get()
    }

    /// Names this one instance in reports.
    pub fn set_label(&self, label: &str) {
        self.raw.record.set_label(label);
    }
}

impl<T> From<T> for Mutex<T> {
    #[track_caller]
    fn from(t: T) -> Self {
        Self::new(t)
    }
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(inner) => d.field("data", &&*inner),
            Err(_) => d.field("data", &format_args!("<locked>")),
        };
        d.finish()
    }
}
