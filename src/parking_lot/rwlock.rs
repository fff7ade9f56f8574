//! Reader-writer lock, and its guards.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::ptr;
use std::time::{Duration, Instant};

use lock_api::{
    RawRwLock as _, RawRwLockDowngrade as _, RawRwLockFair as _, RawRwLockTimed as _,
    RawRwLockUpgrade as _, RawRwLockUpgradeDowngrade as _, RawRwLockUpgradeFair as _,
    RawRwLockUpgradeTimed as _,
};

use super::acquire::{acquisitions, releases};
use super::guard::{guard, guard_map, guard_mut};
use super::lock::lock_type;
use super::relock::{Defer, must_return};
use super::upgrade::mode_changes;
use crate::instrument::Hold;
use crate::raw::RawRwLock;

lock_type! {
    /// Reader-writer lock: `parking_lot`'s, tracked in an instrumented build.
    ///
    /// Any number of threads may read at once, or one may write. A queued writer blocks new
    /// readers, so that it is not starved; a thread that reads twice can therefore wait for a
    /// writer that waits for the thread itself. [`RecursiveRwLock`](super::RecursiveRwLock) avoids
    /// that.
    ///
    /// A panic does not poison the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
    ///
    /// let cache = RwLock::named("cache", vec![1]);
    /// {
    ///     let (first, second) = (cache.read(), cache.try_read());
    ///     assert_eq!(first.len(), second.unwrap().len());
    /// }
    ///
    /// // Reads first, and writes only if needed; no other thread can write in between.
    /// let look = cache.upgradable_read();
    /// if !look.contains(&2) {
    ///     let mut cache = RwLockUpgradableReadGuard::upgrade(look);
    ///     cache.push(2);
    ///     let cache = RwLockWriteGuard::downgrade(cache);
    ///     assert_eq!(*cache, [1, 2]);
    /// }
    /// ```
    RwLock, RwLock, RawRwLock, "a reader-writer lock"
}

acquisitions! {
    RwLock, RwLockReadGuard, "shared access";
    read, try_read, try_read_for, try_read_until, make_read_guard_unchecked;
    lock_shared, try_lock_shared, try_lock_shared_for, try_lock_shared_until
}

acquisitions! {
    RwLock, RwLockWriteGuard, "exclusive access";
    write, try_write, try_write_for, try_write_until, make_write_guard_unchecked;
    lock_exclusive, try_lock_exclusive, try_lock_exclusive_for, try_lock_exclusive_until
}

acquisitions! {
    RwLock, RwLockUpgradableReadGuard, "upgradable access";
    upgradable_read, try_upgradable_read, try_upgradable_read_for, try_upgradable_read_until,
    make_upgradable_guard_unchecked;
    lock_upgradable, try_lock_upgradable, try_lock_upgradable_for, try_lock_upgradable_until
}

releases! {
    RwLock, "shared access"; force_unlock_read, force_unlock_read_fair;
    unlock_shared, unlock_shared_fair
}

releases! {
    RwLock, "exclusive access"; force_unlock_write, force_unlock_write_fair;
    unlock_exclusive, unlock_exclusive_fair
}

impl<T: ?Sized> RwLock<T> {
    /// Returns whether a thread holds the lock with exclusive access at present.
    #[inline]
    #[track_caller]
    pub fn is_locked_exclusive(&self) -> bool {
        self.0.is_locked_exclusive()
    }
}

guard! {
    /// Guard of a [`RwLock`] with shared access; releases the lock when it is dropped.
    #[must_use = "if unused the RwLock will immediately unlock"]
    RwLockReadGuard, RwLock, rwlock, &'a T;
    unlock_shared, unlock_shared_fair, bump_shared, relock_shared
}

guard_map! {
    RwLockReadGuard, MappedRwLockReadGuard, RwLockReadGuard, make_read_guard_unchecked, (&)
}

guard! {
    /// Guard of a [`RwLock`] with exclusive access; releases the lock when it is dropped.
    #[must_use = "if unused the RwLock will immediately unlock"]
    RwLockWriteGuard, RwLock, rwlock, &'a mut T;
    unlock_exclusive, unlock_exclusive_fair, bump_exclusive, relock_exclusive
}

guard_mut! { RwLockWriteGuard }

guard_map! {
    RwLockWriteGuard, MappedRwLockWriteGuard, RwLockWriteGuard, make_write_guard_unchecked, (&mut)
}

guard! {
    /// Guard of a [`RwLock`] with shared access that can become exclusive; releases the lock when
    /// it is dropped.
    ///
    /// There is at most one such guard at a time, beside any number of readers.
    #[must_use = "if unused the RwLock will immediately unlock"]
    RwLockUpgradableReadGuard, RwLock, rwlock, &'a T;
    unlock_upgradable, unlock_upgradable_fair, bump_upgradable, relock_upgradable
}

mode_changes! { RwLockReadGuard, RwLockWriteGuard, RwLockUpgradableReadGuard }

/// Guard of a [`RwLock`] with shared access to a part of its data. Returned by
/// [`RwLockReadGuard::map`].
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;

/// Guard of a [`RwLock`] with exclusive access to a part of its data. Returned by
/// [`RwLockWriteGuard::map`].
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;
