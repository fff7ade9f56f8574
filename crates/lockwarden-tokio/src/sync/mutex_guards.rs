//! The guards of the mutex.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::guard_macros::guard;
use super::keep::Keep;
use super::mutex::Mutex;
use super::raw::Raw;

/// [`tokio::sync::MutexGuard`] of a [`Mutex`].
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MutexGuard<'a, T: ?Sized> {
    keep: Keep<&'a Mutex<T>>,
    marker: PhantomData<&'a mut T>,
}

/// [`tokio::sync::OwnedMutexGuard`] of a [`Mutex`].
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMutexGuard<T: ?Sized> {
    keep: Keep<Arc<Mutex<T>>>,
}

// SAFETY: a shared guard gives out references to the data, which are `Send` if that is `Sync`; the
// mutex that it can give out is `Sync` if the data is `Send`.
unsafe impl<T: ?Sized + Send + Sync> Sync for OwnedMutexGuard<T> {}

/// [`tokio::sync::MappedMutexGuard`] of a [`Mutex`].
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    // Dropped first or last, the data is not touched by it.
    keep: Keep<&'a Raw>,
    data: *mut T,
    marker: PhantomData<&'a mut T>,
}

// SAFETY: it stands for an exclusive reference to the data, and for a reference to a lock.
unsafe impl<T: ?Sized + Send> Send for MappedMutexGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for MappedMutexGuard<'_, T> {}

/// [`tokio::sync::OwnedMappedMutexGuard`] of a [`Mutex`].
#[clippy::has_significant_drop]
#[must_use = "if unused the Mutex will immediately unlock"]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    keep: Keep<Arc<Mutex<T>>>,
    data: *mut U,
}

// SAFETY: it stands for an exclusive reference to the data, and for an `Arc` of the mutex.
unsafe impl<T: ?Sized + Send, U: ?Sized + Send> Send for OwnedMappedMutexGuard<T, U> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedMappedMutexGuard<T, U> {}

guard!(write ['a, T: ?Sized] MappedMutexGuard<'a, T>, T);
guard!(write [T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U>, U);

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    #[inline]
    pub(super) fn new(keep: Keep<&'a Mutex<T>>) -> Self {
        Self {
            keep,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::MutexGuard::map`].
    #[inline]
    pub fn map<U, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut *this);
        MappedMutexGuard {
            keep: this.keep.erase(),
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::MutexGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(MappedMutexGuard {
            keep: this.keep.erase(),
            data,
            marker: PhantomData,
        })
    }

    /// The mutex that it locks.
    #[inline]
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.keep.owner()
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the mutex.
        unsafe { &*self.keep.owner().data() }
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the mutex, and is borrowed exclusively.
        unsafe { &mut *self.keep.owner().data() }
    }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    #[inline]
    pub(super) fn new(keep: Keep<Arc<Mutex<T>>>) -> Self {
        Self { keep }
    }

    /// As [`tokio::sync::OwnedMutexGuard::map`].
    #[inline]
    pub fn map<U, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut *this);
        OwnedMappedMutexGuard {
            keep: this.keep,
            data,
        }
    }

    /// As [`tokio::sync::OwnedMutexGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(OwnedMappedMutexGuard {
            keep: this.keep,
            data,
        })
    }

    /// The mutex that it locks.
    #[inline]
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.keep.owner()
    }
}

impl<T: ?Sized> Deref for OwnedMutexGuard<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the guard holds the mutex.
        unsafe { &*self.keep.owner().data() }
    }
}

impl<T: ?Sized> DerefMut for OwnedMutexGuard<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard holds the mutex, and is borrowed exclusively.
        unsafe { &mut *self.keep.owner().data() }
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    /// As [`tokio::sync::MappedMutexGuard::map`].
    #[inline]
    pub fn map<U, F>(mut this: Self, f: F) -> MappedMutexGuard<'a, U>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut *this);
        MappedMutexGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::MappedMutexGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<U, F>(mut this: Self, f: F) -> Result<MappedMutexGuard<'a, U>, Self>
    where
        U: ?Sized,
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(MappedMutexGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        })
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    /// As [`tokio::sync::OwnedMappedMutexGuard::map`].
    #[inline]
    pub fn map<S, F>(mut this: Self, f: F) -> OwnedMappedMutexGuard<T, S>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> &mut S,
    {
        let data: *mut S = f(&mut *this);
        OwnedMappedMutexGuard {
            keep: this.keep,
            data,
        }
    }

    /// As [`tokio::sync::OwnedMappedMutexGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<S, F>(mut this: Self, f: F) -> Result<OwnedMappedMutexGuard<T, S>, Self>
    where
        S: ?Sized,
        F: FnOnce(&mut U) -> Option<&mut S>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(OwnedMappedMutexGuard {
            keep: this.keep,
            data,
        })
    }
}

macro_rules! shown {
    ([$($generics:tt)*] $guard:ty) => {
        impl<$($generics)* + fmt::Debug> fmt::Debug for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($generics)* + fmt::Display> fmt::Display for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    };
}

shown!([T: ?Sized] MutexGuard<'_, T>);
shown!([T: ?Sized] OwnedMutexGuard<T>);
