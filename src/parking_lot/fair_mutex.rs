//! Fair mutex, and its guard.

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
use crate::raw::RawFairMutex;

lock_type! {
    /// Mutual-exclusion lock whose every unlock hands it to the thread that has waited longest.
    ///
    /// No thread starves, at the price of a context switch at every contended unlock;
    /// [`Mutex`](super::Mutex) is fair only from time to time.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::parking_lot::FairMutex;
    ///
    /// let queue = FairMutex::new(vec![1, 2]);
    /// queue.lock().push(3);
    /// assert_eq!(queue.into_inner(), [1, 2, 3]);
    /// ```
    FairMutex, Mutex, RawFairMutex, "a fair mutex"
}

acquisitions! {
    FairMutex, FairMutexGuard, "exclusive access";
    lock, try_lock, try_lock_for, try_lock_until, make_guard_unchecked;
    lock, try_lock, try_lock_for, try_lock_until
}

releases! { FairMutex, "exclusive access"; force_unlock, force_unlock_fair; unlock, unlock_fair }

guard! {
    /// Guard of a [`FairMutex`]: gives access to its data, and releases the mutex when it is
    /// dropped.
    #[must_use = "if unused the Mutex will immediately unlock"]
    FairMutexGuard, FairMutex, mutex, &'a mut T;
    unlock, unlock_fair, bump, relock
}

guard_mut! { FairMutexGuard }
guard_map! { FairMutexGuard, MappedFairMutexGuard, MutexGuard, make_guard_unchecked, (&mut) }

impl<'a, T: ?Sized> FairMutexGuard<'a, T> {
    /// Forgets the guard and returns the data. The mutex stays locked for ever.
    #[inline]
    pub fn leak(s: Self) -> &'a mut T {
        let s = ManuallyDrop::new(s);
        // SAFETY: the guard holds the lock exclusively, and no code can release it any more.
        unsafe { &mut *s.lock.0.data_ptr() }
    }
}

/// Guard of a [`FairMutex`] that gives access to a part of its data. Returned by
/// [`FairMutexGuard::map`].
pub type MappedFairMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawFairMutex, T>;
