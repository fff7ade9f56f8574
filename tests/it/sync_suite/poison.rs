use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use super::support::{LIMIT, OnDrop, panics};
use super::sync::{
    Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard, TryLockError,
};

fn poison<T: Send>(mutex: &Mutex<T>) {
    thread::scope(|scope| {
        let failed = scope.spawn(|| {
            let _held = mutex.lock();
            panic!("with the mutex held");
        });
        assert!(failed.join().is_err());
    });
    assert!(mutex.is_poisoned());
}

fn poison_rw<T: Send + Sync>(lock: &RwLock<T>) {
    thread::scope(|scope| {
        let failed = scope.spawn(|| {
            let _held = lock.write();
            panic!("with the lock written");
        });
        assert!(failed.join().is_err());
    });
    assert!(lock.is_poisoned());
}

#[test]
fn a_panic_of_the_holder_poisons_and_unlocks_a_mutex() {
    let mut mutex = Mutex::new(1);
    assert!(!mutex.is_poisoned());
    poison(&mutex);
    assert_eq!(*mutex.lock().unwrap_err().into_inner(), 1);
    assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(held)) if **held.get_ref() == 1));
    assert_eq!(**mutex.get_mut().unwrap_err().get_ref(), 1);
    assert_eq!(mutex.into_inner().unwrap_err().into_inner(), 1);
}

#[test]
fn a_panic_of_the_writer_poisons_and_unlocks_a_rwlock() {
    let mut lock = RwLock::new(1);
    poison_rw(&lock);
    assert_eq!(*lock.read().unwrap_err().into_inner(), 1);
    assert_eq!(*lock.write().unwrap_err().into_inner(), 1);
    assert!(matches!(lock.try_read(), Err(TryLockError::Poisoned(held)) if **held.get_ref() == 1));
    assert!(matches!(lock.try_write(), Err(TryLockError::Poisoned(held)) if **held.get_ref() == 1));
    assert_eq!(**lock.get_mut().unwrap_err().get_ref(), 1);
    assert_eq!(lock.into_inner().unwrap_err().into_inner(), 1);
}

