//! Acquisitions whose guards own an `Arc` of their lock.

#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lock_api::{
    ArcMutexGuard, ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard,
    ArcRwLockWriteGuard,
};

use super::{FairMutex, Mutex, RawThreadId, RecursiveRwLock, ReentrantMutex, RwLock};
use crate::instrument::Hold;
use crate::raw::call::Call;
use crate::raw::{RawFairMutex, RawMutex, RawRemutex, RawRwLock, RawRwLockRecursive};

/// Implements the conversion of an `Arc` of a lock from and to an `Arc` of the `lock_api` lock
/// inside.
macro_rules! arc_views {
    ($Lock:ident, $($inner:tt)*) => {
        impl<T: ?Sized> $Lock<T> {
            /// Borrows the `Arc` as one of the lock of `lock_api`.
            #[inline]
            fn inner_arc(self: &Arc<Self>) -> ManuallyDrop<Arc<lock_api::$($inner)*>> {
                let lock = Arc::as_ptr(self) as *const lock_api::$($inner)*;
                // SAFETY: the wrapper is transparent, so its lock has the same size and alignment
                // and, unsized, the same metadata, and lies at the same place in the `Arc`. The
                // count is not raised, and not lowered either, since the result is never dropped;
                // it is used for as long as the original is borrowed.
                ManuallyDrop::new(unsafe { Arc::from_raw(lock) })
            }

            /// Turns the `Arc` that a guard returned into one of this lock.
            ///
            /// The guards that own an `Arc` are those of `lock_api`, and so is the lock in that
            /// `Arc`.
            #[inline]
            pub fn from_inner_arc(inner: Arc<lock_api::$($inner)*>) -> Arc<Self> {
                let lock = Arc::into_raw(inner) as *const Self;
                // SAFETY: the wrapper is transparent, as above, and ownership of the reference
                // count is transferred.
                unsafe { Arc::from_raw(lock) }
            }
        }
    };
}

arc_views! { Mutex, Mutex<RawMutex, T> }
arc_views! { FairMutex, Mutex<RawFairMutex, T> }
arc_views! { RwLock, RwLock<RawRwLock, T> }
arc_views! { RecursiveRwLock, RwLock<RawRwLockRecursive, T> }
arc_views! { ReentrantMutex, ReentrantMutex<RawRemutex, RawThreadId, T> }

/// Defines the acquisitions of a lock in one mode whose guards own an `Arc` of it.
macro_rules! arc_acquisitions {
    (
        $Lock:ident, $Guard:ty, $access:literal, $plain:literal;
        $lock:ident, $try_lock:ident, $try_for:ident, $try_until:ident
    ) => {
        impl<T: ?Sized> $Lock<T> {
            #[doc = concat!("Acquires the lock with ", $access, "; the guard owns an `Arc` of it.")]
            ///
            #[doc = concat!("Otherwise like [`", $plain, "`](Self::", $plain, ").")]
            #[inline]
            #[track_caller]
            pub fn $lock(self: &Arc<Self>) -> $Guard {
                self.inner_arc().$lock()
            }

            #[doc = concat!("Acquires the lock with ", $access, " if that is possible at once; the")]
            /// guard owns an `Arc` of it.
            #[inline]
            #[track_caller]
            pub fn $try_lock(self: &Arc<Self>) -> Option<$Guard> {
                self.inner_arc().$try_lock()
            }

            #[doc = concat!("Acquires the lock with ", $access, ", or gives up after `timeout`; the")]
            /// guard owns an `Arc` of it.
            #[inline]
            #[track_caller]
            pub fn $try_for(self: &Arc<Self>, timeout: Duration) -> Option<$Guard> {
                self.inner_arc().$try_for(timeout)
            }

            #[doc = concat!("Acquires the lock with ", $access, ", or gives up at `timeout`; the guard")]
            /// owns an `Arc` of it.
            #[inline]
            #[track_caller]
            pub fn $try_until(self: &Arc<Self>, timeout: Instant) -> Option<$Guard> {
                self.inner_arc().$try_until(timeout)
            }
        }
    };
}

arc_acquisitions! {
    Mutex, ArcMutexGuard<RawMutex, T>, "exclusive access", "lock";
    lock_arc, try_lock_arc, try_lock_arc_for, try_lock_arc_until
}
arc_acquisitions! {
    FairMutex, ArcMutexGuard<RawFairMutex, T>, "exclusive access", "lock";
    lock_arc, try_lock_arc, try_lock_arc_for, try_lock_arc_until
}

