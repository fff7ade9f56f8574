//! A reader-writer lock whose guards may be held across an `.await`.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use lockwarden::instrument::{LockKind, Mode};
use tokio::sync::TryLockError;

use super::keep::{HasRaw, Keep};
use super::locking::{self, Read, Write};
use super::raw::Raw;
use super::rwlock_guards::{
    OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};

static KIND: LockKind = LockKind::writer_blocks_readers("tokio RwLock").sendable();

/// As many readers as tokio allows.
const MAX_READS: u32 = u32::MAX >> 3;

/// [`tokio::sync::RwLock`], watched.
///
/// A reader waits behind a writer that is queued: a second read in one task can deadlock, and is
/// reported as a [`RecursiveRead`](lockwarden::report::Verdict::RecursiveRead) before it does.
///
/// # Examples
///
/// ```
/// use lockwarden_tokio as tokio;
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() {
///     let names = tokio::sync::RwLock::new(vec!["ingest"]);
///     names.write().await.push("audit");
///     assert_eq!(names.read().await.len(), 2);
/// }
/// ```
pub struct RwLock<T: ?Sized> {
    raw: Raw,
    data: UnsafeCell<T>,
}

// SAFETY: as of `std::sync::RwLock`.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as of `std::sync::RwLock`: readers share the data.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T: ?Sized> HasRaw for RwLock<T> {
    #[inline]
    fn raw(&self) -> &Raw {
        &self.raw
    }
}

impl<T> RwLock<T> {
    /// As [`tokio::sync::RwLock::new`]. The place of the call is the class of the lock.
    #[track_caller]
    pub fn new(value: T) -> RwLock<T> {
        Self {
            raw: Raw::new(&KIND, MAX_READS),
            data: UnsafeCell::new(value),
        }
    }

    /// As [`tokio::sync::RwLock::with_max_readers`].
    ///
    /// # Panics
    ///
    /// If `max_reads` is zero or more than `u32::MAX >> 3`.
    #[track_caller]
    pub fn with_max_readers(value: T, max_reads: u32) -> RwLock<T> {
        assert!(max_reads != 0, "a RwLock may not be created with 0 readers");
        assert!(
            max_reads <= MAX_READS,
            "a RwLock may not be created with more than {MAX_READS} readers"
        );
        Self {
            raw: Raw::new(&KIND, max_reads),
            data: UnsafeCell::new(value),
        }
    }

    /// As [`tokio::sync::RwLock::const_new`].
    #[track_caller]
    pub const fn const_new(value: T) -> RwLock<T> {
        Self {
            raw: Raw::const_new(&KIND, MAX_READS),
            data: UnsafeCell::new(value),
        }
    }

    /// As [`tokio::sync::RwLock::const_with_max_readers`].
    ///
    /// # Panics
    ///
    /// If `max_reads` is zero or more than `u32::MAX >> 3`.
    #[track_caller]
    pub const fn const_with_max_readers(value: T, max_reads: u32) -> RwLock<T> {
        assert!(max_reads != 0, "a RwLock may not be created with 0 readers");
        assert!(max_reads <= MAX_READS);
        Self {
            raw: Raw::const_new(&KIND, max_reads),
            data: UnsafeCell::new(value),
        }
    }

    /// As [`tokio::sync::RwLock::into_inner`].
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// As [`tokio::sync::RwLock::read`].
    #[track_caller]
    #[inline]
    pub fn read(&self) -> impl Future<Output = RwLockReadGuard<'_, T>> {
        locking::lock::<Read, _, _>(self, Location::caller(), RwLockReadGuard::new)
    }

    /// As [`tokio::sync::RwLock::write`].
    #[track_caller]
    #[inline]
    pub fn write(&self) -> impl Future<Output = RwLockWriteGuard<'_, T>> {
        locking::lock::<Write, _, _>(self, Location::caller(), RwLockWriteGuard::new)
    }

    /// As [`tokio::sync::RwLock::read_owned`].
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockReadGuard<T>> {
        locking::owned::<Read, _, _>(self, Location::caller(), OwnedRwLockReadGuard::new)
    }

    /// As [`tokio::sync::RwLock::write_owned`].
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedRwLockWriteGuard<T>> {
        locking::owned::<Write, _, _>(self, Location::caller(), OwnedRwLockWriteGuard::new)
    }

    /// As [`tokio::sync::RwLock::blocking_read`].
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        let taken = locking::blocking(&self.raw, Mode::Shared);
        RwLockReadGuard::new(Keep::new(self, taken, Mode::Shared))
    }

    /// As [`tokio::sync::RwLock::blocking_write`].
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        let taken = locking::blocking(&self.raw, Mode::Exclusive);
        RwLockWriteGuard::new(Keep::new(self, taken, Mode::Exclusive))
    }

    /// As [`tokio::sync::RwLock::try_read`].
    ///
    /// # Errors
    ///
    /// If a writer holds the lock or waits for it.
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        let taken = self.raw.try_take(Mode::Shared, Location::caller())?;
        Ok(RwLockReadGuard::new(Keep::new(self, taken, Mode::Shared)))
    }

    /// As [`tokio::sync::RwLock::try_read_owned`].
    ///
    /// # Errors
    ///
    /// If a writer holds the lock or waits for it.
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        let taken = self.raw.try_take(Mode::Shared, Location::caller())?;
        Ok(OwnedRwLockReadGuard::new(Keep::new(
            self,
            taken,
            Mode::Shared,
        )))
    }

    /// As [`tokio::sync::RwLock::try_write`].
    ///
    /// # Errors
    ///
    /// If the lock is held.
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        let taken = self.raw.try_take(Mode::Exclusive, Location::caller())?;
        Ok(RwLockWriteGuard::new(Keep::new(
            self,
            taken,
            Mode::Exclusive,
        )))
    }

    /// As [`tokio::sync::RwLock::try_write_owned`].
    ///
    /// # Errors
    ///
    /// If the lock is held.
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        let taken = self.raw.try_take(Mode::Exclusive, Location::caller())?;
        Ok(OwnedRwLockWriteGuard::new(Keep::new(
            self,
            taken,
            Mode::Exclusive,
        )))
    }

    /// As [`tokio::sync::RwLock::get_mut`].
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

impl<T> From<T> for RwLock<T> {
    #[track_caller]
    fn from(s: T) -> Self {
        Self::new(s)
    }
}

impl<T: Default> Default for RwLock<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut d = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(inner) => d.field("data", &&*inner),
            Err(_) => d.field("data", &format_args!("<locked>")),
        };
        d.finish()
    }
}
