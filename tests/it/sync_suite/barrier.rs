//! Barriers, demanded of both flavours by the same lines.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::sync::{Barrier, BarrierWaitResult};

#[test]
fn the_signatures_are_those_of_std() {
    const _: fn(usize) -> Barrier = Barrier::new;
    const _: fn(&Barrier) -> BarrierWaitResult = Barrier::wait;
    const _: fn(&BarrierWaitResult) -> bool = BarrierWaitResult::is_leader;
    static BARRIER: Barrier = Barrier::new(0);
    assert!(BARRIER.wait().is_leader());
    assert!(Barrier::new(1).wait().is_leader());
}

#[test]
fn no_thread_goes_on_before_all_have_come_again_and_again() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 50;
    let barrier = Barrier::new(THREADS);
    let (come, leaders) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in 1..=ROUNDS {
                    come.fetch_add(1, Ordering::Relaxed);
                    if barrier.wait().is_leader() {
                        leaders.fetch_add(1, Ordering::Relaxed);
                    }
                    assert!(come.load(Ordering::Relaxed) >= round * THREADS);
                }
            });
        }
    });
    assert_eq!(leaders.into_inner(), ROUNDS);
}

#[test]
fn barriers_print() {
    let barrier = Barrier::new(1);
    assert_eq!(format!("{barrier:?}"), "Barrier { .. }");
    assert_eq!(
        format!("{:?}", barrier.wait()),
        "BarrierWaitResult { is_leader: true }"
    );
}
