//! Barriers: what comes before all have come, and what comes after.

use lockwarden::sync::{Barrier, Mutex};
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{found, nest, orders};

#[test]
fn what_follows_a_barrier_is_ordered_after_what_came_before_it() {
    let run = || {
        let (ab, ba) = orders();
        let (cd, dc) = orders();
        let barrier = Barrier::new(3);
        thread::scope(|s| {
            s.spawn(|| {
                ab();
                barrier.wait();
                dc();
            });
            s.spawn(|| {
                cd();
                barrier.wait();
            });
            s.spawn(|| {
                barrier.wait();
                ba();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

#[test]
fn every_round_orders() {
    let run = || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let barrier = Barrier::new(2);
        thread::scope(|s| {
            s.spawn(|| {
                for round in 0..20 {
                    if round % 2 == 0 {
                        nest(&a, &b);
                    }
                    barrier.wait();
                }
            });
            s.spawn(|| {
                for round in 0..20 {
                    if round % 2 == 1 {
                        nest(&b, &a);
                    }
                    barrier.wait();
                }
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn what_both_do_on_the_same_side_is_concurrent() {
    let run = || {
        let (ab, ba) = orders();
        let barrier = Barrier::new(2);
        let barrier = &barrier;
        thread::scope(|s| {
            let first = s.spawn(move || {
                barrier.wait();
                ab();
            });
            s.spawn(move || {
                barrier.wait();
                while !first.is_finished() {
                    thread::yield_now();
                }
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// A barrier for one thread lets each go on by itself.
#[test]
fn those_who_did_not_go_on_together_are_not_ordered() {
    let run = || {
        let (ab, ba) = orders();
        let barrier = Barrier::new(1);
        let barrier = &barrier;
        thread::scope(|s| {
            let first = s.spawn(move || {
                ab();
                barrier.wait();
            });
            s.spawn(move || {
                while !first.is_finished() {
                    thread::yield_now();
                }
                barrier.wait();
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn threads_that_see_it_broken_are_not_ordered() {
    let run = || {
        let (ab, ba) = orders();
        let barrier = Barrier::new(3);
        let barrier = &barrier;
        thread::scope(|s| {
            let first = s.spawn(move || {
                ab();
                barrier.wait_checked().unwrap_err();
            });
            s.spawn(move || {
                while barrier.n_waiting() == 0 {
                    thread::yield_now();
                }
                barrier.abort();
                while !first.is_finished() {
                    thread::yield_now();
                }
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