/// Defines the construction of a guard that owns an `Arc` of a lock from a hold in one mode.
macro_rules! arc_guard_of_hold {
    ($Lock:ident, $Guard:ty, $access:literal; $make:ident, $plain:literal) => {
        impl<T: ?Sized> $Lock<T> {
            #[doc = concat!("Creates a guard that owns an `Arc` of the lock from a hold with ", $access, ".")]
            ///
            /// # Safety
            ///
            #[doc = concat!("As for [`", $plain, "`](Self::", $plain, ").")]
            #[inline]
            pub unsafe fn $make(self: &Arc<Self>, guard: Hold) -> $Guard {
                // SAFETY: guaranteed by the caller, under the same conditions.
                unsafe { self.inner_arc().$make(guard) }
            }
        }
    };
}

/// Defines the methods of a reader-writer lock whose guards own an `Arc` of it.
macro_rules! arc_rwlock {
    ($Lock:ident, $Raw:ident) => {
        arc_acquisitions! {
            $Lock, ArcRwLockReadGuard<$Raw, T>, "shared access", "read";
            read_arc, try_read_arc, try_read_arc_for, try_read_arc_until
        }
        arc_acquisitions! {
            $Lock, ArcRwLockWriteGuard<$Raw, T>, "exclusive access", "write";
            write_arc, try_write_arc, try_write_arc_for, try_write_arc_until
        }
        arc_acquisitions! {
            $Lock, ArcRwLockUpgradableReadGuard<$Raw, T>, "upgradable access", "upgradable_read";
            upgradable_read_arc, try_upgradable_read_arc,
            try_upgradable_read_arc_for, try_upgradable_read_arc_until
        }

        arc_guard_of_hold! {
            $Lock, ArcRwLockReadGuard<$Raw, T>, "shared access";
            make_arc_read_guard_unchecked, "make_read_guard_unchecked"
        }
        arc_guard_of_hold! {
            $Lock, ArcRwLockWriteGuard<$Raw, T>, "exclusive access";
            make_arc_write_guard_unchecked, "make_write_guard_unchecked"
        }
        arc_guard_of_hold! {
            $Lock, ArcRwLockUpgradableReadGuard<$Raw, T>, "upgradable access";
            make_upgradable_arc_guard_unchecked, "make_upgradable_guard_unchecked"
        }
    };
}

arc_rwlock! { RwLock, RawRwLock }
arc_rwlock! { RecursiveRwLock, RawRwLockRecursive }

/// Type of the guard of a reentrant mutex that owns an `Arc` of it.
type ArcReentrant<T> = ArcReentrantMutexGuard<RawRemutex, RawThreadId, T>;

impl<T: ?Sized> ReentrantMutex<T> {
    /// Acquires the lock; the guard owns an `Arc` of it.
    ///
    /// Otherwise like [`lock`](Self::lock).
    #[inline]
    #[track_caller]
    pub fn lock_arc(self: &Arc<Self>) -> ArcReentrant<T> {
        Call::here().with_override(|| self.inner_arc().lock_arc())
    }

    /// Acquires the lock if no other thread holds it; the guard owns an `Arc` of it.
    #[inline]
    #[track_caller]
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<ArcReentrant<T>> {
        Call::here().with_override(|| self.inner_arc().try_lock_arc())
    }

    /// Acquires the lock, or gives up after `timeout`; the guard owns an `Arc` of it.
    #[inline]
    #[track_caller]
    pub fn try_lock_arc_for(self: &Arc<Self>, timeout: Duration) -> Option<ArcReentrant<T>> {
        Call::here().with_override(|| self.inner_arc().try_lock_arc_for(timeout))
    }

    /// Acquires the lock, or gives up at `timeout`; the guard owns an `Arc` of it.
    #[inline]
    #[track_caller]
    pub fn try_lock_arc_until(self: &Arc<Self>, timeout: Instant) -> Option<ArcReentrant<T>> {
        Call::here().with_override(|| self.inner_arc().try_lock_arc_until(timeout))
    }

    /// Creates a guard that owns an `Arc` of the lock from an acquisition that has none.
    ///
    /// # Safety
    ///
    /// As for [`make_guard_unchecked`](Self::make_guard_unchecked).
    #[inline]
    pub unsafe fn make_arc_guard_unchecked(self: &Arc<Self>) -> ArcReentrant<T> {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.inner_arc().make_arc_guard_unchecked() }
    }
}
