//! Acquisitions of the reentrant mutex, and their guard.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::relock::must_return;
use super::remutex::{RawThreadId, ReentrantMutex};
use crate::raw::RawRemutex;
use crate::raw::call::Call;
use crate::raw::defer::Defer;

/// Guard of one acquisition of a [`ReentrantMutex`]: gives shared access to its data, and releases
/// the acquisition when it is dropped.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use lockwarden::parking_lot::{ReentrantMutex, ReentrantMutexGuard};
///
/// let pair = ReentrantMutex::new((Cell::new(1), Cell::new(2)));
/// let whole = pair.lock();
/// let second = ReentrantMutexGuard::map(pair.lock(), |pair| &pair.1);
/// second.set(7);
/// assert_eq!(whole.1.get(), 7);
/// ```
#[clippy::has_significant_drop]
#[must_use = "if unused the ReentrantMutex will immediately unlock"]
pub struct ReentrantMutexGuard<'a, T: ?Sized> {
    lock: &'a ReentrantMutex<T>,
    // The lock is owned by a thread, so its guards are `!Send`, with every feature.
    marker: PhantomData<(&'a T, lock_api::GuardNoSend)>,
}

impl<T: ?Sized> ReentrantMutex<T> {
    /// Acquires the lock, and waits while another thread holds it.
    ///
    /// # Panics
    ///
    /// Panics in an instrumented build, if waiting would complete a deadlock and the configuration
    /// answers that with a panic. Panics also if the number of acquisitions by the thread overflows
    /// its counter.
    #[inline]
    #[track_caller]
    pub fn lock(&self) -> ReentrantMutexGuard<'_, T> {
        std::mem::forget(Call::here().with_override(|| self.0.lock()));
        // SAFETY: the acquisition just made has no guard: it was forgotten.
        unsafe { ReentrantMutexGuard::of(self) }
    }

    /// Acquires the lock if no other thread holds it.
    ///
    /// # Panics
    ///
    /// Panics if the number of acquisitions by the thread overflows its counter.
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> Option<ReentrantMutexGuard<'_, T>> {
        std::mem::forget(Call::here().with_override(|| self.0.try_lock())?);
        // SAFETY: the acquisition just made has no guard: it was forgotten.
        Some(unsafe { ReentrantMutexGuard::of(self) })
    }

    /// Acquires the lock, or gives up after `timeout`.
    ///
    /// # Panics
    ///
    /// Panics if the number of acquisitions by the thread overflows its counter.
    #[inline]
    #[track_caller]
    pub fn try_lock_for(&self, timeout: Duration) -> Option<ReentrantMutexGuard<'_, T>> {
        std::mem::forget(Call::here().with_override(|| self.0.try_lock_for(timeout))?);
        // SAFETY: the acquisition just made has no guard: it was forgotten.
        Some(unsafe { ReentrantMutexGuard::of(self) })
    }

    /// Acquires the lock, or gives up at `timeout`.
    ///
    /// # Panics
    ///
    /// Panics if the number of acquisitions by the thread overflows its counter.
    #[inline]
    #[track_caller]
    pub fn try_lock_until(&self, timeout: Instant) -> Option<ReentrantMutexGuard<'_, T>> {
        std::mem::forget(Call::here().with_override(|| self.0.try_lock_until(timeout))?);
        // SAFETY: the acquisition just made has no guard: it was forgotten.
        Some(unsafe { ReentrantMutexGuard::of(self) })
    }

    /// Creates the guard of an acquisition that has none.
    ///
    /// # Safety
    ///
    /// The thread holds the lock once more than it has guards. No reference to the data conflicts
    /// with what the guard gives access to.
    #[inline]
    pub unsafe fn make_guard_unchecked(&self) -> ReentrantMutexGuard<'_, T> {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { ReentrantMutexGuard::of(self) }
    }
}

impl<'a, T: ?Sized> ReentrantMutexGuard<'a, T> {
    /// Creates the guard of one acquisition.
    ///
    /// # Safety
    ///
    /// The thread holds the lock once more than it has guards.
    #[inline]
    pub(super) unsafe fn of(lock: &'a ReentrantMutex<T>) -> Self {
        Self {
            lock,
            marker: PhantomData,
        }
    }

