//! The locks of this flavour as parts of a set that is taken at once.

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

/// Makes a lock, asked for in one way, part of a set: how to have the lock out of the asking, the
/// guard, and the acquisition of the raw lock.
macro_rules! lockable {
    ($Asked:ty, $Guard:ident, $raw_lock:ident, |$asked:ident| $lock:expr) => {
        impl<'a, T: ?Sized> Lockable for $Asked {
            type Guard = $Guard<'a, T>;

            #[inline]
            fn record(&self) -> &Lock {
                let $asked = self;
                // SAFETY: the record is no part of the state of the lock.
                &unsafe { $lock.0.raw() }.record
            }

            #[inline]
            fn lock(self, site: Site) -> $Guard<'a, T> {
                let $asked = &self;
                // SAFETY: acquiring breaks nothing, and the hold is the one just acquired.
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
        // SAFETY: the record is no part of the state of the lock.
        &unsafe { self.0.raw() }.record
    }

    #[inline]
    fn lock(self, site: Site) -> ReentrantMutexGuard<'a, T> {
        let call = Call { site, again: false };
        mem::forget(call.with_override(|| self.0.lock()));
        // SAFETY: the acquisition just made has no guard: it was forgotten.
        unsafe { ReentrantMutexGuard::of(self) }
    }
}
