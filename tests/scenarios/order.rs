//! Lock order in the shapes of real programs.

use std::collections::HashMap;
use std::thread;

use lockwarden::parking_lot as pl;
use lockwarden::sync::{Arc, Mutex, RwLock};

use super::harness::{Case, case, check};
use super::kinds::{Any, How, Sort};
use super::schedule::{self, Script, nested, orders, schedules};
use super::turns::elsewhere;

/// Runs both parts in threads of their own, one after the other, in either order.
fn both_orders<W: Sync + 'static>(
    found: &'static [&'static str],
    make: fn() -> W,
    first: fn(&W),
    second: fn(&W),
) -> [Case; 2] {
    let expecting = |mut case: Case| {
        for words in found {
            case = case.finds(*words);
        }
        case
    };
    [
        expecting(case("first then second", move || {
            let world = make();
            elsewhere(|| first(&world));
            elsewhere(|| second(&world));
        })),
        expecting(case("second then first", move || {
            let world = make();
            elsewhere(|| second(&world));
            elsewhere(|| first(&world));
        })),
    ]
}

/// Scenario 14: AB–BA. (That it deadlocks when it forms is in `deadlock`.)
#[test]
fn ab_ba_in_every_order_in_which_no_thread_waits() {
    let exclusive = |a, b| nested(&[(a, How::Exclusive), (b, How::Exclusive)]);
    let scripts: Vec<Script> = vec![exclusive(0, 1), exclusive(1, 0)];
    check!(schedules(&scripts).into_iter().map(|schedule| {
        let scripts = scripts.clone();
        case(format!("{schedule:?}"), move || {
            let locks: Vec<Any> = ["gossip", "store"]
                .map(|name| Sort::Mutex.make(name))
                .into();
            schedule::run(&locks, &scripts, &schedule);
        })
        .finds("Inversion gossip store")
    }));
}

/// Scenario 16: accounts are locked in the order of the arguments.
#[test]
fn transfers_both_ways() {
    struct Account(Mutex<i64>);

    fn transfer(from: &Account, to: &Account) {
        let mut from = from.0.lock().unwrap();
        let mut to = to.0.lock().unwrap();
        *from -= 1;
        *to += 1;
    }

    check!(both_orders(
        &["Inversion alice bob"],
        || {
            let accounts = (
                Account(Mutex::named("account", 0)),
                Account(Mutex::named("account", 0)),
            );
            accounts.0.0.set_label("alice");
            accounts.1.0.set_label("bob");
            accounts
        },
        |(a, b)| transfer(a, b),
        |(a, b)| transfer(b, a),
    ));
}

fn fork(at: usize) -> &'static str {
    const NAMES: [&str; 20] = [
        "00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14",
        "15", "16", "17", "18", "19",
    ];
    NAMES[at]
}

fn dine(philosophers: usize, order: &[usize]) {
    let forks: Vec<Mutex<()>> = (0..philosophers)
        .map(|at| Mutex::named(fork(at), ()))
        .collect();
    for &seat in order {
        elsewhere(|| {
            let _left = forks[seat].lock().unwrap();
            let _right = forks[(seat + 1) % philosophers].lock().unwrap();
        });
    }
}

fn ring(philosophers: usize) -> String {
    let names: Vec<&str> = (0..philosophers).map(fork).collect();
    format!("Inversion {}", names.join(" "))
}

/// Scenario 17: philosophers who take the left fork first.
#[test]
fn philosophers_and_a_ring_of_twenty() {
    let mut cases = Vec::new();
    for order in orders(3) {
        cases.push(case(format!("3 {order:?}"), move || dine(3, &order)).finds(ring(3)));
    }
    // Of the 120 orders of five, all that begin with the first: the others are rotations.
    for order in orders(5).into_iter().filter(|order| order[0] == 0) {
        cases.push(case(format!("5 {order:?}"), move || dine(5, &order)).finds(ring(5)));
    }
    let forward: Vec<usize> = (0..20).collect();
    let back: Vec<usize> = (0..20).rev().collect();
    let even_first: Vec<usize> = (0..20).step_by(2).chain((1..20).step_by(2)).collect();
    let far_apart: Vec<usize> = (0..20).map(|n| n * 7 % 20).collect();
    for order in [forward, back, even_first, far_apart] {
        cases.push(case(format!("20 {order:?}"), move || dine(20, &order)).finds(ring(20)));
    }
    check!(cases);
}

