//! `Mutex`: a tracked mutex with std's interface.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

use lock_api::{GuardNoSend, RawMutex as _};

use super::poisoned_lock::{poisoned_lock, shown_as_value};
use super::raw::{Exclusive, Poisoning};
use crate::instrument::{Hold, Lock, LockKind, Site, Tracked};
use crate::raw::RawMutex;

/// Mutual-exclusion lock around a value, with the interface of [`std::sync::Mutex`].
///
/// A thread that panics while it holds the lock poisons it: from then on, [`lock`](Self::lock)
/// returns the guard inside an error, until [`clear_poison`](Self::clear_poison) is called.
///
/// # Examples
///
/// ```
/// use std::thread;
/// use lockwarden::sync::Mutex;
///
/// static BALANCE: Mutex<u64> = Mutex::new(100);
///
/// thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| *BALANCE.lock().unwrap() += 1);
///     }
/// });
/// assert_eq!(*BALANCE.lock().unwrap(), 104);
/// ```
pub struct Mutex<T: ?Sized> {
    inner: lock_api::Mutex<Poisoning<RawMutex>, T>,
}

impl<T: ?Sized> Mutex<T> {
    /// Acquires the lock; blocks until it is free.
    ///
    /// The returned guard releases the lock when it is dropped.
    ///
    /// # Errors
    ///
    /// Returns an error if a thread has panicked while it held the lock. The error holds the guard.
    ///
    /// # Panics
    ///
    /// Panics in an instrumented build, by default, if this call would complete a deadlock, or if
    /// the calling thread already holds the lock. The call then neither acquires nor poisons the
    /// lock. Without instrumentation, a second `lock` by the holder never returns.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.lock_at(Location::caller())
    }

    /// Does what [`lock`](Self::lock) does, for the call at `site`.
    #[inline]
    pub(crate) fn lock_at(&self, site: Site) -> LockResult<MutexGuard<'_, T>> {
        let exclusive = self.raw().lock_at(site);
        // SAFETY: the line above acquired the lock, by this acquisition.
        unsafe { self.locked_by(exclusive) }
    }

    /// Acquires the lock if it is free, without blocking.
    ///
    /// # Errors
    ///
    /// Returns [`TryLockError::WouldBlock`] if the lock is held, and [`TryLockError::Poisoned`],
    /// which holds the guard, if it was acquired and is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        match self.raw().try_lock() {
            // SAFETY: the call acquired the lock, by this acquisition.
            Some(exclusive) => Ok(unsafe { self.locked_by(exclusive) }?),
            None => Err(TryLockError::WouldBlock),
        }
    }

    /// Creates the guard of an acquisition.
    ///
    /// # Safety
    ///
    /// The calling thread has just acquired this lock, by `exclusive`.
    #[inline]
    unsafe fn locked_by(&self, exclusive: Exclusive) -> LockResult<MutexGuard<'_, T>> {
        self.raw().flag.wrap(MutexGuard {
            mutex: self,
            exclusive: ManuallyDrop::new(exclusive),
            stays_here: PhantomData,
        })
    }
}

poisoned_lock!(Mutex, RawMutex, LockKind::STD_MUTEX, "");

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Mutex");
        match self.try_lock() {
            Ok(guard) => {
                shown.field("data", &&*guard);
            }
            Err(TryLockError::Poisoned(poisoned)) => {
                shown.field("data", &&**poisoned.get_ref());
            }
            Err(TryLockError::WouldBlock) => {
                // With quotation marks, unlike in `RwLock`, as std prints it.
                shown.field("data", &"<locked>");
            }
        }
        shown.field("poisoned", &self.is_poisoned());
        shown.finish_non_exhaustive()
    }
}

/// Guard of a [`Mutex`]: gives access to the value and releases the lock when it is dropped.
///
/// Like std's, it is `!Send`, with and without the feature `send_guard`.
#[must_use = "if unused the Mutex will immediately unlock"]
#[clippy::has_significant_drop]
#[expect(
    explicit_outlives_requirements,
    reason = "as in std, it makes `'a` the default lifetime of a trait object in here"
)]
pub struct MutexGuard<'a, T: ?Sized + 'a> {
    mutex: &'a Mutex<T>,
    // Taken out exactly once, in `drop`.
    exclusive: ManuallyDrop<Exclusive>,
    stays_here: PhantomData<(&'a mut T, GuardNoSend)>,
}

// SAFETY: a shared guard gives access to shared references to the value only.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

impl<T: ?Sized> UnwindSafe for MutexGuard<'_, T> {}
impl<T: ?Sized> RefUnwindSafe for MutexGuard<'_, T> {}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Returns the raw mutex and the hold, for a wait that releases the lock and reacquires it.
    ///
    /// # Safety
    ///
    /// When the caller's use of the hold ends, also by a panic, it must be the hold of an
    /// acquisition of this lock that has not been released.
    #[inline]
    pub(super) unsafe fn parts(&mut self) -> (&'a RawMutex, &mut Hold) {
        (&self.mutex.raw().raw, &mut self.exclusive.hold)
    }

    /// Returns the guard, inside an error if the lock has been poisoned in the meantime.
    #[inline]
    pub(super) fn checked(self) -> LockResult<Self> {
        self.mutex.raw().flag.wrap(self)
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the lock is held by this acquisition, and neither is used again after this.
        unsafe {
            self.mutex
                .inner
                .force_unlock(ManuallyDrop::take(&mut self.exclusive));
        }
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held, and the reference is bound to the borrow of this guard.
        unsafe { &*self.mutex.inner.data_ptr() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and this guard, the only one, is borrowed exclusively.
        unsafe { &mut *self.mutex.inner.data_ptr() }
    }
}

shown_as_value!(MutexGuard);
