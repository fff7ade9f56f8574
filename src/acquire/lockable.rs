//! One lock of a joint acquisition, with the mode of its acquisition.

use std::sync::LockResult;

use crate::instrument::{Lock, Site};
use crate::sync;

/// Lock that [`acquire`](super::acquire) can acquire, with the mode of its acquisition.
///
/// A mutex is requested by a reference to it, a reader-writer lock through [`read`] or
/// [`write`](write()). A lock of another crate can take part if a reference to it implements this
/// trait, which requires `Copy` because a set of locks may have to be released and acquired again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which lock to take, and how",
    label = "not a mutex, `read(..)` or `write(..)`",
    note = "ask for a mutex by reference, `&mutex`",
    note = "ask for a reader-writer lock by `read(&lock)` or `write(&lock)`",
    note = "a lock of std or of the crate `parking_lot` is not watched: import it from `lockwarden::sync` or `lockwarden::parking_lot`"
)]
pub trait Lockable: Copy {
    /// The guard that an acquisition returns.
    type Guard;

    /// Returns the record of the lock; each lock has its own.
    ///
    /// Without instrumentation a record is zero-sized, and its address identifies the lock. Make it
    /// the first field of a `#[repr(C)]` struct that is not zero-sized, so that no other record can
    /// have the same address.
    fn record(&self) -> &Lock;

    /// Acquires the lock for the call at `site`; blocks until it is acquired.
    fn lock(self, site: Site) -> Self::Guard;
}

/// Reader-writer lock to be acquired for reading. Returned by [`read`].
#[derive(Debug)]
#[must_use = "nothing is locked before it is given to `acquire`"]
pub struct Read<'a, L: ?Sized>(pub(crate) &'a L);

/// Reader-writer lock to be acquired for writing. Returned by [`write`](write()).
#[derive(Debug)]
#[must_use = "nothing is locked before it is given to `acquire`"]
pub struct Write<'a, L: ?Sized>(pub(crate) &'a L);

/// Requests `lock` for reading, as an argument of [`acquire`](super::acquire).
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

/// Requests `lock` for writing, as an argument of [`acquire`](super::acquire).
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

// Not derived, since derived implementations would require `L: Clone` and `L: Copy`.
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
