//! What must stay silent, or only be reported when it is asked for.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lockwarden::config::Action;
use lockwarden::parking_lot as pl;
use lockwarden::report::Verdict;
use lockwarden::sync::{Mutex, RwLock, TryLockError};

use super::harness::{Case, case, check};
use super::kinds::{Any, How, Sort};
use super::schedule::{self, Script, nested, orders, permutations, schedules};
use super::turns::{Turns, elsewhere};

/// The same case as it is by default, and with one verdict asked for.
fn silent_until_asked_for(
    verdict: &'static str,
    environment: &'static str,
    make: impl Fn(&str) -> Case,
) -> [Case; 2] {
    [
        make("by default"),
        make("asked for").environment(environment).finds(verdict),
    ]
}

/// Case 30: a gate lock is held around both orders.
#[test]
fn a_gate_around_both_orders() {
    let under_the_gate = |order: &[(usize, How)]| -> Script {
        let mut locks = vec![(2, How::Exclusive)];
        locks.extend(order);
        nested(&locks)
    };
    let scripts: Vec<Script> = vec![
        under_the_gate(&[(0, How::Exclusive), (1, How::Exclusive)]),
        under_the_gate(&[(1, How::Exclusive), (0, How::Exclusive)]),
    ];
    check!(schedules(&scripts).into_iter().flat_map(|schedule| {
        let scripts = scripts.clone();
        silent_until_asked_for("Guarded a b", "Guarded=report", move |name| {
            let (scripts, schedule) = (scripts.clone(), schedule.clone());
            case(format!("{name} {schedule:?}"), move || {
                let locks: Vec<Any> = ["a", "b", "gate"].map(|n| Sort::SyncMutex.make(n)).into();
                schedule::run(&locks, &scripts, &schedule);
            })
        })
    }));
}

/// A gate that both only share excludes nothing; one that one of them holds exclusively does.
#[test]
fn a_gate_that_is_shared_is_none() {
    let gates = |first: How, second: How| {
        move || {
            let gate = Sort::RwLock.make("gate");
            let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
            elsewhere(|| {
                let _gate = gate.take(first);
                let _a = a.lock();
                let _b = b.lock();
            });
            elsewhere(|| {
                let _gate = gate.take(second);
                let _b = b.lock();
                let _a = a.lock();
            });
        }
    };
    check!([
        case("both", gates(How::Shared, How::Shared)).finds("Inversion a b"),
        case("one", gates(How::Shared, How::Upgradable)).finds("Inversion a b"),
        case("neither", gates(How::Upgradable, How::Upgradable)),
        case("the first", gates(How::Exclusive, How::Shared)),
        case("the second", gates(How::Shared, How::Exclusive)),
    ]);
}

/// Case 31: one thread takes both orders.
#[test]
fn one_thread_does_both_orders() {
    check!(silent_until_asked_for(
        "SingleThread a b",
        "SingleThread=report",
        |name| case(name, || {
            let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
            elsewhere(|| {
                for _ in 0..3 {
                    {
                        let _a = a.lock().unwrap();
                        let _b = b.lock().unwrap();
                    }
                    let _b = b.lock().unwrap();
                    let _a = a.lock().unwrap();
                }
            });
        })
    ));
}

/// A second thread that takes one of the orders makes it an inversion.
#[test]
fn one_thread_does_both_orders_until_another_joins_in() {
    check!([[0, 1], [1, 0]].map(|order| {
        case(format!("{order:?}"), move || {
            let locks = ["a", "b"].map(|name| pl::Mutex::named(name, ()));
            elsewhere(|| {
                for [first, second] in [[0, 1], [1, 0]] {
                    let _first = locks[first].lock();
                    let _second = locks[second].lock();
                }
            });
            elsewhere(|| {
                let _first = locks[order[0]].lock();
                let _second = locks[order[1]].lock();
            });
        })
        .finds("Inversion a b")
    }));
}

/// Case 36, a known limit: an atomic flag orders the two, which the detector cannot see.
#[test]
fn an_atomic_flag_is_not_seen_and_so_it_is_reported() {
    check!([case("flag", || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                {
                    let _a = a.lock().unwrap();
                    let _b = b.lock().unwrap();
                }
                done.store(true, Ordering::Release);
            });
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                let _b = b.lock().unwrap();
                let _a = a.lock().unwrap();
            });
        });
    })
    .finds("Inversion a b")]);
}

