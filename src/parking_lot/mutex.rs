//! Mutexes, and their guards: the usual one, and the fair one.

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
use super::relock::must_return;
use crate::instrument::Hold;
use crate::raw::defer::Defer;
use crate::raw::{RawFairMutex, RawMutex};

/// Defines the acquisitions, the releases and the guard of a mutex.
macro_rules! mutex {
    ($(#[$doc:meta])* $Lock:ident, $Raw:ident, $Guard:ident, $Mapped:ident) => {
        acquisitions! {
            $Lock, $Guard, "exclusive access";
            lock, try_lock, try_lock_for, try_lock_until, make_guard_unchecked;
            lock, try_lock, try_lock_for, try_lock_until
        }

        releases! { $Lock, "exclusive access"; force_unlock, force_unlock_fair; unlock, unlock_fair }

        guard! {
            $(#[$doc])*
            #[must_use = "if unused the Mutex will immediately unlock"]
            $Guard, $Lock, mutex, &'a mut T;
            unlock, unlock_fair, bump, relock
        }

        guard_mut! { $Guard }
        guard_map! { $Guard, $Mapped, MutexGuard, make_guard_unchecked, (&mut) }

        impl<'a, T: ?Sized> $Guard<'a, T> {
            /// Forgets the guard and returns the data. The mutex stays locked for ever.
            #[inline]
            pub fn leak(s: Self) -> &'a mut T {
                let s = ManuallyDrop::new(s);
                // SAFETY: the guard holds the lock exclusively, and no code can release it any more.
                unsafe { &mut *s.lock.0.data_ptr() }
            }
        }

        #[doc = concat!("Guard of a [`", stringify!($Lock), "`] that gives access to a part of its data.")]
        #[doc = concat!("Returned by [`", stringify!($Guard), "::map`].")]
        pub type $Mapped<'a, T> = lock_api::MappedMutexGuard<'a, $Raw, T>;
    };
}

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

mutex! {
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
    Mutex, RawMutex, MutexGuard, MappedMutexGuard
}

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

mutex! {
    /// Guard of a [`FairMutex`]: gives access to its data, and releases the mutex when it is dropped.
    FairMutex, RawFairMutex, FairMutexGuard, MappedFairMutexGuard
}
