//! Reader-writer locks, and their guards: the usual one, and one that permits recursive reads.

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
use super::relock::must_return;
use super::upgrade::mode_changes;
use crate::instrument::Hold;
use crate::raw::defer::Defer;
use crate::raw::{RawRwLock, RawRwLockRecursive};

/// Defines the acquisitions, the releases and the guards of a reader-writer lock.
macro_rules! rwlock {
    ($Lock:ident, $Raw:ident, $Read:ident, $Write:ident, $Upgradable:ident, $MappedRead:ident, $MappedWrite:ident) => {
        acquisitions! {
            $Lock, $Read, "shared access";
            read, try_read, try_read_for, try_read_until, make_read_guard_unchecked;
            lock_shared, try_lock_shared, try_lock_shared_for, try_lock_shared_until
        }

        acquisitions! {
            $Lock, $Write, "exclusive access";
            write, try_write, try_write_for, try_write_until, make_write_guard_unchecked;
            lock_exclusive, try_lock_exclusive, try_lock_exclusive_for, try_lock_exclusive_until
        }

        acquisitions! {
            $Lock, $Upgradable, "upgradable access";
            upgradable_read, try_upgradable_read, try_upgradable_read_for, try_upgradable_read_until,
            make_upgradable_guard_unchecked;
            lock_upgradable, try_lock_upgradable, try_lock_upgradable_for, try_lock_upgradable_until
        }

        releases! {
            $Lock, "shared access"; force_unlock_read, force_unlock_read_fair;
            unlock_shared, unlock_shared_fair
        }

        releases! {
            $Lock, "exclusive access"; force_unlock_write, force_unlock_write_fair;
            unlock_exclusive, unlock_exclusive_fair
        }

        impl<T: ?Sized> $Lock<T> {
            /// Returns whether a thread holds the lock with exclusive access at present.
            #[inline]
            #[track_caller]
            pub fn is_locked_exclusive(&self) -> bool {
                self.0.is_locked_exclusive()
            }
        }

        guard! {
            #[doc = concat!("Guard of a [`", stringify!($Lock), "`] with shared access; releases the lock when it is")]
            /// dropped.
            #[must_use = "if unused the RwLock will immediately unlock"]
            $Read, $Lock, rwlock, &'a T;
            unlock_shared, unlock_shared_fair, bump_shared, relock_shared
        }

        guard_map! {
            $Read, $MappedRead, RwLockReadGuard, make_read_guard_unchecked, (&)
        }

        guard! {
            #[doc = concat!("Guard of a [`", stringify!($Lock), "`] with exclusive access; releases the lock when it")]
            /// is dropped.
            #[must_use = "if unused the RwLock will immediately unlock"]
            $Write, $Lock, rwlock, &'a mut T;
            unlock_exclusive, unlock_exclusive_fair, bump_exclusive, relock_exclusive
        }

        guard_mut! { $Write }

        guard_map! {
            $Write, $MappedWrite, RwLockWriteGuard, make_write_guard_unchecked, (&mut)
        }

        guard! {
            #[doc = concat!("Guard of a [`", stringify!($Lock), "`] with shared access that can become exclusive;")]
            /// releases the lock when it is dropped.
            ///
            /// There is at most one such guard at a time, beside any number of readers.
            #[must_use = "if unused the RwLock will immediately unlock"]
            $Upgradable, $Lock, rwlock, &'a T;
            unlock_upgradable, unlock_upgradable_fair, bump_upgradable, relock_upgradable
        }

        mode_changes! { $Read, $Write, $Upgradable }

        #[doc = concat!("Guard of a [`", stringify!($Lock), "`] with shared access to a part of its data.")]
        #[doc = concat!("Returned by [`", stringify!($Read), "::map`].")]
        pub type $MappedRead<'a, T> = lock_api::MappedRwLockReadGuard<'a, $Raw, T>;

        #[doc = concat!("Guard of a [`", stringify!($Lock), "`] with exclusive access to a part of its data.")]
        #[doc = concat!("Returned by [`", stringify!($Write), "::map`].")]
        pub type $MappedWrite<'a, T> = lock_api::MappedRwLockWriteGuard<'a, $Raw, T>;
    };
}

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

rwlock! {
    RwLock, RawRwLock, RwLockReadGuard, RwLockWriteGuard, RwLockUpgradableReadGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard
}

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

rwlock! {
    RecursiveRwLock, RawRwLockRecursive, RecursiveRwLockReadGuard, RecursiveRwLockWriteGuard,
    RecursiveRwLockUpgradableReadGuard, MappedRecursiveRwLockReadGuard, MappedRecursiveRwLockWriteGuard
}
