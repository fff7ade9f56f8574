//! Barriers, beyond std's: those that are broken.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lockwarden::sync::{Barrier, BarrierTimeoutError, BrokenBarrierError};
use lockwarden::thread;

/// Longer than any wait of a test that passes.
const LIMIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(1);

/// Lets so many threads wait, one by `wait` and the others in the ways that return errors, and calls
/// `end` when they do. All must return the error that the barrier is broken.
fn all_are_reported(barrier: &Barrier, count: usize, end: impl FnOnce()) {
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..count)
            .map(|n| {
                scope.spawn(move || match n % 3 {
                    0 => barrier.wait_checked().err(),
                    1 => match barrier.wait_timeout(LIMIT) {
                        Err(BarrierTimeoutError::Broken) => Some(BrokenBarrierError),
                        _ => None,
                    },
                    _ => catch_unwind(AssertUnwindSafe(|| barrier.wait()))
                        .err()
                        .map(|_| BrokenBarrierError),
                })
            })
            .collect();
        while barrier.n_waiting() < count {
            thread::yield_now();
        }
        end();
        for reported in waiting {
            assert_eq!(reported.join().unwrap(), Some(BrokenBarrierError));
        }
    });
    assert_eq!(barrier.n_waiting(), 0);
}

/// Lets all come, in all ways.
fn all_meet(barrier: &Barrier, count: usize) {
    let leaders: usize = thread::scope(|scope| {
        let all: Vec<_> = (0..count)
            .map(|n| {
                scope.spawn(move || match n % 3 {
                    0 => barrier.wait().is_leader(),
                    1 => barrier.wait_checked().unwrap().is_leader(),
                    _ => barrier.wait_timeout(LIMIT).unwrap().is_leader(),
                })
            })
            .collect();
        all.into_iter()
            .map(|one| usize::from(one.join().unwrap()))
            .sum()
    });
    assert_eq!(leaders, 1);
}

#[test]
fn an_abort_is_reported_to_all_who_wait_and_come_until_the_reset() {
    static BARRIER: Barrier = Barrier::named("barrier", 4);
    BARRIER.set_label("of the test");
    for _ in 0..3 {
        all_are_reported(&BARRIER, 3, || BARRIER.abort());
        assert!(BARRIER.is_broken());
        assert_eq!(BARRIER.wait_checked().err(), Some(BrokenBarrierError));
        let timed = BARRIER.wait_timeout(LIMIT);
        assert_eq!(timed.err(), Some(BarrierTimeoutError::Broken));
        BARRIER.reset();
        assert!(!BARRIER.is_broken());
        all_meet(&BARRIER, 4);
    }
}

#[test]
fn a_reset_is_reported_to_those_who_wait_and_to_no_other_thread() {
    let barrier = Barrier::new(3);
    all_are_reported(&barrier, 2, || barrier.reset());
    assert!(!barrier.is_broken());
    all_meet(&barrier, 3);
}

#[test]
fn a_wait_that_times_out_breaks_it_for_all() {
    let barrier = Barrier::new(4);
    all_are_reported(&barrier, 2, || {
        let timed = barrier.wait_timeout(SHORT);
        assert_eq!(timed.err(), Some(BarrierTimeoutError::Timeout));
    });
    assert!(barrier.is_broken());
}

#[test]
fn who_is_the_last_waits_for_no_time() {
    for threads in [0, 1] {
        let barrier = Barrier::new(threads);
        assert!(barrier.wait_timeout(Duration::ZERO).unwrap().is_leader());
        assert!(barrier.wait_checked().unwrap().is_leader());
        barrier.abort();
        assert!(barrier.wait_checked().is_err());
    }
}

#[test]
fn a_broken_barrier_says_so_in_its_panic() {
    let barrier = Barrier::new(2);
    barrier.abort();
    let panic = catch_unwind(AssertUnwindSafe(|| barrier.wait())).unwrap_err();
    assert_eq!(
        panic.downcast_ref(),
        Some(&"the barrier at which this thread waits is broken")
    );
}

#[test]
fn the_errors_say_what_is_wrong() {
    assert_eq!(BrokenBarrierError.to_string(), "the barrier is broken");
    assert_eq!(
        BarrierTimeoutError::from(BrokenBarrierError).to_string(),
        "the barrier is broken"
    );
    assert_eq!(
        BarrierTimeoutError::Timeout.to_string(),
        "the time was over before all had come to the barrier"
    );
}
