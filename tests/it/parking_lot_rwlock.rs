//! `RwLock` and `RecursiveRwLock`: every function once.

#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::parking_lot::lock_api::{RawRwLock as _, RawRwLockUpgrade as _};
use lockwarden::parking_lot::*;

macro_rules! rwlock_tests {
    ($module:ident, $Lock:ident, $Read:ident, $Write:ident, $Upgradable:ident,
     $MappedRead:ident, $MappedWrite:ident, $Raw:ident) => {
        mod $module {
            use super::*;

            static IN_A_STATIC: $Lock<u32> = $Lock::named("in a static", 0);

            #[test]
            fn threads_count_to_the_same_sum() {
                let start = Barrier::new(4);
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            start.wait();
                            for turn in 0..250 {
                                let mut count = IN_A_STATIC.write();
                                *count += 1;
                                match turn % 6 {
                                    0 => $Write::unlock_fair(count),
                                    1 => {
                                        $Write::bump(&mut count);
                                        drop(count);
                                    }
                                    2 => {
                                        $Write::unlocked(&mut count, || ());
                                        drop(count);
                                    }
                                    3 => {
                                        $Write::unlocked_fair(&mut count, || ());
                                        drop(count);
                                    }
                                    4 => $Read::unlock_fair($Write::downgrade(count)),
                                    _ => {
                                        let mut look = $Write::downgrade_to_upgradable(count);
                                        look.with_upgraded(|count| *count += 1);
                                        $Upgradable::unlock_fair(look);
                                    }
                                }
                                assert!(*IN_A_STATIC.read() > 0);
                                let mut look = IN_A_STATIC.upgradable_read();
                                $Upgradable::bump(&mut look);
                                *$Upgradable::upgrade(look) += 1;
                            }
                        });
                    }
                });
                assert_eq!(*IN_A_STATIC.read(), 4 * (250 + 250 / 6 + 250));
            }

            #[test]
            fn readers_keep_writers_out_alone() {
                let lock = $Lock::new(1);
                let guard = lock.read();
                assert!(lock.is_locked() && !lock.is_locked_exclusive());
                thread::scope(|scope| {
                    scope.spawn(|| {
                        assert!(lock.try_write().is_none());
                        assert!(lock.try_write_for(Duration::ZERO).is_none());
                        assert!(lock.try_write_until(Instant::now()).is_none());
                        assert_eq!(*lock.try_read().unwrap(), 1);
                        assert_eq!(*lock.try_read_for(Duration::ZERO).unwrap(), 1);
                        assert_eq!(*lock.try_read_until(Instant::now()).unwrap(), 1);
                        assert_eq!(*lock.try_upgradable_read().unwrap(), 1);
                        assert_eq!(*lock.try_upgradable_read_for(Duration::ZERO).unwrap(), 1);
                        assert_eq!(*lock.try_upgradable_read_until(Instant::now()).unwrap(), 1);
                    });
                });
                drop(guard);
                assert_eq!(lock.into_inner(), 1);
            }

            #[test]
            fn a_writer_keeps_everyone_out() {
                let lock = $Lock::new(1);
                let guard = lock.write();
                assert!(lock.is_locked_exclusive());
                thread::scope(|scope| {
                    scope.spawn(|| {
                        assert!(lock.try_read().is_none());
                        assert!(lock.try_read_for(Duration::ZERO).is_none());
                        assert!(lock.try_read_until(Instant::now()).is_none());
                        assert!(lock.try_upgradable_read().is_none());
                        assert!(lock.try_upgradable_read_for(Duration::ZERO).is_none());
                        assert!(lock.try_upgradable_read_until(Instant::now()).is_none());
                    });
                });
                drop(guard);
                assert!(lock.try_write_for(Duration::MAX).is_some());
                assert!(lock.try_write_until(Instant::now()).is_some());
                assert!(lock.try_write().is_some());
            }

            #[test]
            fn a_timed_attempt_gets_the_lock_when_it_is_released() {
                for timeout in [Duration::from_secs(600), Duration::MAX] {
                    let lock = $Lock::new(());
                    let guard = lock.write();
                    thread::scope(|scope| {
                        let reader = scope.spawn(|| lock.try_read_for(timeout).is_some());
                        let writer = scope.spawn(|| lock.try_write_for(timeout).is_some());
                        let upgrader =
                            scope.spawn(|| lock.try_upgradable_read_for(timeout).is_some());
                        drop(guard);
                        assert!(reader.join().unwrap());
                        assert!(writer.join().unwrap());
                        assert!(upgrader.join().unwrap());
                    });
                }
            }

            #[test]
            fn an_upgrade_waits_for_the_readers() {
                for turn in 0..4 {
                    let lock = $Lock::new(1);
                    let look = lock.upgradable_read();
                    let reader = lock.try_read().unwrap();
                    let look = $Upgradable::try_upgrade(look).unwrap_err();
                    let look = $Upgradable::try_upgrade_for(look, Duration::ZERO).unwrap_err();
                    let mut look =
                        $Upgradable::try_upgrade_until(look, Instant::now()).unwrap_err();
                    assert!(look.try_with_upgraded(|_| ()).is_none());
                    assert!(look.try_with_upgraded_for(Duration::ZERO, |_| ()).is_none());
                    assert!(
                        look.try_with_upgraded_until(Instant::now(), |_| ())
                            .is_none()
                    );
                    drop(look);
                    drop(reader);

                    let (held, go) = (Barrier::new(2), Barrier::new(2));
                    thread::scope(|scope| {
                        scope.spawn(|| {
                            let _reader = lock.read();
                            held.wait();
                            go.wait();
                        });
                        held.wait();
                        let mut look = lock.upgradable_read();
                        go.wait();
                        let far = Duration::from_secs(600);
                        match turn {
                            0 => *$Upgradable::upgrade(look) += 1,
                            1 => *$Upgradable::try_upgrade_for(look, far).unwrap() += 1,
                            2 => {
                                let far = Instant::now() + far;
                                *$Upgradable::try_upgrade_until(look, far).unwrap() += 1;
                            }
                            _ => look.with_upgraded(|value| *value += 1),
                        }
                    });
                    assert_eq!(*lock.read(), 2);
                }
            }

            #[test]
            fn the_guard_is_upgradable_again_after_its_closure() {
                let lock = $Lock::new(0);
                let mut look = lock.upgradable_read();
                assert_eq!(look.with_upgraded(|value| std::mem::replace(value, 1)), 0);
                let answers = [
                    look.try_with_upgraded(|value| std::mem::replace(value, 2)),
                    look.try_with_upgraded_for(Duration::MAX, |value| std::mem::replace(value, 3)),
                    look.try_with_upgraded_until(Instant::now(), |value| {
                        std::mem::replace(value, 4)
                    }),
                ];
                assert_eq!(answers, [Some(1), Some(2), Some(3)]);
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    look.with_upgraded(|_| panic!("on purpose"));
                }));
                assert!(caught.is_err());
                assert!(!lock.is_locked_exclusive());
                assert!(lock.try_upgradable_read().is_none());
                assert_eq!(*$Upgradable::downgrade(look), 4);
                assert!(lock.try_write().is_some());
            }

            #[test]
            fn every_guard_is_let_go_and_had_again_even_on_unwind() {
                let lock = $Lock::new(1);

                let mut read = lock.read();
                assert!(std::ptr::eq($Read::rwlock(&read), &lock));
                assert!($Read::unlocked(&mut read, || lock.try_write().is_some()));
                assert!($Read::unlocked_fair(&mut read, || lock
                    .try_write()
                    .is_some()));
                $Read::bump(&mut read);
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    $Read::unlocked(&mut read, || panic!("on purpose"));
                }));
                assert!(caught.is_err() && lock.is_locked());
                $Read::unlock_fair(read);

                let mut write = lock.write();
                assert!(std::ptr::eq($Write::rwlock(&write), &lock));
                assert!($Write::unlocked(&mut write, || lock.try_write().is_some()));
                assert!($Write::unlocked_fair(&mut write, || lock
                    .try_write()
                    .is_some()));
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    $Write::unlocked_fair(&mut write, || panic!("on purpose"));
                }));
                assert!(caught.is_err() && lock.is_locked_exclusive());
                $Write::unlock_fair(write);

                let mut look = lock.upgradable_read();
                assert!(std::ptr::eq($Upgradable::rwlock(&look), &lock));
                assert!($Upgradable::unlocked(&mut look, || lock
                    .try_write()
                    .is_some()));
                assert!($Upgradable::unlocked_fair(&mut look, || lock
                    .try_write()
                    .is_some()));
                let caught = catch_unwind(AssertUnwindSafe(|| {
                    $Upgradable::unlocked(&mut look, || panic!("on purpose"));
                }));
                assert!(caught.is_err() && lock.try_upgradable_read().is_none());
                drop(look);
                assert!(!lock.is_locked());
            }

            #[test]
            fn a_mapped_guard_holds_the_lock() {
                let lock = $Lock::new((1, 2));
                let part: $MappedRead<'_, i32> = $Read::map(lock.read(), |pair| &pair.0);
                assert_eq!(*part, 1);
                assert!(lock.is_locked());
                drop(part);
                let guard = $Read::try_map(lock.read(), |_| None::<&i32>).unwrap_err();
                let (guard, error) =
                    $Read::try_map_or_err(guard, |_| Err::<&i32, _>("no")).unwrap_err();
                assert_eq!((guard.0, error), (1, "no"));
                drop($Read::try_map(guard, |pair| Some(&pair.1)).unwrap());
                drop($Read::try_map_or_err(lock.read(), |pair| Ok::<_, ()>(&pair.1)).unwrap());
                assert!(!lock.is_locked());

                let mut part: $MappedWrite<'_, i32> = $Write::map(lock.write(), |pair| &mut pair.0);
                *part = 7;
                assert!(lock.is_locked_exclusive());
                drop(part);
                let guard = $Write::try_map(lock.write(), |_| None::<&mut i32>).unwrap_err();
                let (guard, error) =
                    $Write::try_map_or_err(guard, |_| Err::<&mut i32, _>("no")).unwrap_err();
                assert_eq!((guard.0, error), (7, "no"));
                *$Write::try_map(guard, |pair| Some(&mut pair.1)).unwrap() = 8;
                *$Write::try_map_or_err(lock.write(), |p| Ok::<_, ()>(&mut p.1)).unwrap() += 1;
                assert_eq!(lock.into_inner(), (7, 9));
            }

            #[test]
            fn the_raw_parts_are_within_reach() {
                let mut lock = $Lock::from_raw($Raw::new(), 5);
                lock.set_label("raw");
                *lock.get_mut() += 1;
                // SAFETY: each hold is of this lock, and released once in its mode.
                unsafe {
                    lock.force_unlock_read(lock.raw().lock_shared());
                    lock.force_unlock_read_fair(lock.raw().try_lock_shared().unwrap());
                    lock.force_unlock_write(lock.raw().lock_exclusive());
                    lock.force_unlock_write_fair(lock.raw().try_lock_exclusive().unwrap());
                    assert_eq!(*lock.make_read_guard_unchecked(lock.raw().lock_shared()), 6);
                    *lock.make_write_guard_unchecked(lock.raw().lock_exclusive()) += 1;
                    let look = lock.raw().lock_upgradable();
                    assert_eq!(*lock.make_upgradable_guard_unchecked(look), 7);
                    assert_eq!(*lock.data_ptr(), 7);
                }
                let (raw, value) = lock.into_inner_with_raw();
                assert!(!raw.is_locked());
                assert_eq!(value, 7);
            }
        }
    };
}

rwlock_tests! {
    rwlock, RwLock, RwLockReadGuard, RwLockWriteGuard, RwLockUpgradableReadGuard,
    MappedRwLockReadGuard, MappedRwLockWriteGuard, RawRwLock
}
rwlock_tests! {
    recursive_rwlock, RecursiveRwLock, RecursiveRwLockReadGuard, RecursiveRwLockWriteGuard,
    RecursiveRwLockUpgradableReadGuard, MappedRecursiveRwLockReadGuard,
    MappedRecursiveRwLockWriteGuard, RawRwLockRecursive
}
