//! The guards of the reader-writer lock.

#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::sync::Arc;

use super::guard_macros::guard;
use super::keep::Keep;
use super::raw::Raw;
use super::rwlock::RwLock;

/// [`tokio::sync::RwLockReadGuard`] of an [`RwLock`].
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    keep: Keep<&'a Raw>,
    data: *const T,
    marker: PhantomData<&'a T>,
}

/// [`tokio::sync::RwLockWriteGuard`] of an [`RwLock`].
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    keep: Keep<&'a Raw>,
    data: *mut T,
    marker: PhantomData<&'a mut T>,
}

/// [`tokio::sync::RwLockMappedWriteGuard`] of an [`RwLock`].
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    keep: Keep<&'a Raw>,
    data: *mut T,
    marker: PhantomData<&'a mut T>,
}

/// [`tokio::sync::OwnedRwLockReadGuard`] of an [`RwLock`].
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    keep: Keep<Arc<RwLock<T>>>,
    data: *const U,
}

/// [`tokio::sync::OwnedRwLockWriteGuard`] of an [`RwLock`].
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    keep: Keep<Arc<RwLock<T>>>,
    data: *mut T,
}

/// [`tokio::sync::OwnedRwLockMappedWriteGuard`] of an [`RwLock`].
#[clippy::has_significant_drop]
#[must_use = "if unused the RwLock will immediately unlock"]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    keep: Keep<Arc<RwLock<T>>>,
    data: *mut U,
}

// SAFETY: it stands for a shared reference to the data.
unsafe impl<T: ?Sized + Sync> Send for RwLockReadGuard<'_, T> {}
// SAFETY: as above, with tokio's bounds.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLockReadGuard<'_, T> {}
// SAFETY: it stands for an exclusive reference to the data, which can be downgraded.
unsafe impl<T: ?Sized + Send + Sync> Send for RwLockWriteGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLockWriteGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Send for RwLockMappedWriteGuard<'_, T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLockMappedWriteGuard<'_, T> {}
// SAFETY: it stands for a shared reference to the data, and for an `Arc` of the lock.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Sync> Send for OwnedRwLockReadGuard<T, U> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync for OwnedRwLockReadGuard<T, U> {}
// SAFETY: it stands for an exclusive reference to the data, and for an `Arc` of the lock.
unsafe impl<T: ?Sized + Send + Sync> Send for OwnedRwLockWriteGuard<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for OwnedRwLockWriteGuard<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Send
    for OwnedRwLockMappedWriteGuard<T, U>
{
}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync, U: ?Sized + Send + Sync> Sync
    for OwnedRwLockMappedWriteGuard<T, U>
{
}

