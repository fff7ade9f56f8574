//! `RwLock`: a tracked reader-writer lock with std's interface.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use lock_api::GuardNoSend;

use super::poisoned_lock::{poisoned_lock, shown_as_value};
use super::raw::Poisoning;
use crate::instrument::{Lock, LockKind, Site, Tracked};
use crate::raw::RawRwLock;

/// Reader-writer lock around a value, with the interface of [`std::sync::RwLock`].
///
/// A thread that panics while it holds the lock for writing poisons it. A panic of a reader does
/// not: it cannot have left the value half changed.
///
/// A waiting writer blocks new readers. A thread that acquires the lock for reading again while it
/// already reads can therefore wait for a writer that waits for the thread itself; the detector
/// reports this as a `RecursiveRead` before it happens.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::RwLock;
///
/// static RATES: RwLock<Vec<u32>> = RwLock::new(Vec::new());
///
/// RATES.write().unwrap().push(17);
/// assert_eq!(RATES.read().unwrap().len(), 1);
/// ```
pub struct RwLock<T: ?Sized> {
    inner: lock_api::RwLock<Poisoning<RawRwLock>, T>,
}

impl<T: ?Sized> RwLock<T> {
    /// Acquires the lock for reading; blocks while a thread holds it for writing or a writer waits.
    ///
    /// # Errors
    ///
    /// Returns an error if a thread has panicked while it held the lock for writing. The error
    /// holds the guard.
    ///
    /// # Panics
    ///
    /// Panics in an instrumented build, by default, if this call would complete a deadlock, or if
    /// the calling thread holds the lock for writing. The call then does not acquire the lock.
    /// Without instrumentation, such a call never returns.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        self.read_at(Location::caller())
    }

    /// Does what [`read`](Self::read) does, for the call at `site`.
    #[inline]
    pub(crate) fn read_at(&self, site: Site) -> LockResult<RwLockReadGuard<'_, T>> {
        let hold = self.raw().raw.lock_shared_at(site);
        // SAFETY: the line above acquired the lock for reading, by this hold.
        let guard = unsafe { self.inner.make_read_guard_unchecked(hold) };
        self.raw().flag.wrap(RwLockReadGuard::new(guard))
    }

    /// Acquires the lock for reading if that is possible without blocking.
    ///
    /// # Errors
    ///
    /// Returns [`TryLockError::WouldBlock`] if it is not, and [`TryLockError::Poisoned`], which
    /// holds the guard, if the lock was acquired and is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        match self.inner.try_read() {
            Some(guard) => Ok(self.raw().flag.wrap(RwLockReadGuard::new(guard))?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Acquires the lock for writing; blocks while any thread holds it.
    ///
    /// # Errors
    ///
    /// Returns an error if a thread has panicked while it held the lock for writing. The error
    /// holds the guard.
    ///
    /// # Panics
    ///
    /// Panics in an instrumented build, by default, if this call would complete a deadlock, or if
    /// the calling thread already holds the lock. The call then neither acquires nor poisons the
    /// lock. Without instrumentation, such a call never returns.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.write_at(Location::caller())
    }

    /// Does what [`write`](Self::write) does, for the call at `site`.
    #[inline]
    pub(crate) fn write_at(&self, site: Site) -> LockResult<RwLockWriteGuard<'_, T>> {
        let exclusive = self.raw().lock_exclusive_at(site);
        // SAFETY: the line above acquired the lock for writing, by this acquisition.
        let guard = unsafe { self.inner.make_write_guard_unchecked(exclusive) };
        self.raw().flag.wrap(RwLockWriteGuard::new(guard))
    }

    /// Acquires the lock for writing if it is free, without blocking.
    ///
    /// # Errors
    ///
    /// Returns [`TryLockError::WouldBlock`] if it is not, and [`TryLockError::Poisoned`], which
    /// holds the guard, if the lock was acquired and is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        match self.inner.try_write() {
            Some(guard) => Ok(self.raw().flag.wrap(RwLockWriteGuard::new(guard))?),
            None => Err(TryLockError::WouldBlock),
        }
    }
}

poisoned_lock!(RwLock, RawRwLock, LockKind::STD_RW_LOCK, " for writing");

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => {
                shown.field("data", &&*guard);
            }
            Err(TryLockError::Poisoned(poisoned)) => {
                shown.field("data", &&**poisoned.get_ref());
            }
            Err(TryLockError::WouldBlock) => {
                shown.field("data", &format_args!("<locked>"));
            }
        }
        shown.field("poisoned", &self.is_poisoned());
        shown.finish_non_exhaustive()
    }
}

/// Read guard of a [`RwLock`]: gives shared access to the value and releases the lock when it is
/// dropped.
///
/// Like std's, it is `!Send`, with and without the feature `send_guard`.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
#[expect(
    explicit_outlives_requirements,
    reason = "as in std, it makes `'a` the default lifetime of a trait object in here"
)]
pub struct RwLockReadGuard<'a, T: ?Sized + 'a> {
    // The mapped guard points to the value alone and not to the lock around it. So this guard, like
    // std's, is covariant in `T`, and is `Sync` without the bound `T: Send`.
    inner: lock_api::MappedRwLockReadGuard<'a, Poisoning<RawRwLock>, T>,
    stays_here: PhantomData<GuardNoSend>,
}

impl<T: ?Sized + RefUnwindSafe> UnwindSafe for RwLockReadGuard<'_, T> {}
impl<T: ?Sized + RefUnwindSafe> RefUnwindSafe for RwLockReadGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    #[inline]
    fn new(inner: lock_api::RwLockReadGuard<'a, Poisoning<RawRwLock>, T>) -> Self {
        Self {
            inner: lock_api::RwLockReadGuard::map(inner, |value| value),
            stays_here: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

/// Write guard of a [`RwLock`]: gives access to the value and releases the lock when it is dropped.
///
/// Like std's, it is `!Send`, with and without the feature `send_guard`.
#[must_use = "if unused the RwLock will immediately unlock"]
#[clippy::has_significant_drop]
#[expect(
    explicit_outlives_requirements,
    reason = "as in std, it makes `'a` the default lifetime of a trait object in here"
)]
pub struct RwLockWriteGuard<'a, T: ?Sized + 'a> {
    inner: lock_api::RwLockWriteGuard<'a, Poisoning<RawRwLock>, T>,
    stays_here: PhantomData<GuardNoSend>,
}

// SAFETY: a shared guard gives access to shared references to the value only; the raw lock beside
// the value may be shared by itself.
unsafe impl<T: ?Sized + Sync> Sync for RwLockWriteGuard<'_, T> {}

impl<T: ?Sized> UnwindSafe for RwLockWriteGuard<'_, T> {}
impl<T: ?Sized> RefUnwindSafe for RwLockWriteGuard<'_, T> {}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[inline]
    fn new(inner: lock_api::RwLockWriteGuard<'a, Poisoning<RawRwLock>, T>) -> Self {
        Self {
            inner,
            stays_here: PhantomData,
        }
    }

    /// Turns an exclusive hold into a shared one without releasing the lock in between.
    ///
    /// Other readers can acquire the lock at once; no writer can in between. A panic from here on
    /// does not poison the lock, even one that is already unwinding. This is an associated
    /// function, called as `RwLockWriteGuard::downgrade(guard)`, so that it hides no method of the
    /// value.
    pub fn downgrade(s: Self) -> RwLockReadGuard<'a, T> {
        RwLockReadGuard::new(lock_api::RwLockWriteGuard::downgrade(s.inner))
    }
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.inner
    }
}

shown_as_value!(RwLockReadGuard, RwLockWriteGuard);