/// Case 39: readers that pass writers, in a cycle, with writers about.
#[test]
fn readers_that_pass_writers_in_a_cycle() {
    check!(orders(3).into_iter().map(|order| {
        case(format!("{order:?}"), move || {
            let locks = ["a", "b", "c"].map(|name| pl::RecursiveRwLock::named(name, ()));
            for lock in &locks {
                drop(lock.write());
            }
            for &at in &order {
                elsewhere(|| {
                    let _first = locks[at].read();
                    let _second = locks[(at + 1) % 3].read();
                    let _again = locks[at].read();
                });
            }
            for lock in &locks {
                drop(lock.write());
            }
        })
    }));
}

/// Case 40: `try_lock` with back-off, in both orders.
#[test]
fn tries_with_back_off_in_both_orders() {
    check!([
        case("alone", || {
            let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
            for (first, second) in [(&a, &b), (&b, &a)] {
                elsewhere(|| {
                    let _first = first.lock().unwrap();
                    let _second = second.try_lock().unwrap();
                });
            }
        }),
        case("failing", || {
            let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
            let turns = Turns::new();
            thread::scope(|scope| {
                for (at, own, other) in [(0, &a, &b), (1, &b, &a)] {
                    let turns = &turns;
                    scope.spawn(move || {
                        let held = turns.take(at, || own.lock().unwrap());
                        turns.take(at + 2, || {
                            assert!(matches!(other.try_lock(), Err(TryLockError::WouldBlock)));
                        });
                        turns.reach(4);
                        drop(held);
                        turns.take(at + 4, || ());
                        // Once more, now that the other one has backed off.
                        let _other = other.lock().unwrap();
                    });
                }
            });
        }),
        case("in a loop", || {
            let (a, b) = (pl::Mutex::named("a", 0), pl::Mutex::named("b", 0));
            thread::scope(|scope| {
                for (own, other) in [(&a, &b), (&b, &a)] {
                    scope.spawn(move || {
                        for _ in 0..200 {
                            loop {
                                let mut own = own.lock();
                                if let Some(mut other) = other.try_lock() {
                                    *own += 1;
                                    *other += 1;
                                    break;
                                }
                                drop(own);
                                thread::yield_now();
                            }
                        }
                    });
                }
            });
            assert_eq!((*a.lock(), *b.lock()), (400, 400));
        }),
        case("readers and writers", || {
            let (a, b) = (RwLock::named("a", ()), pl::RwLock::named("b", ()));
            elsewhere(|| {
                let _a = a.write().unwrap();
                let _b = b.try_write().unwrap();
            });
            elsewhere(|| {
                let _b = b.upgradable_read();
                let _a = a.try_write().unwrap();
            });
        }),
    ]);
}

/// What was taken by a try is held like anything else: what is taken under it makes an order.
#[test]
fn a_lock_that_was_tried_is_held() {
    let tried: fn(&pl::Mutex<()>, &pl::Mutex<()>) = |a, b| {
        let _a = a.try_lock().unwrap();
        let _b = b.lock();
    };
    let timed: fn(&pl::Mutex<()>, &pl::Mutex<()>) = |a, b| {
        let _a = a.try_lock_for(Duration::from_secs(1)).unwrap();
        let _b = b.lock();
    };
    check!(
        [("tried", tried), ("timed", timed)]
            .into_iter()
            .flat_map(|(name, forth)| [false, true].map(|back_first| {
                case(format!("{name} {back_first}"), move || {
                    let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
                    let back = || {
                        let _b = b.lock();
                        let _a = a.lock();
                    };
                    if back_first {
                        elsewhere(back);
                    }
                    elsewhere(|| forth(&a, &b));
                    if !back_first {
                        elsewhere(back);
                    }
                })
                .finds("Inversion a b")
            }))
    );
}

