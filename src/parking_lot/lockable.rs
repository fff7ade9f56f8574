//! `Lockable` implementations: the locks of this module as members of a joint acquisition.

#![allow(unsafe_code)]

use std::mem;

use super::{
    FairMutex, FairMutexGuard, Mutex, MutexGuard, RecursiveRwLock, RecursiveRwLockReadGuard,
    RecursiveRwLockWriteGuard, ReentrantMutex, ReentrantMutexGuard, RwLock, RwLockReadGuard,
    RwLockWriteGuard,
};
use crate::acquire::{Lockable, Read, Write};
use crate::instrument::{Lock, Site};
use crate::raw::call::Call;

/// Implements `Lockable` for a lock in one mode: the expression for the lock, the guard, and the
/// acquisition of the raw lock.
macro_rules! lockable {
    ($Asked:ty, $Guard:ident, $raw_lock:ident, |$asked:ident| $lock:expr) => {
        impl<'a, T: ?Sized> Lockable for $Asked {
            type Guard = $Guard<'a, T>;

            #[inline]
            fn record(&self) -> &Lock {
                let $asked = self;
                // SAFETY: access to the record does not change the state of the lock.
                unsafe { $lock.0.raw() }.record()
            }

            #[inline]
            fn lock(self, site: Site) -> $Guard<'a, T> {
                let $asked = &self;
                // SAFETY: an acquisition invalidates no guard, and the hold is the one just
                // acquired.
                unsafe { $Guard::of($lock, $lock.0.raw().$raw_lock(site)) }
            }
        }
    };
}

lockable!(&'a Mutex<T>, MutexGuard, lock_at, |asked| *asked);
lockable!(&'a FairMutex<T>, FairMutexGuard, lock_at, |asked| *asked);
lockable!(
    Read<'a, RwLock<T>>,
    RwLockReadGuard,
    lock_shared_at,
    |asked| asked.0
);
lockable!(
    Write<'a, RwLock<T>>,
    RwLockWriteGuard,
    lock_exclusive_at,
    |asked| asked.0
);
lockable!(
    Read<'a, RecursiveRwLock<T>>,
    RecursiveRwLockReadGuard,
    lock_shared_at,
    |asked| asked.0
);
lockable!(
    Write<'a, RecursiveRwLock<T>>,
    RecursiveRwLockWriteGuard,
    lock_exclusive_at,
    |asked| asked.0
);

impl<'a, T: ?Sized> Lockable for &'a ReentrantMutex<T> {
    type Guard = ReentrantMutexGuard<'a, T>;

    #[inline]
    fn record(&self) -> &Lock {
        // SAFETY: access to the record does not change the state of the lock.
        unsafe { self.0.raw() }.record()
    }

    #[inline]
    fn lock(self, site: Site) -> ReentrantMutexGuard<'a, T> {
        let call = Call { site, again: false };
        mem::forget(call.with_override(|| self.0.lock()));
        // SAFETY: the acquisition just made has no guard: it was forgotten.
        unsafe { ReentrantMutexGuard::of(self) }
    }
}