/// Scenario 18: the queue locks its work, and the work locks its queue.
#[test]
fn a_queue_against_its_work() {
    struct Queue {
        jobs: Mutex<Vec<Arc<Work>>>,
    }
    struct Work {
        done: Mutex<bool>,
    }

    impl Queue {
        fn purge(&self) {
            let mut jobs = self.jobs.lock().unwrap();
            jobs.retain(|work| !*work.done.lock().unwrap());
        }
    }

    impl Work {
        fn finish(&self, queue: &Queue) {
            let mut done = self.done.lock().unwrap();
            *done = true;
            assert!(!queue.jobs.lock().unwrap().is_empty());
        }
    }

    check!(both_orders(
        &["Inversion jobs work"],
        || {
            let work = Arc::new(Work {
                done: Mutex::named("work", false),
            });
            let queue = Queue {
                jobs: Mutex::named("jobs", vec![Arc::clone(&work)]),
            };
            // A second job, so that the list is not empty in the other order either.
            queue.jobs.lock().unwrap().push(Arc::new(Work {
                done: Mutex::named("other work", false),
            }));
            (queue, work)
        },
        |(queue, _)| queue.purge(),
        |(queue, work)| work.finish(queue),
    ));
}

/// Scenario 20: a container that locks within is used under another lock.
#[test]
fn a_lock_hidden_in_a_container() {
    struct Cache(pl::RwLock<HashMap<u32, u32>>);

    impl Cache {
        fn get_or_insert_with(&self, key: u32, make: impl FnOnce() -> u32) -> u32 {
            *self.0.write().entry(key).or_insert_with(make)
        }

        fn get(&self, key: u32) -> Option<u32> {
            self.0.read().get(&key).copied()
        }
    }

    check!(both_orders(
        &["Inversion blocks cache"],
        || (
            Cache(pl::RwLock::named("cache", HashMap::new())),
            pl::Mutex::named("blocks", 3),
        ),
        |(cache, blocks)| {
            cache.get_or_insert_with(1, || *blocks.lock());
        },
        |(cache, blocks)| {
            let _blocks = blocks.lock();
            cache.get(1);
        },
    ));
}

/// Scenario 22: a reader-writer lock against a mutex.
#[test]
fn an_rwlock_against_a_mutex() {
    check!(both_orders(
        &["Inversion engine sealing"],
        || (RwLock::named("engine", ()), Mutex::named("sealing", ())),
        |(engine, sealing)| {
            let _engine = engine.read().unwrap();
            let _sealing = sealing.lock().unwrap();
        },
        |(engine, sealing)| {
            let _sealing = sealing.lock().unwrap();
            let _engine = engine.write().unwrap();
        },
    ));
}

/// Scenario 24: two caches of shards; which shards meet depends on the keys.
#[test]
fn two_sharded_caches() {
    struct Sharded(Vec<pl::Mutex<HashMap<u32, u32>>>);

    impl Sharded {
        fn new(labels: [&str; 4]) -> Self {
            let shards: Vec<_> = labels
                .iter()
                .map(|label| {
                    let shard = pl::Mutex::named("shard", HashMap::new());
                    shard.set_label(label);
                    shard
                })
                .collect();
            Self(shards)
        }

        fn shard(&self, key: u32) -> pl::MutexGuard<'_, HashMap<u32, u32>> {
            self.0[key as usize % 4].lock()
        }
    }

    check!(both_orders(
        &["Inversion d2 m1"],
        || (
            Sharded::new(["d0", "d1", "d2", "d3"]),
            Sharded::new(["m0", "m1", "m2", "m3"]),
        ),
        |(data, meta)| {
            for key in [(2, 1), (0, 3)] {
                let mut data = data.shard(key.0);
                data.insert(key.0, 1);
                meta.shard(key.1).insert(key.1, 1);
            }
        },
        |(data, meta)| {
            // Shard 0 of one and 3 of the other meet in one order only.
            for key in [(2, 1), (1, 3)] {
                let _meta = meta.shard(key.1);
                data.shard(key.0).remove(&key.0);
            }
        },
    ));
}