/// Case 41: timed acquisitions in a cycle, granted and not.
#[test]
fn timed_acquisitions_in_a_cycle() {
    const SHORT: Duration = Duration::from_millis(5);
    const LONG: Duration = Duration::from_secs(30);
    check!([
        case("granted at once", || {
            let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
            for (first, second) in [(&a, &b), (&b, &a)] {
                elsewhere(|| {
                    let _first = first.lock();
                    let _second = second.try_lock_for(LONG).unwrap();
                });
            }
        }),
        case("both wait, and give up", || {
            let (a, b) = (pl::FairMutex::named("a", ()), pl::FairMutex::named("b", ()));
            let turns = Turns::new();
            thread::scope(|scope| {
                for (at, own, other) in [(0, &a, &b), (1, &b, &a)] {
                    let turns = &turns;
                    scope.spawn(move || {
                        let held = turns.take(at, || own.lock());
                        turns.reach(2);
                        let _ = other.try_lock_for(SHORT);
                        drop(held);
                    });
                }
            });
        }),
        case("granted late", || {
            let (a, b) = (pl::RwLock::named("a", ()), pl::RwLock::named("b", ()));
            let turns = Turns::new();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let held = turns.take(0, || a.write());
                    turns.reach(2);
                    let _ = b.try_read_for(SHORT);
                    drop(held);
                });
                scope.spawn(|| {
                    let _b = turns.take(1, || b.write());
                    turns.reach(2);
                    assert!(a.try_write_for(LONG).is_some());
                });
            });
        }),
        case("a deadline so far away that it is none", || {
            let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
            elsewhere(|| {
                let _a = a.lock();
                let _b = b.try_lock_for(Duration::MAX).unwrap();
            });
            elsewhere(|| {
                let _b = b.lock();
                let _a = a.try_lock_for(Duration::MAX).unwrap();
            });
        }),
    ]);
}

/// Case 42: two instances of one class.
#[test]
fn two_instances_of_one_class() {
    struct Node(Mutex<u32>);

    fn nodes(count: u32) -> Vec<Node> {
        (0..count).map(|n| Node(Mutex::new(n))).collect()
    }

    fn nest(first: &Node, second: &Node) {
        let _first = first.0.lock().unwrap();
        let _second = second.0.lock().unwrap();
    }

    check!([
        case("disjoint pairs", || {
            let nodes = nodes(40);
            for pair in nodes.chunks(2) {
                elsewhere(|| nest(&pair[0], &pair[1]));
            }
        }),
        case("ascending", || {
            let nodes = nodes(20);
            for round in 0..5 {
                for first in 0..nodes.len() {
                    for second in first + 1..nodes.len() {
                        if (first + second) % 5 == round {
                            elsewhere(|| nest(&nodes[first], &nodes[second]));
                        }
                    }
                }
            }
        }),
        case("hand over hand", || {
            let nodes = nodes(100);
            thread::scope(|scope| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        let mut held = nodes[0].0.lock().unwrap();
                        for node in &nodes[1..] {
                            let next = node.0.lock().unwrap();
                            drop(std::mem::replace(&mut held, next));
                        }
                    });
                }
            });
        }),
        case("readers of one class, by name", || {
            let locks: Vec<RwLock<()>> = (0..10).map(|_| RwLock::named("shard", ())).collect();
            for _ in 0..2 {
                elsewhere(|| {
                    let _all: Vec<_> = locks.iter().map(|lock| lock.read().unwrap()).collect();
                });
                elsewhere(|| {
                    let _all: Vec<_> = locks.iter().map(|lock| lock.write().unwrap()).collect();
                });
            }
        }),
    ]);
}

/// Case E: four threads with four nested locks each, which are theirs alone.
#[test]
fn private_locks_of_four_threads() {
    let scripts: Vec<Script> = (0..4)
        .map(|thread| {
            let own: Vec<(usize, How)> = (0..4).map(|n| (thread * 4 + n, How::Exclusive)).collect();
            nested(&own)
        })
        .collect();
    let mut cases: Vec<Case> = permutations(&scripts)
        .into_iter()
        .map(|schedule| {
            let scripts = scripts.clone();
            case(format!("{schedule:?}"), move || {
                let locks: Vec<Any> = (0..16).map(|_| Sort::Mutex.make("own")).collect();
                schedule::run(&locks, &scripts, &schedule);
            })
        })
        .collect();
    cases.push(case("all at once", || {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let own: Vec<Mutex<u32>> = (0..4).map(|_| Mutex::named("own", 0)).collect();
                    for _ in 0..1_000 {
                        let mut held: Vec<_> = own.iter().map(|m| m.lock().unwrap()).collect();
                        *held[3] += 1;
                    }
                });
            }
        });
    }));
    check!(cases);
}

