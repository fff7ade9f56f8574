//! Mutex, and its guard.

#![allow(unsafe_code)]

use std::fmt;
use std::marker::PhantomData;
use std::mem::{self, ManuallyDrop};
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::ptr;
use std::time::{Duration, Instant};

use lock_api::{RawMutex as _, RawMutexFair as _, RawMutexTimed as _};

use super::acquire::{acquisitions, releases};
use super::guard::{guard, guard_map, guard_mut};
use super::lock::lock_type;
use super::relock::{Defer, must_return};
use crate::instrument::Hold;
use crate::raw::RawMutex;

lock_type! {
    /// Mutual-exclusion lock: `parking_lot`'s, tracked in an instrumented build.
    ///
    /// A panic does not poison the lock. Unlocks are eventually fair: usually the first thread that
    /// requests the lock gets it, and about every half millisecond the one that has waited longest.
    ///
    /// A thread that locks a mutex that it already holds would wait for itself for ever; in an
    /// instrumented build, that is reported before it blocks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::thread;
    /// use lockwarden::parking_lot::Mutex;
    ///
    /// static TOTAL: Mutex<u32> = Mutex::new(0);
    ///
    /// let names = Arc::new(Mutex::named("names", Vec::new()));
    /// let workers: Vec<_> = (0..4)
    ///     .map(|worker| {
    ///         let names = Arc::clone(&names);
    ///         thread::spawn(move || {
    ///             names.lock().push(format!("worker {worker}"));
    ///             *TOTAL.lock() += worker;
    ///         })
    ///     })
    ///     .collect();
    /// for worker in workers {
    ///     worker.join().unwrap();
    /// }
    /// assert_eq!(names.lock().len(), 4);
    /// assert_eq!(*TOTAL.lock(), 6);
    /// ```
    Mutex, Mutex, RawMutex, "a mutex"
}

acquisitions! {
    Mutex, MutexGuard, "exclusive access";
    lock, try_lock, try_lock_for, try_lock_until, make_guard_unchecked;
    lock, try_lock, try_lock_for, try_lock_until
}

releases! { Mutex, "exclusive access"; force_unlock, force_unlock_fair; unlock, unlock_fair }

guard! {
    /// Guard of a [`Mutex`]: gives access to its data, and releases the mutex when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::{Mutex, MutexGuard};
    ///
    /// let pair = Mutex::new((1, 2));
    /// let mut second = MutexGuard::map(pair.lock(), |pair| &mut pair.1);
    /// *second += 1;
    /// drop(second);
    ///
    /// let mut guard = pair.lock();
    /// MutexGuard::unlocked(&mut guard, || *pair.lock() = (5, 6));
    /// assert_eq!(*guard, (5, 6));
    /// ```
    #[must_use = "if unused the Mutex will immediately unlock"]
    MutexGuard, Mutex, mutex, &'a mut T;
    unlock, unlock_fair, bump, relock
}

guard_mut! { MutexGuard }
guard_map! { MutexGuard, MappedMutexGuard, MutexGuard, make_guard_unchecked, (&mut) }

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// Forgets the guard and returns the data. The mutex stays locked for ever.
    #[inline]
    pub fn leak(s: Self) -> &'a mut T {
        let s = ManuallyDrop::new(s);
        // SAFETY: the guard holds the lock exclusively, and no code can release it any more.
        unsafe { &mut *s.lock.0.data_ptr() }
    }
}

/// Guard of a [`Mutex`] that gives access to a part of its data. Returned by [`MutexGuard::map`].
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;
