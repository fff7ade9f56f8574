//! `Mutex` and `FairMutex`: every function once.

#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::parking_lot::lock_api::RawMutex as _;
use lockwarden::parking_lot::*;

macro_rules! mutex_tests {
    ($module:ident, $Mutex:ident, $Guard:ident, $Mapped:ident, $Raw:ident) => {
        mod $module {
            use super::*;

            static IN_A_STATIC: $Mutex<u32> = $Mutex::named("in a static", 0);

            #[test]
            fn threads_count_to_the_same_sum() {
                let start = Barrier::new(4);
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            start.wait();
                            for turn in 0..500 {
                                let mut count = IN_A_STATIC.lock();
                                *count += 1;
                                match turn % 4 {
                                    0 => $Guard::unlock_fair(count),
                                    1 => $Guard::bump(&mut count),
                                    2 => $Guard::unlocked(&mut count, || ()),
                                    _ => $Guard::unlocked_fair(&mut count, || ()),
                                }
                            }
                        });
                    }
                });
                assert_eq!(*IN_A_STATIC.lock(), 2000);
            }

            #[test]
            fn an_attempt_fails_while_the_mutex_is_held() {
                let mutex = $Mutex::new(1);
                let guard = mutex.lock();
                assert!(mutex.is_locked());
                thread::scope(|scope| {
                    scope.spawn(|| {
                        assert!(mutex.try_lock().is_none());
                        assert!(mutex.try_lock_for(Duration::ZERO).is_none());
                        assert!(mutex.try_lock_until(Instant::now()).is_none());
                    });
                });
                drop(guard);
                assert!(!mutex.is_locked());
                *mutex.try_lock().unwrap() += 1;
                *mutex.try_lock_for(Duration::MAX).unwrap() += 1;
                *mutex.try_lock_until(Instant::now()).unwrap() += 1;
                assert_eq!(mutex.into_inner(), 4);
            }

            #[test]
            fn a_timed_attempt_gets_the_mutex_when_it_is_released() {
                for timeout in [Duration::from_secs(600), Duration::MAX] {
                    let mutex = $Mutex::new(());
                    let guard = mutex.lock();
                    thread::scope(|scope| {
                        let waiter = scope.spawn(|| mutex.try_lock_for(timeout).is_some());
                        drop(guard);
                        assert!(waiter.join().unwrap());
                    });
                }
            }

            #[test]
            fn the_guard_is_let_go_and_had_again_even_on_unwind() {
                let mutex = $Mutex::new(1);
                let mut guard = mutex.lock();
                assert_eq!(
                    $Guard::unlocked(&mut guard, || mutex.try_lock().is_some()),
                    true
                );
                assert_eq!(
                    $Guard::unlocked_fair(&mut guard, || mutex.try_lock().is_some()),
                    true
                );
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    $Guard::unlocked(&mut guard, || panic!("on purpose"));
                }));
                assert!(caught.is_err());
                assert!(mutex.is_locked());
                *guard += 1;
                assert!(std::ptr::eq($Guard::mutex(&guard), &mutex));
                drop(guard);
                assert_eq!(mutex.into_inner(), 2);
            }

            #[test]
            fn a_panic_releases_and_does_not_poison() {
                let mutex = $Mutex::new(1);
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let _guard = mutex.lock();
                    panic!("on purpose");
                }));
                assert!(caught.is_err());
                assert_eq!(*mutex.lock(), 1);
            }

            #[test]
            fn a_mapped_guard_holds_the_mutex() {
                let mutex = $Mutex::new((1, 2));
                let mut part: $Mapped<'_, i32> = $Guard::map(mutex.lock(), |pair| &mut pair.0);
                *part += 1;
                assert!(mutex.is_locked());
                drop(part);

                let guard = $Guard::try_map(mutex.lock(), |_| None::<&mut i32>).unwrap_err();
                let part = $Guard::try_map(guard, |pair| Some(&mut pair.1)).unwrap();
                $Mapped::unlock_fair(part);

                let guard = mutex.lock();
                let (guard, error) =
                    $Guard::try_map_or_err(guard, |_| Err::<&mut i32, _>("no")).unwrap_err();
                assert_eq!((guard.0, error), (2, "no"));
                let part = $Guard::try_map_or_err(guard, |pair| Ok::<_, ()>(&mut pair.1)).unwrap();
                assert_eq!(*part, 2);
                drop(part);

                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let _part = $Guard::map(mutex.lock(), |_| -> &mut i32 { panic!("on purpose") });
                }));
                assert!(caught.is_err());
                assert!(!mutex.is_locked());
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    let _part =
                        $Guard::try_map(mutex.lock(), |_| -> Option<&mut i32> { panic!("again") });
                }));
                assert!(caught.is_err());
                assert!(!mutex.is_locked());
            }

            #[test]
            fn the_raw_parts_are_within_reach() {
                let mutex = $Mutex::from_raw($Raw::new(), 5);
                // SAFETY: each hold is of this mutex, and released once; no guard is alive.
                unsafe {
                    let hold = mutex.raw().lock();
                    assert_eq!(*mutex.data_ptr(), 5);
                    mutex.force_unlock(hold);
                    mutex.force_unlock_fair(mutex.raw().try_lock().unwrap());
                    let mut guard = mutex.make_guard_unchecked(mutex.raw().lock());
                    *guard += 1;
                }
                let (raw, value) = mutex.into_inner_with_raw();
                assert!(!raw.is_locked());
                assert_eq!(value, 6);
            }

            #[test]
            fn a_leaked_guard_leaves_the_mutex_locked() {
                let mut mutex = $Mutex::new(1);
                mutex.set_label("leaked");
                mutex.set_label(String::from("leaked twice"));
                *mutex.get_mut() = 2;
                *$Guard::leak(mutex.lock()) += 1;
                assert!(mutex.is_locked());
                assert_eq!(*mutex.get_mut(), 3);
            }
        }
    };
}

mutex_tests! { mutex, Mutex, MutexGuard, MappedMutexGuard, RawMutex }
mutex_tests! { fair_mutex, FairMutex, FairMutexGuard, MappedFairMutexGuard, RawFairMutex }