    /// Turns the guard into one of `lock_api`.
    #[inline]
    fn into_inner(s: Self) -> lock_api::ReentrantMutexGuard<'a, RawRemutex, RawThreadId, T> {
        let s = ManuallyDrop::new(s);
        // SAFETY: the guard is forgotten, so its acquisition has no other.
        unsafe { s.lock.0.make_guard_unchecked() }
    }

    /// Returns the lock of the guard.
    #[inline]
    pub fn remutex(s: &Self) -> &'a ReentrantMutex<T> {
        s.lock
    }

    /// Turns the guard into one of a part of the data.
    ///
    /// # Panics
    ///
    /// Panics if `f` does; this acquisition is released then.
    #[inline]
    pub fn map<U: ?Sized, F>(s: Self, f: F) -> MappedReentrantMutexGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        lock_api::ReentrantMutexGuard::map(Self::into_inner(s), f)
    }

    /// Turns the guard into one of a part of the data, if there is such a part.
    ///
    /// # Errors
    ///
    /// Returns the guard if `f` returns `None`.
    ///
    /// # Panics
    ///
    /// Panics if `f` does; this acquisition is released then.
    #[inline]
    pub fn try_map<U: ?Sized, F>(s: Self, f: F) -> Result<MappedReentrantMutexGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        Self::try_map_or_err(s, |data| f(data).ok_or(())).map_err(|(s, ())| s)
    }

    /// Turns the guard into one of a part of the data, if there is such a part.
    ///
    /// # Errors
    ///
    /// Returns the guard and the error if `f` fails.
    ///
    /// # Panics
    ///
    /// Panics if `f` does; this acquisition is released then.
    #[inline]
    pub fn try_map_or_err<U: ?Sized, F, E>(
        s: Self,
        f: F,
    ) -> Result<MappedReentrantMutexGuard<'a, U>, (Self, E)>
    where
        F: FnOnce(&T) -> Result<&U, E>,
    {
        let lock = s.lock;
        lock_api::ReentrantMutexGuard::try_map_or_err(Self::into_inner(s), f).map_err(
            |(inner, error)| {
                mem::forget(inner);
                // SAFETY: the acquisition of the guard just forgotten has no other.
                (unsafe { Self::of(lock) }, error)
            },
        )
    }

    /// Releases this acquisition, runs `f`, and reacquires the lock.
    ///
    /// Another thread can acquire the lock meanwhile only if this was the last acquisition.
    ///
    /// # Aborts
    ///
    /// Aborts if the lock cannot be reacquired. A deadlock does not cause that: it is reported, but
    /// does not panic here.
    #[inline]
    #[track_caller]
    pub fn unlocked<F, U>(s: &mut Self, f: F) -> U
    where
        F: FnOnce() -> U,
    {
        let _relock = s.relock_from(Location::caller());
        // SAFETY: the acquisition is the guard's, and is made again before the guard is used.
        unsafe { s.lock.0.force_unlock() };
        f()
    }

    /// Releases this acquisition; if it was the last, hands the lock to a waiting thread, if there
    /// is one.
    #[inline]
    #[track_caller]
    pub fn unlock_fair(s: Self) {
        let s = ManuallyDrop::new(s);
        // SAFETY: the acquisition is the guard's, which is forgotten.
        unsafe { s.lock.0.force_unlock_fair() };
    }

    /// Releases this acquisition to a waiting thread, runs `f`, and reacquires the lock.
    ///
    /// Another thread can acquire the lock meanwhile only if this was the last acquisition.
    ///
    /// # Aborts
    ///
    /// Aborts if the lock cannot be reacquired. A deadlock does not cause that: it is reported, but
    /// does not panic here.
    #[inline]
    #[track_caller]
    pub fn unlocked_fair<F, U>(s: &mut Self, f: F) -> U
    where
        F: FnOnce() -> U,
    {
        let _relock = s.relock_from(Location::caller());
        // SAFETY: the acquisition is the guard's, and is made again before the guard is used.
        unsafe { s.lock.0.force_unlock_fair() };
        f()
    }

    /// Yields the lock to a waiting thread, if there is one and this is the last acquisition.
    #[inline]
    #[track_caller]
    pub fn bump(s: &mut Self) {
        // SAFETY: the guard of `lock_api` represents the acquisition of this one, and is never
        // dropped.
        let mut inner = ManuallyDrop::new(unsafe { s.lock.0.make_guard_unchecked() });
        Call::here().with_override(|| lock_api::ReentrantMutexGuard::bump(&mut inner));
    }

    /// Reacquires the lock, for the call at `site`, when the result is dropped.
    #[inline]
    fn relock_from(&self, site: crate::instrument::Site) -> Defer<impl FnMut() + use<'a, T>> {
        let lock = self.lock;
        let call = Call { site, again: true };
        Defer::new(move || mem::forget(must_return(|| call.with_override(|| lock.0.lock()))))
    }
}

impl<'a, T: ?Sized + 'a> Deref for ReentrantMutexGuard<'a, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the thread holds the lock, and no guard of it gives exclusive access.
        unsafe { &*self.lock.0.data_ptr() }
    }
}

impl<'a, T: ?Sized + 'a> Drop for ReentrantMutexGuard<'a, T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the acquisition is the guard's, and nothing uses the guard after this.
        unsafe { self.lock.0.force_unlock() };
    }
}

impl<'a, T: ?Sized + fmt::Debug + 'a> fmt::Debug for ReentrantMutexGuard<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<'a, T: ?Sized + fmt::Display + 'a> fmt::Display for ReentrantMutexGuard<'a, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// Guard of one acquisition of a [`ReentrantMutex`] with shared access to a part of its data.
/// Returned by [`ReentrantMutexGuard::map`].
pub type MappedReentrantMutexGuard<'a, T> =
    lock_api::MappedReentrantMutexGuard<'a, RawRemutex, RawThreadId, T>;
