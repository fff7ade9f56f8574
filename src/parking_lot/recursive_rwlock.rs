//! Reader-writer lock that permits recursive reads, and its guards.

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
use crate::raw::RawRwLockRecursive;

lock_type! {
    /// Reader-writer lock whose readers overtake queued writers.
    ///
    /// A thread that already reads may therefore read again, whatever threads are queued. The price
    /// is that an unbroken sequence of readers can starve a writer.
    ///
    /// A panic does not poison the lock.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::RecursiveRwLock;
    ///
    /// let tree = RecursiveRwLock::new(vec![1, 2, 3]);
    /// let outer = tree.read();
    /// let inner = tree.read();
    /// assert_eq!(outer.len(), inner.len());
    /// assert!(tree.try_write().is_none());
    /// ```
    RecursiveRwLock, RwLock, RawRwLockRecursive, "a reader-writer lock that a thread may read twice"
}

acquisitions! {
    RecursiveRwLock, RecursiveRwLockReadGuard, "shared access";
    read, try_read, try_read_for, try_read_until, make_read_guard_unchecked;
    lock_shared, try_lock_shared, try_lock_shared_for, try_lock_shared_until
}

acquisitions! {
    RecursiveRwLock, RecursiveRwLockWriteGuard, "exclusive access";
    write, try_write, try_write_for, try_write_until, make_write_guard_unchecked;
    lock_exclusive, try_lock_exclusive, try_lock_exclusive_for, try_lock_exclusive_until
}

acquisitions! {
    RecursiveRwLock, RecursiveRwLockUpgradableReadGuard, "upgradable access";
    upgradable_read, try_upgradable_read, try_upgradable_read_for, try_upgradable_read_until,
    make_upgradable_guard_unchecked;
    lock_upgradable, try_lock_upgradable, try_lock_upgradable_for, try_lock_upgradable_until
}

releases! {
    RecursiveRwLock, "shared access"; force_unlock_read, force_unlock_read_fair;
    unlock_shared, unlock_shared_fair
}

releases! {
    RecursiveRwLock, "exclusive access"; force_unlock_write, force_unlock_write_fair;
    unlock_exclusive, unlock_exclusive_fair
}

impl<T: ?Sized> RecursiveRwLock<T> {
    /// Returns whether a thread holds the lock with exclusive access at present.
    #[inline]
    #[track_caller]
    pub fn is_locked_exclusive(&self) -> bool {
        self.0.is_locked_exclusive()
    }
}

guard! {
    /// Guard of a [`RecursiveRwLock`] with shared access; releases the lock when it is dropped.
    #[must_use = "if unused the RwLock will immediately unlock"]
    RecursiveRwLockReadGuard, RecursiveRwLock, rwlock, &'a T;
    unlock_shared, unlock_shared_fair, bump_shared, relock_shared
}

guard_map! {
    RecursiveRwLockReadGuard, MappedRecursiveRwLockReadGuard, RwLockReadGuard, make_read_guard_unchecked, (&)
}

guard! {
    /// Guard of a [`RecursiveRwLock`] with exclusive access; releases the lock when it is dropped.
    #[must_use = "if unused the RwLock will immediately unlock"]
    RecursiveRwLockWriteGuard, RecursiveRwLock, rwlock, &'a mut T;
    unlock_exclusive, unlock_exclusive_fair, bump_exclusive, relock_exclusive
}

guard_mut! { RecursiveRwLockWriteGuard }

guard_map! {
    RecursiveRwLockWriteGuard, MappedRecursiveRwLockWriteGuard, RwLockWriteGuard, make_write_guard_unchecked, (&mut)
}

guard! {
    /// Guard of a [`RecursiveRwLock`] with shared access that can become exclusive; releases the
    /// lock when it is dropped.
    ///
    /// There is at most one such guard at a time, beside any number of readers.
    #[must_use = "if unused the RwLock will immediately unlock"]
    RecursiveRwLockUpgradableReadGuard, RecursiveRwLock, rwlock, &'a T;
    unlock_upgradable, unlock_upgradable_fair, bump_upgradable, relock_upgradable
}

mode_changes! { RecursiveRwLockReadGuard, RecursiveRwLockWriteGuard, RecursiveRwLockUpgradableReadGuard }

/// Guard of a [`RecursiveRwLock`] with shared access to a part of its data. Returned by
/// [`RecursiveRwLockReadGuard::map`].
pub type MappedRecursiveRwLockReadGuard<'a, T> =
    lock_api::MappedRwLockReadGuard<'a, RawRwLockRecursive, T>;

/// Guard of a [`RecursiveRwLock`] with exclusive access to a part of its data. Returned by
/// [`RecursiveRwLockWriteGuard::map`].
pub type MappedRecursiveRwLockWriteGuard<'a, T> =
    lock_api::MappedRwLockWriteGuard<'a, RawRwLockRecursive, T>;