/// Scenario A: the edge goes from every held lock, so it outlives the one in between.
#[test]
fn a_lock_in_between_is_let_go_or_dropped() {
    let chain = |what: &'static str,
                 in_between: fn(&pl::Mutex<()>, pl::Mutex<()>, &pl::Mutex<()>)| {
        [false, true].map(|back_first| {
            case(format!("{what} {back_first}"), move || {
                let (a, b, c) = (
                    pl::Mutex::named("a", ()),
                    pl::Mutex::named("b", ()),
                    pl::Mutex::named("c", ()),
                );
                let back = || {
                    elsewhere(|| {
                        let _c = c.lock();
                        let _a = a.lock();
                    });
                };
                if back_first {
                    back();
                }
                thread::scope(|scope| scope.spawn(|| in_between(&a, b, &c)).join().unwrap());
                if !back_first {
                    back();
                }
            })
            .finds("Inversion a c")
        })
    };
    let mut cases: Vec<Case> = Vec::new();
    cases.extend(chain("released late", |a, b, c| {
        let _a = a.lock();
        let _b = b.lock();
        let _c = c.lock();
    }));
    cases.extend(chain("released early", |a, b, c| {
        let _a = a.lock();
        let held = b.lock();
        let _c = c.lock();
        drop(held);
    }));
    cases.extend(chain("dropped", |a, b, c| {
        let _a = a.lock();
        {
            let _b = b.lock();
            let _c = c.lock();
        }
        drop(b);
    }));
    check!(cases);
}

/// A cycle that leads over a lock that is gone can close no more.
#[test]
fn a_dropped_lock_takes_its_edges_with_it() {
    check!([case("gone", || {
        let (a, c) = (pl::Mutex::named("a", ()), pl::Mutex::named("c", ()));
        let b = pl::Mutex::named("b", ());
        elsewhere(|| {
            let _a = a.lock();
            let _b = b.lock();
        });
        elsewhere(|| {
            let _b = b.lock();
            let _c = c.lock();
        });
        drop(b);
        elsewhere(|| {
            let _c = c.lock();
            let _a = a.lock();
        });
    })]);
}

/// Scenario B: 45 locks, taken one under the other in each of the 45 rotations of their order.
///
/// With the locks numbered from 0, the rotation by k takes k, k+1, …, 44, 0, …, k−1: a lock stands
/// below each other one in some rotation and above it in another, so every pair is inverted.
#[test]
fn forty_five_locks_in_all_rotations() {
    const COUNT: usize = 45;
    check!([case("45", || {
        let found = FOUND.lock().unwrap().len();
        assert_eq!(found, 0);
        let locks: Vec<pl::Mutex<()>> = (0..COUNT)
            .map(|at| {
                let lock = pl::Mutex::named("lock", ());
                lock.set_label(format!("{at:02}"));
                lock
            })
            .collect();
        for first in 0..COUNT {
            elsewhere(|| {
                let _held: Vec<_> = (0..COUNT)
                    .map(|at| locks[(first + at) % COUNT].lock())
                    .collect();
            });
        }
        let mut found = FOUND.lock().unwrap();
        let all = found.len();
        // Once each.
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), all);
        // Every pair, whatever else.
        for a in 0..COUNT {
            for b in a + 1..COUNT {
                let pair = format!("Inversion {a:02} {b:02}");
                assert!(found.binary_search(&pair).is_ok(), "{pair} is missing");
            }
        }
    })
    .configured(|config| {
        config
            .max_reports(u64::MAX)
            .search_steps(10_000)
            .callback(|report| {
                FOUND
                    .lock()
                    .unwrap()
                    .push(crate::verdicts::in_short(report))
            })
    })
    // A few seconds without optimisation, and more on a machine that is busy.
    .within(super::harness::LIMIT * 4)]);
}

/// What a case has found up to now, if it looks for itself.
static FOUND: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

/// Scenario C: the same inversion, again and again.
#[test]
fn two_thousand_times_is_once() {
    check!([
        case("in two threads", || {
            let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
            thread::scope(|scope| {
                for (first, second) in [(&a, &b), (&b, &a)] {
                    scope
                        .spawn(move || {
                            for _ in 0..2_000 {
                                let _first = first.lock().unwrap();
                                let _second = second.lock().unwrap();
                            }
                        })
                        .join()
                        .unwrap();
                }
            });
        })
        .finds("Inversion a b"),
        case("in a thread of its own each time", || {
            let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
            for _ in 0..1_000 {
                for (first, second) in [(&a, &b), (&b, &a)] {
                    elsewhere(|| {
                        let _first = first.lock().unwrap();
                        let _second = second.lock().unwrap();
                    });
                }
            }
        })
        .finds("Inversion a b"),
    ]);
}

