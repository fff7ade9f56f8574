//! `Condvar`: every function once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::parking_lot::*;

const FAR: Duration = Duration::from_secs(600);

static IN_A_STATIC: Condvar = Condvar::named("in a static");

#[test]
fn no_thread_waits_so_no_thread_wakes() {
    assert!(!IN_A_STATIC.notify_one());
    assert_eq!(IN_A_STATIC.notify_all(), 0);
    assert!(!lock_api::RawCondvar::notify_one(IN_A_STATIC.raw()));
    IN_A_STATIC.set_label("quiet");
    assert_eq!(format!("{:?}", Condvar::default()), "Condvar { .. }");
    assert_eq!(format!("{:>16?}", Condvar::new()), "  Condvar { .. }");
}

/// Waits in `wait`, from a thread of its own, for the answer 42, and notifies until it comes.
fn answered(wait: impl FnOnce(&Condvar, &mut MutexGuard<'_, u32>) + Send) {
    let (answer, changed) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut answer = answer.lock();
            *answer = 1;
            wait(&changed, &mut answer);
            *answer
        });
        // The waiter lets go of the mutex in its wait alone, so seeing the 1 proves that it waits.
        while *answer.lock() != 1 {
            thread::yield_now();
        }
        *answer.lock() = 42;
        assert!(changed.notify_one());
        assert_eq!(waiter.join().unwrap(), 42);
    });
}

#[test]
fn every_wait_ends_with_a_notification() {
    answered(|changed, answer| changed.wait(answer));
    answered(|changed, answer| changed.wait_while(answer, |answer| *answer != 42));
    answered(|changed, answer| assert!(!changed.wait_for(answer, FAR).timed_out()));
    answered(|changed, answer| assert!(!changed.wait_for(answer, Duration::MAX).timed_out()));
    answered(|changed, answer| {
        assert!(!changed.wait_until(answer, Instant::now() + FAR).timed_out());
    });
    for timeout in [FAR, Duration::MAX] {
        answered(move |changed, answer| {
            let result = changed.wait_while_for(answer, |answer| *answer != 42, timeout);
            assert!(!result.timed_out());
        });
    }
    answered(|changed, answer| {
        let deadline = Instant::now() + FAR;
        let result = changed.wait_while_until(answer, |answer| *answer != 42, deadline);
        assert!(!result.timed_out());
    });
}

#[test]
fn every_timed_wait_ends_without_one() {
    let (mutex, changed) = (Mutex::new(()), Condvar::new());
    let mut guard = mutex.lock();
    assert!(changed.wait_for(&mut guard, Duration::ZERO).timed_out());
    assert!(changed.wait_until(&mut guard, Instant::now()).timed_out());
    assert!(
        changed
            .wait_while_for(&mut guard, |()| true, Duration::ZERO)
            .timed_out()
    );
    assert!(
        changed
            .wait_while_until(&mut guard, |()| true, Instant::now())
            .timed_out()
    );
    changed.wait_while(&mut guard, |()| false);
    assert!(
        !changed
            .wait_while_for(&mut guard, |()| false, Duration::ZERO)
            .timed_out()
    );
    let mut looks = 0;
    let second_look = |_: &mut ()| {
        looks += 1;
        looks == 1
    };
    assert!(
        !changed
            .wait_while_until(&mut guard, second_look, Instant::now())
            .timed_out()
    );
    assert_eq!(looks, 2);
    assert!(mutex.is_locked());
}

#[test]
fn a_notification_for_all_counts_them() {
    let (waiting, changed) = (Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut waiting = waiting.lock();
                *waiting += 1;
                changed.wait(&mut waiting);
                *waiting -= 1;
            });
        }
        while *waiting.lock() != 3 {
            thread::yield_now();
        }
        assert_eq!(changed.notify_all(), 3);
    });
    assert_eq!(waiting.into_inner(), 0);
}

#[test]
fn a_second_mutex_panics_and_leaves_its_guard_valid() {
    let (first, second, changed) = (Mutex::new(0), Mutex::new(0), Condvar::new());
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut guard = first.lock();
            *guard = 1;
            changed.wait(&mut guard);
        });
        while *first.lock() != 1 {
            thread::yield_now();
        }
        let mut guard = second.lock();
        let caught = catch_unwind(AssertUnwindSafe(|| changed.wait(&mut guard)));
        assert!(caught.is_err());
        assert!(second.is_locked());
        *guard += 1;
        drop(guard);
        assert_eq!(*second.lock(), 1);
        assert!(changed.notify_one());
    });
}