#[test]
fn a_panic_of_a_reader_poisons_nothing() {
    let lock = RwLock::new(1);
    panics(|| {
        let _held = lock.read().unwrap();
        panic!("while reading");
    });
    panics(|| {
        let _held = lock.try_read().unwrap();
        panic!("while reading");
    });
    assert!(!lock.is_poisoned());
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_panic_after_a_downgrade_poisons_nothing() {
    let lock = RwLock::new(1);
    panics(|| {
        let _held = RwLockWriteGuard::downgrade(lock.write().unwrap());
        panic!("while reading what was written");
    });
    assert!(!lock.is_poisoned());
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_downgrade_during_a_panic_poisons_nothing() {
    let lock = RwLock::new(1);
    panics(|| {
        let mut guard = Some(lock.write().unwrap());
        let _last = OnDrop(|| drop(RwLockWriteGuard::downgrade(guard.take().unwrap())));
        panic!("with the lock written");
    });
    assert!(!lock.is_poisoned());
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_downgrade_of_a_poisoned_lock_gives_the_plain_guard() {
    let lock = RwLock::new(1);
    poison_rw(&lock);
    let writer = lock.write().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*RwLockWriteGuard::downgrade(writer), 1);
    assert!(lock.is_poisoned());
}

#[test]
fn the_guard_of_a_try_poisons_like_that_of_a_lock() {
    let (mutex, lock) = (Mutex::new(1), RwLock::new(1));
    panics(|| {
        let _held = (mutex.try_lock().unwrap(), lock.try_write().unwrap());
        panic!("with both held");
    });
    assert!(mutex.is_poisoned());
    assert!(lock.is_poisoned());
}

#[test]
fn a_guard_made_during_a_panic_poisons_nothing() {
    let (mutex, lock) = (Mutex::new(1), RwLock::new(1));
    panics(|| {
        let _last = OnDrop(|| {
            assert!(thread::panicking());
            *mutex.lock().unwrap() += 1;
            *mutex.try_lock().unwrap() += 1;
            *lock.write().unwrap() += 1;
            *lock.try_write().unwrap() += 1;
            // Not even if it ends in another panic, which is caught within the first.
            let inner = catch_unwind(AssertUnwindSafe(|| {
                let _held = (mutex.lock().unwrap(), lock.write().unwrap());
                panic!("within the panic");
            }));
            assert!(inner.is_err());
        });
        panic!("outside any lock");
    });
    assert_eq!(*mutex.lock().unwrap(), 3);
    assert_eq!(*lock.write().unwrap(), 3);
}

#[test]
fn a_guard_made_before_a_panic_poisons_where_the_unwinding_drops_it() {
    let mutex = Mutex::new(1);
    panics(|| {
        let mut guard = Some(mutex.lock().unwrap());
        let _last = OnDrop(|| drop(guard.take()));
        panic!("with the mutex held");
    });
    assert!(mutex.is_poisoned());
}

#[test]
fn a_panic_caught_while_the_guard_lives_poisons_nothing() {
    let mutex = Mutex::new(1);
    let held = mutex.lock().unwrap();
    panics(|| panic!("elsewhere"));
    drop(held);
    assert!(!mutex.is_poisoned());
}

#[test]
fn a_forgotten_guard_poisons_nothing() {
    let mutex = Mutex::new(1);
    panics(|| {
        mem::forget(mutex.lock());
        panic!("with the mutex held for ever");
    });
    assert!(!mutex.is_poisoned());
    assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
}

#[test]
fn poison_lasts_until_it_is_cleared() {
    let mutex = Mutex::new(1);
    poison(&mutex);
    drop(mutex.lock().unwrap_err());
    assert!(mutex.lock().is_err());
    mutex.clear_poison();
    assert!(!mutex.is_poisoned());
    assert!(mutex.lock().is_ok());
    poison(&mutex);
    {
        // Cleared under the lock, too.
        let _held = mutex.lock().unwrap_or_else(|poisoned| {
            mutex.clear_poison();
            poisoned.into_inner()
        });
    }
    assert!(mutex.lock().is_ok());

    let lock = RwLock::new(1);
    poison_rw(&lock);
    drop(lock.read().unwrap_err());
    drop(lock.write().unwrap_err());
    assert!(lock.read().is_err());
    lock.clear_poison();
    assert!(lock.read().is_ok() && lock.write().is_ok());
}

#[test]
fn unsized_contents_are_poisoned_and_given_out_alike() {
    let mutex: &Mutex<[i32]> = &Mutex::new([1, 2]);
    panics(|| {
        let mut held = mutex.lock().unwrap();
        held[0] = 9;
        panic!("half done");
    });
    assert_eq!(*mutex.lock().unwrap_err().into_inner(), [9, 2]);
}

#[test]
fn whoever_waits_for_the_lock_of_a_panicking_thread_is_reported() {
    // Poisoned first, released second: otherwise the next holder might see no poison.
    for _ in 0..50 {
        let mutex = Mutex::new(0);
        thread::scope(|scope| {
            let held = mutex.lock().unwrap();
            let next = scope.spawn(|| mutex.lock().is_err());
            let failed = catch_unwind(AssertUnwindSafe(move || {
                let _held = held;
                panic!("with the mutex held");
            }));
            assert!(failed.is_err());
            assert!(next.join().unwrap());
        });
    }
}

struct Explosive;

impl fmt::Debug for Explosive {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("while it is shown");
    }
}

#[test]
fn a_panic_while_the_value_is_shown_poisons_a_mutex_and_not_a_rwlock() {
    let (mutex, lock) = (Mutex::new(Explosive), RwLock::new(Explosive));
    panics(|| drop(format!("{mutex:?}")));
    panics(|| drop(format!("{lock:?}")));
    assert!(mutex.is_poisoned());
    assert!(!lock.is_poisoned());
    assert!(
        mutex
            .try_lock()
            .is_err_and(|error| matches!(error, TryLockError::Poisoned(_)))
    );
    assert!(lock.try_write().is_ok());
}

#[test]
fn every_wait_tells_of_poison_when_it_has_the_lock_again() {
    let ways: [fn(MutexGuard<'_, bool>, &Condvar); 5] = [
        |mut held, condvar| {
            let reported = loop {
                match condvar.wait(held) {
                    Ok(again) => held = again,
                    Err(poisoned) => break poisoned,
                }
            };
            assert!(**reported.get_ref());
        },
        |held, condvar| {
            let reported = condvar.wait_while(held, |done| !*done);
            assert!(**reported.unwrap_err().get_ref());
        },
        |mut held, condvar| {
            let reported = loop {
                match condvar.wait_timeout(held, LIMIT) {
                    Ok((again, _)) => held = again,
                    Err(poisoned) => break poisoned.into_inner(),
                }
            };
            assert!(*reported.0 && !reported.1.timed_out());
        },
        |held, condvar| {
            let reported = condvar.wait_timeout_while(held, LIMIT, |done| !*done);
            let reported = reported.unwrap_err().into_inner();
            assert!(*reported.0 && !reported.1.timed_out());
        },
        #[allow(deprecated)]
        |mut held, condvar| {
            let reported = loop {
                match condvar.wait_timeout_ms(held, 20_000) {
                    Ok((again, _)) => held = again,
                    Err(poisoned) => break poisoned.into_inner(),
                }
            };
            assert!(*reported.0 && reported.1);
        },
    ];
    for way in ways {
        let (mutex, condvar) = (Mutex::new(false), Condvar::new());
        thread::scope(|scope| {
            let held = mutex.lock().unwrap();
            // It gets the lock when the wait lets go of it, and has it until it has unwound.
            let failed = scope.spawn(|| {
                let mut done = mutex.lock().unwrap();
                *done = true;
                condvar.notify_all();
                panic!("with the mutex held");
            });
            way(held, &condvar);
            assert!(failed.join().is_err());
        });
    }
}

#[test]
fn a_wait_with_the_guard_of_a_poisoned_mutex_is_reported_again() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    poison(&mutex);
    let held = mutex.lock().unwrap_or_else(PoisonError::into_inner);
    let reported = condvar.wait_timeout(held, Duration::ZERO).unwrap_err();
    drop(reported);
    let held = mutex.lock().unwrap_or_else(PoisonError::into_inner);
    mutex.clear_poison();
    assert!(condvar.wait_timeout(held, Duration::ZERO).is_ok());
}

#[test]
fn a_condition_that_panics_poisons_the_mutex() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    panics(|| drop(condvar.wait_while(mutex.lock().unwrap(), |()| panic!("in the condition"))));
    assert!(mutex.is_poisoned());
    mutex.clear_poison();
    panics(|| {
        let held = mutex.lock().unwrap();
        drop(condvar.wait_timeout_while(held, LIMIT, |()| panic!("in the condition")));
    });
    assert!(mutex.is_poisoned());
}

#[test]
fn a_guard_that_waited_still_poisons() {
    let (mutex, condvar) = (Mutex::new(()), Condvar::new());
    panics(|| {
        let held = mutex.lock().unwrap();
        let _held = condvar.wait_timeout(held, Duration::ZERO).unwrap();
        panic!("with the mutex held again");
    });
    assert!(mutex.is_poisoned());
}
