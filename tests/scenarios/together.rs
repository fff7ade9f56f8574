//! The same patterns, with all locks taken together by `acquire`: silent, and no deadlock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use lockwarden::acquire::{ViolationReason, acquire, each, read, write};
use lockwarden::parking_lot as pl;
use lockwarden::sync::{Mutex, RwLock};

use super::harness::{case, check};
use super::turns::{Turns, elsewhere, panics};

/// Scenario 16, at full speed.
#[test]
fn transfers_both_ways_together() {
    check!([
        case("two accounts", || {
            let (a, b) = (Mutex::named("account", 500), Mutex::named("account", 500));
            thread::scope(|scope| {
                for (from, to) in [(&a, &b), (&b, &a), (&a, &b), (&b, &a)] {
                    scope.spawn(move || {
                        for _ in 0..500 {
                            let mut held = acquire((from, to)).unwrap().checked().unwrap();
                            *held.0 -= 1;
                            *held.1 += 1;
                        }
                    });
                }
            });
            // Not in one line: the guards would live to its end, in an order of their own.
            let (a, b) = (a.into_inner().unwrap(), b.into_inner().unwrap());
            assert_eq!(a + b, 1_000);
        }),
        case("from one to itself", || {
            let a = pl::Mutex::named("account", 1);
            let refused = acquire((&a, &a)).unwrap_err();
            assert_eq!(refused.reason(), ViolationReason::AskedTwice);
            assert_eq!(*a.lock(), 1);
        }),
    ]);
}

fn dine(philosophers: usize) {
    let forks: Vec<Mutex<u32>> = (0..philosophers).map(|_| Mutex::named("fork", 0)).collect();
    let meals = AtomicU32::new(0);
    thread::scope(|scope| {
        for seat in 0..philosophers {
            let (forks, meals) = (&forks, &meals);
            scope.spawn(move || {
                for _ in 0..100 {
                    let mut held = acquire((&forks[seat], &forks[(seat + 1) % philosophers]))
                        .unwrap()
                        .checked()
                        .unwrap();
                    *held.0 += 1;
                    *held.1 += 1;
                    meals.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(meals.into_inner() as usize, philosophers * 100);
    for fork in &forks {
        assert_eq!(*fork.lock().unwrap(), 200);
    }
}

/// Scenario 17.
#[test]
fn philosophers_who_take_both_forks_together() {
    check!([3, 5, 20].map(|count| case(format!("{count}"), move || dine(count))));
}

/// Scenario 24, and mixed kinds, modes and numbers.
#[test]
fn any_locks_in_any_order() {
    check!([
        case("mixed kinds and modes", || {
            let mutex = Mutex::named("mutex", 0);
            let fair = pl::FairMutex::named("fair", 0);
            let rwlock = RwLock::named("rwlock", 0);
            let other = pl::RwLock::named("other", 0);
            let recursive = pl::RecursiveRwLock::named("recursive", 0);
            thread::scope(|scope| {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _held = acquire((&mutex, read(&rwlock), &fair, write(&other))).unwrap();
                        // What is not above all that is held is refused, and nothing waits.
                    }
                });
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _held =
                            acquire((read(&other), &fair, write(&rwlock), read(&recursive)))
                                .unwrap();
                    }
                });
                scope.spawn(|| {
                    for _ in 0..200 {
                        let _held = acquire((write(&recursive), &mutex, read(&other))).unwrap();
                    }
                });
            });
        }),
        case("rotations of a slice", || {
            let locks: Vec<pl::Mutex<u32>> = (0..30).map(pl::Mutex::new).collect();
            for first in 0..locks.len() {
                elsewhere(|| {
                    let rotated = locks[first..].iter().chain(&locks[..first]);
                    let held = acquire(each(rotated)).unwrap();
                    assert_eq!(*held[0] as usize, first);
                });
            }
        }),
        case("one under the other, ascending", || {
            let locks: Vec<pl::Mutex<()>> = (0..4).map(|_| pl::Mutex::named("lock", ())).collect();
            // Ids are given at the first acquisition, so this fixes their order.
            for lock in &locks {
                drop(lock.lock());
            }
            let _low = acquire((&locks[1], &locks[0])).unwrap();
            let _high = acquire((&locks[3], &locks[2])).unwrap();
        }),
    ]);
}

/// What cannot be taken in order is refused, and can then be done right.
#[test]
fn a_nested_acquisition_that_is_not_above_is_refused() {
    check!([
        case("below what is held", || {
            let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
            drop(a.lock());
            drop(b.lock());
            let held = b.lock();
            let refused = acquire((&a,)).unwrap_err();
            let said = refused.to_string();
            assert!(said.contains("`a`") && said.contains("`b`"), "{said}");
            drop(held);
            drop(acquire((&a,)).unwrap());
        }),
        case("already held", || {
            let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
            let _held = a.lock().unwrap();
            acquire((&b, &a)).unwrap_err();
            // Nothing was locked on the way to the refusal.
            elsewhere(|| drop(b.try_lock().unwrap()));
        }),
        case("a hundred locks, taken by many in shuffled orders", || {
            let locks: Vec<RwLock<u32>> = (0..100).map(|_| RwLock::named("row", 0)).collect();
            thread::scope(|scope| {
                for thread in 0..4 {
                    let locks = &locks;
                    scope.spawn(move || {
                        for round in 0..50 {
                            let picked =
                                (0..5).map(|n| &locks[(thread * 31 + round * 17 + n * 23) % 100]);
                            let held = acquire(each(picked.map(write))).unwrap();
                            for row in held.split() {
                                *row.unwrap() += 1;
                            }
                        }
                    });
                }
            });
            let sum: u32 = locks.iter().map(|lock| *lock.read().unwrap()).sum();
            assert_eq!(sum, 4 * 50 * 5);
        }),
    ]);
}

/// All or nothing: a panic on the way gives back what was taken.
#[test]
fn a_deadlock_on_the_way_releases_what_was_taken() {
    check!([case("all or nothing", || {
        let (low, high) = (pl::Mutex::named("low", ()), pl::Mutex::named("high", ()));
        let outer = pl::Mutex::named("outer", ());
        for lock in [&outer, &low, &high] {
            drop(lock.lock());
        }
        let turns = Turns::new();
        thread::scope(|scope| {
            // Holds the upper one, and asks for the outer one: against the order.
            let other = scope.spawn(|| {
                let _high = turns.take(0, || high.lock());
                turns.reach(2);
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(outer.lock())))
                    .is_err()
            });
            let mine = scope.spawn(|| {
                let _outer = turns.take(1, || outer.lock());
                turns.reach(2);
                let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    drop(acquire((&high, &low)));
                }));
                // Whoever panicked, the lower one is free.
                assert!(low.try_lock().is_some());
                outcome.is_err()
            });
            let (other, mine) = (other.join().unwrap(), mine.join().unwrap());
            assert!(other != mine, "one of them closes it");
        });
    })
    .finds("Inversion high outer")
    .finds("Deadlock high outer")]);
}

/// A lock that is taken by itself, against the order of `acquire`, is found like any other.
#[test]
fn a_direct_acquisition_against_the_order_is_found() {
    check!([case("direct", || {
        let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
        drop(a.lock());
        drop(b.lock());
        elsewhere(|| drop(acquire((&b, &a)).unwrap()));
        elsewhere(|| {
            let _b = b.lock();
            let _a = a.lock();
            let said = panics(|| drop(b.lock()));
            assert!(said.contains("SelfDeadlock"), "{said}");
        });
    })
    .finds("Inversion a b")
    .finds("SelfDeadlock b")]);
}
