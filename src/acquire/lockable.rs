//! One lock, with the way in which it is to be taken.

use std::sync::LockResult;

use crate::instrument::{Lock, Site};
use crate::sync;

/// One lock that [`acquire`](super::acquire) can take, with the way in which it is to be taken.
///
/// A mutex is asked for by a reference to it, a reader-writer lock through [`read`] or [`write`](write()).
/// A lock of your own takes part if a reference to it implements this trait; `Copy`, because a
/// set of locks may have to be let go and taken again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which lock to take, and how",
    label = "not a mutex, `read(..)` or `write(..)`",
    note = "ask for a mutex by reference, `&mutex`",
    note = "ask for a reader-writer lock by `read(&lock)` or `write(&lock)`"
)]
pub trait Lockable: Copy {
    /// What taking the lock returns.
    type Guard;

    /// The record that the lock keeps, one for each lock.
    ///
    /// Without instrumentation a record has no size, and stands for its lock by its address.
    /// Make it the first field of a `#[repr(C)]` struct that has a size, so that no other record
    /// can have the same address.
    fn record(&self) -> &Lock;

    /// Takes the lock for the call at `site`; blocks until it is had.
    fn lock(self, site: Site) -> Self::Guard;
}

/// A reader-writer lock that is to be taken for reading. Made by [`read`].
#[derive(Debug)]
#[must_use = "nothing is locked before it is given to `acquire`"]
pub struct Read<'a, L: ?Sized>(pub(crate) &'a L);

/// A reader-writer lock that is to be taken for writing. Made by [`write`](write()).
#[derive(Debug)]
#[must_use = "nothing is locked before it is given to `acquire`"]
pub struct Write<'a, L: ?Sized>(pub(crate) &'a L);

/// Asks [`acquire`](super::acquire) for `lock`, for reading.
///
/// # Examples
///
/// ```
/// use lockwarden::acquire::{acquire, read};
/// use lockwarden::sync::{Mutex, RwLock};
///
/// let (total, rate) = (Mutex::new(10), RwLock::new(3));
/// let mut held = acquire((&total, read(&rate)))?.checked().unwrap();
/// *held.0 *= *held.1;
/// # Ok::<(), lockwarden::acquire::LockOrderViolation>(())
/// ```
pub const fn read<L: ?Sized>(lock: &L) -> Read<'_, L> {
    Read(lock)
}

/// Asks [`acquire`](super::acquire) for `lock`, for writing.
///
/// # Examples
///
/// ```
/// use lockwarden::acquire::{acquire, write};
/// use lockwarden::sync::{Mutex, RwLock};
///
/// let (total, rate) = (Mutex::new(10), RwLock::new(3));
/// let mut held = acquire((&total, write(&rate)))?.checked().unwrap();
/// *held.1 += *held.0;
/// # Ok::<(), lockwarden::acquire::LockOrderViolation>(())
/// ```
pub const fn write<L: ?Sized>(lock: &L) -> Write<'_, L> {
    Write(lock)
}

// By hand, since the derived ones would ask the lock itself to be `Clone` and `Copy`.
impl<L: ?Sized> Clone for Read<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: ?Sized> Copy for Read<'_, L> {}

impl<L: ?Sized> Clone for Write<'_, L> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<L: ?Sized> Copy for Write<'_, L> {}

impl<'a, T: ?Sized> Lockable for &'a sync::Mutex<T> {
    type Guard = LockResult<sync::MutexGuard<'a, T>>;

    #[inline]
    fn record(&self) -> &Lock {
        sync::Mutex::record(self)
    }

    #[inline]
    fn lock(self, site: Site) -> Self::Guard {
        self.lock_at(site)
    }
}

impl<'a, T: ?Sized> Lockable for Read<'a, sync::RwLock<T>> {
    type Guard = LockResult<sync::RwLockReadGuard<'a, T>>;

    #[inline]
    fn record(&self) -> &Lock {
        self.0.record()
    }

    #[inline]
    fn lock(self, site: Site) -> Self::Guard {
        self.0.read_at(site)
    }
}

impl<'a, T: ?Sized> Lockable for Write<'a, sync::RwLock<T>> {
    type Guard = LockResult<sync::RwLockWriteGuard<'a, T>>;

    #[inline]
    fn record(&self) -> &Lock {
        self.0.record()
    }

    #[inline]
    fn lock(self, site: Site) -> Self::Guard {
        self.0.write_at(site)
    }
}
