//! Condition variables: what is let go while a thread waits is not held.

use std::collections::VecDeque;
use std::thread;
use std::time::Duration;

use lockwarden::parking_lot as pl;
use lockwarden::sync::{Condvar, Mutex};

use super::harness::{case, check};
use super::turns::{Turns, elsewhere, until};

const JOBS: u32 = 500;

#[test]
fn producers_and_consumers_are_no_news() {
    check!([
        case("std", || {
            let queue = Mutex::named("queue", VecDeque::new());
            let (filled, emptied) = (Condvar::new(), Condvar::new());
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        for job in 0..JOBS {
                            let mut queue = emptied
                                .wait_while(queue.lock().unwrap(), |queue| queue.len() >= 4)
                                .unwrap();
                            queue.push_back(job);
                            filled.notify_one();
                        }
                    });
                    scope.spawn(|| {
                        for _ in 0..JOBS {
                            let mut queue = queue.lock().unwrap();
                            while queue.is_empty() {
                                queue = filled.wait(queue).unwrap();
                            }
                            queue.pop_front();
                            emptied.notify_one();
                        }
                    });
                }
            });
            assert!(queue.lock().unwrap().is_empty());
        }),
        case("parking_lot", || {
            let queue = pl::Mutex::named("queue", VecDeque::new());
            let (filled, emptied) = (pl::Condvar::new(), pl::Condvar::new());
            let log = pl::Mutex::named("log", 0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        for job in 0..JOBS {
                            let mut queue = queue.lock();
                            emptied.wait_while(&mut queue, |queue| queue.len() >= 4);
                            queue.push_back(job);
                            filled.notify_all();
                        }
                    });
                    scope.spawn(|| {
                        for _ in 0..JOBS {
                            let mut queue = queue.lock();
                            while queue.is_empty() {
                                filled.wait(&mut queue);
                            }
                            queue.pop_front();
                            *log.lock() += 1;
                            emptied.notify_all();
                        }
                    });
                }
            });
            assert_eq!(*log.lock(), JOBS * 2);
        }),
    ]);
}

/// The mutex of the wait can be taken, and even retaken in another order, while it waits.
#[test]
fn the_mutex_is_not_held_while_waiting() {
    check!([
        case("no edge from it", || {
            let (a, b) = (Mutex::named("a", false), Mutex::named("b", ()));
            let changed = Condvar::new();
            let turns = Turns::new();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut a = a.lock().unwrap();
                    turns.pass(0);
                    while !*a {
                        a = changed.wait(a).unwrap();
                    }
                    drop(a);
                    drop(b.lock());
                });
                scope.spawn(|| {
                    turns.reach(1);
                    let _b = b.lock().unwrap();
                    *a.lock().unwrap() = true;
                    changed.notify_all();
                });
            });
        }),
        case("waiting on both sides", || {
            // Each waits for the other to have passed, over mutexes of their own.
            let (a, b) = (pl::Mutex::named("a", false), pl::Mutex::named("b", false));
            let (a_set, b_set) = (pl::Condvar::new(), pl::Condvar::new());
            thread::scope(|scope| {
                scope.spawn(|| {
                    *a.lock() = true;
                    a_set.notify_one();
                    let mut b = b.lock();
                    b_set.wait_while(&mut b, |b| !*b);
                });
                scope.spawn(|| {
                    *b.lock() = true;
                    b_set.notify_one();
                    let mut a = a.lock();
                    a_set.wait_while(&mut a, |a| !*a);
                });
            });
        }),
        case("timed, in a loop, under contention", || {
            let a = Mutex::named("a", 0);
            let never = Condvar::new();
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        for _ in 0..20 {
                            let guard = a.lock().unwrap();
                            let (mut guard, outcome) = never
                                .wait_timeout(guard, Duration::from_micros(100))
                                .unwrap();
                            assert!(outcome.timed_out());
                            *guard += 1;
                        }
                    });
                }
            });
            assert_eq!(*a.lock().unwrap(), 60);
        }),
    ]);
}

/// The mutex is taken again under what else is held: that is an order like any other.
#[test]
fn a_wait_under_another_lock_takes_its_mutex_under_it() {
    check!([false, true].map(|straight_first| {
        case(format!("{straight_first}"), move || {
            let (outer, a) = (pl::Mutex::named("outer", ()), pl::Mutex::named("a", false));
            let changed = pl::Condvar::new();
            let straight = || {
                elsewhere(|| {
                    let _a = a.lock();
                    let _outer = outer.lock();
                });
            };
            if straight_first {
                straight();
            }
            thread::scope(|scope| {
                let waiter = scope.spawn(|| {
                    // The mutex first: the one order that is seen before the wait is the good one.
                    let mut a = a.lock();
                    let _outer = outer.lock();
                    while !*a {
                        changed.wait(&mut a);
                    }
                });
                until(|| {
                    // The waiter sleeps when the outer lock is held and the inner one is not.
                    let held = outer.is_locked();
                    match a.try_lock() {
                        Some(mut a) if held => {
                            *a = true;
                            changed.notify_one();
                            true
                        }
                        _ => false,
                    }
                });
                waiter.join().unwrap();
            });
            if !straight_first {
                straight();
            }
        })
        .finds("Inversion a outer")
    }));
}

/// A guard that a wait gave back is as good as any: it is released, and held under others.
#[test]
fn the_guard_after_a_wait_is_held() {
    check!([case("self-deadlock after a wait", || {
        let a = Mutex::named("a", ());
        let never = Condvar::new();
        let (guard, _) = never
            .wait_timeout(a.lock().unwrap(), Duration::from_millis(1))
            .unwrap();
        let said = super::turns::panics(|| drop(a.lock()));
        assert!(said.starts_with("lockwarden: SelfDeadlock"), "{said}");
        drop(guard);
    })
    .finds("SelfDeadlock a")]);
}
