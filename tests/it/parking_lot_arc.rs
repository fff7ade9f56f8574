//! Guards that own an `Arc` of their lock.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockwarden::parking_lot::lock_api::{RawRwLock as _, RawRwLockUpgrade as _};
use lockwarden::parking_lot::*;

macro_rules! mutex_tests {
    ($name:ident, $Mutex:ident, $Raw:ident) => {
        #[test]
        fn $name() {
            let mutex = Arc::new($Mutex::new(1));
            let mut guard: ArcMutexGuard<$Raw, i32> = mutex.lock_arc();
            *guard += 1;
            assert_eq!(Arc::strong_count(&mutex), 2);
            assert!(mutex.try_lock_arc().is_none());
            assert!(mutex.try_lock_arc_for(Duration::ZERO).is_none());
            assert!(mutex.try_lock_arc_until(Instant::now()).is_none());
            ArcMutexGuard::unlocked(&mut guard, || *mutex.lock() += 1);
            let again = $Mutex::from_inner_arc(ArcMutexGuard::into_arc(guard));
            assert!(Arc::ptr_eq(&mutex, &again));
            drop(again);
            assert!(mutex.try_lock_arc().is_some());
            assert!(mutex.try_lock_arc_for(Duration::ZERO).is_some());
            assert!(mutex.try_lock_arc_until(Instant::now()).is_some());
            assert_eq!(Arc::try_unwrap(mutex).unwrap().into_inner(), 3);
        }
    };
}

mutex_tests! { a_mutex_guard_owns_its_mutex, Mutex, RawMutex }
mutex_tests! { a_fair_mutex_guard_owns_its_mutex, FairMutex, RawFairMutex }

macro_rules! rwlock_tests {
    ($name:ident, $Lock:ident, $Raw:ident) => {
        #[test]
        fn $name() {
            let lock = Arc::new($Lock::new(1));

            let read: ArcRwLockReadGuard<$Raw, i32> = lock.read_arc();
            assert!(lock.try_write_arc().is_none());
            assert!(lock.try_write_arc_for(Duration::ZERO).is_none());
            assert!(lock.try_write_arc_until(Instant::now()).is_none());
            assert_eq!(*read, 1);
            drop(read);

            let mut write: ArcRwLockWriteGuard<$Raw, i32> = lock.write_arc();
            *write += 1;
            assert!(lock.try_read_arc().is_none());
            assert!(lock.try_read_arc_for(Duration::ZERO).is_none());
            assert!(lock.try_read_arc_until(Instant::now()).is_none());
            assert!(lock.try_upgradable_read_arc().is_none());
            assert!(lock.try_upgradable_read_arc_for(Duration::ZERO).is_none());
            assert!(lock.try_upgradable_read_arc_until(Instant::now()).is_none());
            drop(write);

            let mut look: ArcRwLockUpgradableReadGuard<$Raw, i32> = lock.upgradable_read_arc();
            look.with_upgraded(|value| *value += 1);
            let write = ArcRwLockUpgradableReadGuard::upgrade(look);
            let read = ArcRwLockWriteGuard::downgrade(write);
            assert!(Arc::ptr_eq(
                &$Lock::from_inner_arc(ArcRwLockReadGuard::into_arc(read)),
                &lock
            ));

            // SAFETY: each hold is of this lock, and the guard made of it is responsible for it.
            unsafe {
                let hold = lock.raw().lock_shared();
                assert_eq!(*lock.make_arc_read_guard_unchecked(hold), 3);
                let hold = lock.raw().lock_exclusive();
                *lock.make_arc_write_guard_unchecked(hold) += 1;
                let hold = lock.raw().lock_upgradable();
                assert_eq!(*lock.make_upgradable_arc_guard_unchecked(hold), 4);
            }
            assert_eq!(Arc::try_unwrap(lock).unwrap().into_inner(), 4);
        }
    };
}

rwlock_tests! { an_rwlock_guard_owns_its_lock, RwLock, RawRwLock }
rwlock_tests! { a_recursive_rwlock_guard_owns_its_lock, RecursiveRwLock, RawRwLockRecursive }

#[test]
fn a_reentrant_guard_owns_its_mutex() {
    let mutex = Arc::new(ReentrantMutex::new(Cell::new(1)));
    let guard: ArcReentrantMutexGuard<RawRemutex, RawThreadId, Cell<i32>> = mutex.lock_arc();
    let others = (
        mutex.try_lock_arc().unwrap(),
        mutex.try_lock_arc_for(Duration::ZERO).unwrap(),
        mutex.try_lock_arc_until(Instant::now()).unwrap(),
    );
    others.1.set(2);
    assert_eq!(guard.get(), 2);
    std::mem::forget(mutex.lock());
    // SAFETY: the acquisition just made has no guard.
    let last = unsafe { mutex.make_arc_guard_unchecked() };
    drop((others, guard));
    assert!(mutex.is_owned_by_current_thread());
    let again = ReentrantMutex::from_inner_arc(ArcReentrantMutexGuard::into_arc(last));
    assert!(!again.is_locked());
    drop(again);
    assert_eq!(Arc::try_unwrap(mutex).unwrap().into_inner().get(), 2);
}

#[test]
fn an_unsized_lock_is_owned_too() {
    let mutex: Arc<Mutex<dyn Display + Send>> = Arc::new(Mutex::new(5));
    let guard = mutex.lock_arc();
    drop(mutex);
    assert_eq!(guard.to_string(), "5");

    let lock: Arc<RwLock<[u8]>> = Arc::new(RwLock::new([1, 2]));
    let mut guard = lock.write_arc();
    guard[1] = 7;
    let lock = RwLock::from_inner_arc(ArcRwLockWriteGuard::into_arc(guard));
    assert_eq!(*lock.read(), [1, 7]);
}