fn take_pairs(pairs: &[(usize, usize)], order: &[usize]) {
    let locks = ["a", "b", "c", "d"].map(|name| pl::Mutex::named(name, ()));
    for &at in order {
        let (from, to) = pairs[at];
        elsewhere(|| {
            let _from = locks[from].lock();
            let _to = locks[to].lock();
        });
    }
}

/// Scenario D: a second, different cycle through an edge that is part of a reported one.
#[test]
fn a_second_cycle_through_a_reported_edge() {
    // Both triangles share the edge from a to b.
    const PAIRS: [(usize, usize); 5] = [(0, 1), (1, 2), (2, 0), (1, 3), (3, 0)];
    check!(orders(PAIRS.len()).into_iter().map(|order| {
        case(format!("{order:?}"), move || take_pairs(&PAIRS, &order))
            .finds("Inversion a b c")
            .finds("Inversion a b d")
    }));
}

/// Scenario D, where the second cycle has all locks of the first and one more.
#[test]
fn a_longer_cycle_through_a_reported_edge() {
    const PAIRS: [(usize, usize); 4] = [(0, 1), (1, 0), (1, 2), (2, 0)];
    // The longer one is closed by an edge that is only its own.
    let later = |order: &Vec<usize>| order[3] > 1;
    check!(orders(PAIRS.len()).into_iter().filter(later).map(|order| {
        case(format!("{order:?}"), move || take_pairs(&PAIRS, &order))
            .finds("Inversion a b")
            .finds("Inversion a b c")
    }));
}

/// One lock at the bottom of many: each of them may be the other side of an inversion.
#[test]
fn a_lock_under_a_hundred_parents_forgets_none() {
    let label = |n: usize| format!("parent {n:02}");
    check!([0, 7, 8, 9, 50, 99].into_iter().flat_map(|wanted| {
        [false, true].map(|one_thread_each| {
            case(format!("{wanted} {one_thread_each}"), move || {
                let bottom = pl::Mutex::named("bottom", ());
                let parents: Vec<pl::Mutex<()>> = (0..100)
                    .map(|n| {
                        let parent = pl::Mutex::named("parent", ());
                        parent.set_label(label(n));
                        parent
                    })
                    .collect();
                let nest = |parent: &pl::Mutex<()>| {
                    let _parent = parent.lock();
                    let _bottom = bottom.lock();
                };
                if one_thread_each {
                    parents.iter().for_each(|parent| elsewhere(|| nest(parent)));
                } else {
                    elsewhere(|| parents.iter().for_each(nest));
                }
                elsewhere(|| {
                    let _bottom = bottom.lock();
                    let _parent = parents[wanted].lock();
                });
            })
            .finds(format!("Inversion bottom {}", label(wanted)))
        })
    }));
}

/// The edge that was learnt under a gate is learnt again without it.
#[test]
fn an_edge_under_a_gate_does_not_hide_one_without() {
    check!([false, true].map(|back_first| {
        case(format!("{back_first}"), move || {
            let (gate, a, b) = (
                pl::Mutex::named("gate", ()),
                pl::Mutex::named("a", ()),
                pl::Mutex::named("b", ()),
            );
            let guarded = |first: &pl::Mutex<()>, second: &pl::Mutex<()>| {
                let _gate = gate.lock();
                let _first = first.lock();
                let _second = second.lock();
            };
            let bare = |first: &pl::Mutex<()>, second: &pl::Mutex<()>| {
                let _first = first.lock();
                let _second = second.lock();
            };
            thread::scope(|scope| {
                let forth = || {
                    guarded(&a, &b);
                    bare(&a, &b);
                };
                let back = || {
                    guarded(&b, &a);
                    bare(&b, &a);
                };
                if back_first {
                    scope.spawn(back).join().unwrap();
                    scope.spawn(forth).join().unwrap();
                } else {
                    scope.spawn(forth).join().unwrap();
                    scope.spawn(back).join().unwrap();
                }
            });
        })
        .finds("Inversion a b")
    }));
}

/// Two unrelated inversions are two.
#[test]
fn two_inversions_are_two_reports() {
    check!([case("two", || {
        let locks = ["a", "b", "c", "d"].map(|name| pl::Mutex::named(name, ()));
        for (first, second) in [(0, 1), (2, 3), (1, 0), (3, 2)] {
            elsewhere(|| {
                let _first = locks[first].lock();
                let _second = locks[second].lock();
            });
        }
    })
    .finds("Inversion a b")
    .finds("Inversion c d")]);
}