guard!(read ['a, T: ?Sized] RwLockReadGuard<'a, T>, T);
guard!(write ['a, T: ?Sized] RwLockWriteGuard<'a, T>, T);
guard!(write ['a, T: ?Sized] RwLockMappedWriteGuard<'a, T>, T);
guard!(read [T: ?Sized, U: ?Sized] OwnedRwLockReadGuard<T, U>, U);
guard!(write [T: ?Sized] OwnedRwLockWriteGuard<T>, T);
guard!(write [T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U>, U);

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    #[inline]
    pub(super) fn new(keep: Keep<&'a RwLock<T>>) -> Self {
        let data = keep.owner().data();
        Self {
            keep: keep.erase(),
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::RwLockReadGuard::map`].
    #[inline]
    pub fn map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        let data: *const U = f(&*this);
        RwLockReadGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::RwLockReadGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Some(data) = f(&*this).map(|data| std::ptr::from_ref(data)) else {
            return Err(this);
        };
        Ok(RwLockReadGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        })
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[inline]
    pub(super) fn new(keep: Keep<&'a RwLock<T>>) -> Self {
        let data = keep.owner().data();
        Self {
            keep: keep.erase(),
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::RwLockWriteGuard::map`].
    #[inline]
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut *this);
        RwLockMappedWriteGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::RwLockWriteGuard::downgrade_map`].
    #[inline]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> RwLockReadGuard<'a, U>
    where
        F: FnOnce(&T) -> &U,
    {
        // Mapped while it is still exclusive.
        let data: *const U = f(&*this);
        let mut keep = this.keep;
        keep.downgrade();
        RwLockReadGuard {
            keep,
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::RwLockWriteGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(RwLockMappedWriteGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        })
    }

    /// As [`tokio::sync::RwLockWriteGuard::try_downgrade_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_downgrade_map<F, U: ?Sized>(this: Self, f: F) -> Result<RwLockReadGuard<'a, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Some(data) = f(&*this).map(|data| std::ptr::from_ref(data)) else {
            return Err(this);
        };
        let mut keep = this.keep;
        keep.downgrade();
        Ok(RwLockReadGuard {
            keep,
            data,
            marker: PhantomData,
        })
    }

    /// As [`tokio::sync::RwLockWriteGuard::into_mapped`].
    #[inline]
    pub fn into_mapped(this: Self) -> RwLockMappedWriteGuard<'a, T> {
        RwLockMappedWriteGuard {
            keep: this.keep,
            data: this.data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::RwLockWriteGuard::downgrade`].
    pub fn downgrade(self) -> RwLockReadGuard<'a, T> {
        self.downgrade_first()
    }

    fn downgrade_first(self) -> RwLockReadGuard<'a, T> {
        let mut keep = self.keep;
        keep.downgrade();
        RwLockReadGuard {
            keep,
            data: self.data,
            marker: PhantomData,
        }
    }
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    /// As [`tokio::sync::RwLockMappedWriteGuard::map`].
    #[inline]
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> RwLockMappedWriteGuard<'a, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut *this);
        RwLockMappedWriteGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        }
    }

    /// As [`tokio::sync::RwLockMappedWriteGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<RwLockMappedWriteGuard<'a, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(RwLockMappedWriteGuard {
            keep: this.keep,
            data,
            marker: PhantomData,
        })
    }
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    #[inline]
    pub(super) fn new(keep: Keep<Arc<RwLock<T>>>) -> Self {
        let data = keep.owner().data();
        Self { keep, data }
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    /// As [`tokio::sync::OwnedRwLockReadGuard::map`].
    #[inline]
    pub fn map<F, V: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, V>
    where
        F: FnOnce(&U) -> &V,
    {
        let data: *const V = f(&*this);
        OwnedRwLockReadGuard {
            keep: this.keep,
            data,
        }
    }

    /// As [`tokio::sync::OwnedRwLockReadGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<F, V: ?Sized>(this: Self, f: F) -> Result<OwnedRwLockReadGuard<T, V>, Self>
    where
        F: FnOnce(&U) -> Option<&V>,
    {
        let Some(data) = f(&*this).map(|data| std::ptr::from_ref(data)) else {
            return Err(this);
        };
        Ok(OwnedRwLockReadGuard {
            keep: this.keep,
            data,
        })
    }

    /// The lock.
    #[inline]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.keep.owner()
    }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    #[inline]
    pub(super) fn new(keep: Keep<Arc<RwLock<T>>>) -> Self {
        let data = keep.owner().data();
        Self { keep, data }
    }

    /// As [`tokio::sync::OwnedRwLockWriteGuard::map`].
    #[inline]
    pub fn map<F, U: ?Sized>(mut this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, U>
    where
        F: FnOnce(&mut T) -> &mut U,
    {
        let data: *mut U = f(&mut *this);
        OwnedRwLockMappedWriteGuard {
            keep: this.keep,
            data,
        }
    }

    /// As [`tokio::sync::OwnedRwLockWriteGuard::downgrade_map`].
    #[inline]
    pub fn downgrade_map<F, U: ?Sized>(this: Self, f: F) -> OwnedRwLockReadGuard<T, U>
    where
        F: FnOnce(&T) -> &U,
    {
        // Mapped while it is still exclusive.
        let data: *const U = f(&*this);
        let mut keep = this.keep;
        keep.downgrade();
        OwnedRwLockReadGuard { keep, data }
    }

    /// As [`tokio::sync::OwnedRwLockWriteGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<F, U: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, U>, Self>
    where
        F: FnOnce(&mut T) -> Option<&mut U>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(OwnedRwLockMappedWriteGuard {
            keep: this.keep,
            data,
        })
    }

    /// As [`tokio::sync::OwnedRwLockWriteGuard::try_downgrade_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_downgrade_map<F, U: ?Sized>(
        this: Self,
        f: F,
    ) -> Result<OwnedRwLockReadGuard<T, U>, Self>
    where
        F: FnOnce(&T) -> Option<&U>,
    {
        let Some(data) = f(&*this).map(|data| std::ptr::from_ref(data)) else {
            return Err(this);
        };
        let mut keep = this.keep;
        keep.downgrade();
        Ok(OwnedRwLockReadGuard { keep, data })
    }

    /// As [`tokio::sync::OwnedRwLockWriteGuard::into_mapped`].
    #[inline]
    pub fn into_mapped(this: Self) -> OwnedRwLockMappedWriteGuard<T> {
        OwnedRwLockMappedWriteGuard {
            keep: this.keep,
            data: this.data,
        }
    }

    /// As [`tokio::sync::OwnedRwLockWriteGuard::downgrade`].
    pub fn downgrade(self) -> OwnedRwLockReadGuard<T> {
        self.downgrade_first()
    }

    fn downgrade_first(self) -> OwnedRwLockReadGuard<T> {
        let mut keep = self.keep;
        keep.downgrade();
        OwnedRwLockReadGuard {
            keep,
            data: self.data,
        }
    }

    /// The lock.
    #[inline]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.keep.owner()
    }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    /// As [`tokio::sync::OwnedRwLockMappedWriteGuard::map`].
    #[inline]
    pub fn map<F, V: ?Sized>(mut this: Self, f: F) -> OwnedRwLockMappedWriteGuard<T, V>
    where
        F: FnOnce(&mut U) -> &mut V,
    {
        let data: *mut V = f(&mut *this);
        OwnedRwLockMappedWriteGuard {
            keep: this.keep,
            data,
        }
    }

    /// As [`tokio::sync::OwnedRwLockMappedWriteGuard::try_map`].
    ///
    /// # Errors
    ///
    /// The guard itself, if the closure returns `None`.
    #[inline]
    pub fn try_map<F, V: ?Sized>(
        mut this: Self,
        f: F,
    ) -> Result<OwnedRwLockMappedWriteGuard<T, V>, Self>
    where
        F: FnOnce(&mut U) -> Option<&mut V>,
    {
        let Some(data) = f(&mut *this).map(|data| std::ptr::from_mut(data)) else {
            return Err(this);
        };
        Ok(OwnedRwLockMappedWriteGuard {
            keep: this.keep,
            data,
        })
    }

    /// The lock.
    #[inline]
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.keep.owner()
    }
}
