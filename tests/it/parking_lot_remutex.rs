//! `ReentrantMutex`: every function once.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::parking_lot::lock_api::{GetThreadId as _, RawMutex as _};
use lockwarden::parking_lot::*;

static IN_A_STATIC: ReentrantMutex<Cell<u32>> = ReentrantMutex::named("in a static", Cell::new(0));

#[test]
fn threads_count_to_the_same_sum() {
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for turn in 0..500 {
                    let mut count = IN_A_STATIC.lock();
                    count.set(count.get() + 1);
                    match turn % 4 {
                        0 => ReentrantMutexGuard::unlock_fair(count),
                        1 => ReentrantMutexGuard::bump(&mut count),
                        2 => ReentrantMutexGuard::unlocked(&mut count, || ()),
                        _ => ReentrantMutexGuard::unlocked_fair(&mut count, || ()),
                    }
                }
            });
        }
    });
    assert_eq!(IN_A_STATIC.lock().get(), 2000);
}

#[test]
fn a_thread_locks_again_what_others_cannot() {
    let mutex = ReentrantMutex::new(1);
    assert!(!mutex.is_owned_by_current_thread());
    let guards = [
        mutex.lock(),
        mutex.try_lock().unwrap(),
        mutex.try_lock_for(Duration::ZERO).unwrap(),
        mutex.try_lock_until(Instant::now()).unwrap(),
    ];
    assert!(mutex.is_owned_by_current_thread());
    for guard in guards {
        assert!(mutex.is_locked());
        thread::scope(|scope| {
            scope.spawn(|| {
                assert!(!mutex.is_owned_by_current_thread());
                assert!(mutex.try_lock().is_none());
                assert!(mutex.try_lock_for(Duration::ZERO).is_none());
                assert!(mutex.try_lock_until(Instant::now()).is_none());
            });
        });
        drop(guard);
    }
    assert!(!mutex.is_locked());
    assert_eq!(mutex.into_inner(), 1);
}

#[test]
fn one_acquisition_is_let_go_and_had_again_even_on_unwind() {
    let mutex = ReentrantMutex::new(1);
    let elsewhere = || thread::scope(|scope| scope.spawn(|| mutex.try_lock().is_some()).join());
    let mut outer = mutex.lock();
    assert!(std::ptr::eq(ReentrantMutexGuard::remutex(&outer), &mutex));
    assert!(ReentrantMutexGuard::unlocked(&mut outer, elsewhere).unwrap());
    assert!(ReentrantMutexGuard::unlocked_fair(&mut outer, elsewhere).unwrap());
    let mut inner = mutex.lock();
    assert!(!ReentrantMutexGuard::unlocked(&mut inner, elsewhere).unwrap());
    ReentrantMutexGuard::bump(&mut inner);
    drop(outer);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        ReentrantMutexGuard::unlocked(&mut inner, || panic!("on purpose"));
    }));
    assert!(caught.is_err());
    assert!(mutex.is_owned_by_current_thread());
    drop(inner);
    assert!(!mutex.is_locked());
}

#[test]
fn a_mapped_guard_holds_the_mutex() {
    let mutex = ReentrantMutex::new((1, 2));
    let part: MappedReentrantMutexGuard<'_, i32> =
        ReentrantMutexGuard::map(mutex.lock(), |pair| &pair.0);
    assert_eq!(*part, 1);
    let guard = ReentrantMutexGuard::try_map(mutex.lock(), |_| None::<&i32>).unwrap_err();
    drop(part);
    let (guard, error) =
        ReentrantMutexGuard::try_map_or_err(guard, |_| Err::<&i32, _>("no")).unwrap_err();
    assert_eq!((guard.1, error), (2, "no"));
    let part = ReentrantMutexGuard::try_map(guard, |pair| Some(&pair.1)).unwrap();
    assert!(mutex.is_owned_by_current_thread());
    drop(part);
    let part = ReentrantMutexGuard::try_map_or_err(mutex.lock(), |pair| Ok::<_, ()>(&pair.1));
    MappedReentrantMutexGuard::unlock_fair(part.unwrap());
    assert!(!mutex.is_locked());
}

#[test]
fn the_raw_parts_are_within_reach() {
    let mut mutex = ReentrantMutex::from_raw(RawRemutex::new(), RawThreadId, 5);
    mutex.set_label("raw");
    *mutex.get_mut() += 1;
    std::mem::forget((mutex.lock(), mutex.lock(), mutex.lock()));
    // SAFETY: three acquisitions have no guard; the inner lock is only looked at.
    unsafe {
        mutex.force_unlock();
        mutex.force_unlock_fair();
        assert!(mutex.raw().is_locked());
        assert_eq!(*mutex.data_ptr(), 6);
        assert_eq!(*mutex.make_guard_unchecked(), 6);
    }
    let (raw, id, value) = mutex.into_inner_with_raw();
    assert!(!raw.is_locked());
    assert_eq!(id.nonzero_thread_id(), RawThreadId.nonzero_thread_id());
    assert_eq!(value, 6);
}