/// Case F: a lock is dropped, and its memory becomes another one.
#[test]
fn the_memory_of_a_lock_is_used_again() {
    check!([
        case("a box", || {
            let other = Mutex::named("other", ());
            for round in 0..200 {
                let boxed = Box::new(Mutex::named("boxed", ()));
                let (first, second) = if round % 2 == 0 {
                    (&*boxed, &other)
                } else {
                    (&other, &*boxed)
                };
                elsewhere(|| {
                    let _first = first.lock().unwrap();
                    let _second = second.lock().unwrap();
                });
            }
        }),
        case("one thread drops what another has used", || {
            let other = pl::Mutex::named("other", ());
            let (send, receive) = mpsc::channel::<Box<pl::Mutex<u32>>>();
            thread::scope(|scope| {
                scope.spawn(|| {
                    for lock in receive {
                        let _lock = lock.lock();
                        let _other = other.lock();
                    }
                });
                for round in 0..200 {
                    let lock = Box::new(pl::Mutex::named("boxed", round));
                    if round % 2 == 1 {
                        // Never the same lock in both orders.
                        let _other = other.lock();
                        let _lock = lock.lock();
                    } else {
                        send.send(lock).unwrap();
                    }
                }
                drop(send);
            });
        }),
        case("a place that is assigned to", || {
            let other = pl::RwLock::named("other", ());
            let mut place = pl::RwLock::named("place", ());
            for round in 0..100 {
                elsewhere(|| {
                    if round % 2 == 0 {
                        let _place = place.write();
                        let _other = other.write();
                    } else {
                        let _other = other.write();
                        let _place = place.write();
                    }
                });
                place = pl::RwLock::named("place", ());
            }
            drop(place);
        }),
    ]);
}

/// A lock keeps its past when it moves.
#[test]
fn a_lock_that_moves_is_the_same_lock() {
    check!([case("moved between the two orders", || {
        let a = pl::Mutex::named("a", ());
        let b = Mutex::named("b", ());
        elsewhere(|| {
            let _a = a.lock();
            let _b = b.lock().unwrap();
        });
        let mut boxed = Box::new(a);
        let mut another = pl::Mutex::named("another", ());
        std::mem::swap(&mut *boxed, &mut another);
        let a = [another];
        elsewhere(|| {
            let _b = b.lock().unwrap();
            let _another = boxed.lock();
        });
        elsewhere(|| {
            let _b = b.lock().unwrap();
            let _a = a[0].lock();
        });
    })
    .finds("Inversion a b")]);
}

/// Case G: sixteen thousand locks, in one order.
#[test]
fn sixteen_thousand_locks_in_one_order() {
    const COUNT: usize = 16_384;

    fn rows() -> Vec<RwLock<u32>> {
        (0..COUNT).map(|_| RwLock::new(0)).collect()
    }

    check!([
        case("a chain, from its start and from its end", || {
            let rows = rows();
            elsewhere(|| {
                for pair in rows[..COUNT / 2].windows(2) {
                    let _first = pair[0].read().unwrap();
                    *pair[1].write().unwrap() += 1;
                }
            });
            elsewhere(|| {
                for pair in rows[COUNT / 2 - 1..].windows(2).rev() {
                    let _first = pair[0].write().unwrap();
                    *pair[1].write().unwrap() += 1;
                }
            });
        }),
        case("under one parent, in two threads", || {
            let rows = rows();
            let table = RwLock::new(0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let table = table.read().unwrap();
                        for row in &rows {
                            *row.write().unwrap() += *table;
                        }
                    });
                }
            });
        }),
        case("three levels", || {
            let rows = rows();
            let (catalogue, log) = (RwLock::new(0), Mutex::new(0));
            for chunk in rows.chunks(COUNT / 4) {
                elsewhere(|| {
                    for row in chunk {
                        let _catalogue = catalogue.read().unwrap();
                        let _row = row.write().unwrap();
                        *log.lock().unwrap() += 1;
                    }
                });
            }
        }),
    ]);
}

/// A cycle that closes over sixteen thousand locks is found all the same, without recursion.
#[test]
fn a_ring_of_sixteen_thousand_is_found() {
    const COUNT: usize = 16_384;

    thread_local! {
        static REPORTS: Cell<usize> = const { Cell::new(0) };
    }

    check!([case("ring", || {
        let locks: Vec<pl::Mutex<()>> = (0..COUNT).map(|_| pl::Mutex::named("link", ())).collect();
        elsewhere(|| {
            for pair in locks.windows(2) {
                let _first = pair[0].lock();
                let _second = pair[1].lock();
            }
        });
        {
            let _last = locks[COUNT - 1].lock();
            let _first = locks[0].lock();
        }
        assert_eq!(REPORTS.get(), 1);
    })
    .configured(|config| {
        config
            .on(Verdict::SingleThread, Action::Report)
            .callback(|report| {
                assert_eq!(report.verdict, Verdict::SingleThread);
                assert_eq!(report.edges.len(), COUNT);
                REPORTS.set(REPORTS.get() + 1);
            })
    })]);
}
