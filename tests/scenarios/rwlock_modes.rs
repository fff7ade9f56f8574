//! Mixed modes on a reader-writer lock and a mutex, in every event order.

use super::harness::{Case, case, check};
use super::kinds::{Any, How, Sort};
use super::schedule::{self, Op, Script, nested, schedules};
use super::turns::{elsewhere, panics};

use How::{Exclusive, Shared, Upgradable};

/// The reader-writer lock.
const A: usize = 0;
/// The mutex.
const B: usize = 1;

fn locks(sort: Sort) -> Vec<Any> {
    let mutex = match sort {
        Sort::SyncRwLock => Sort::SyncMutex,
        _ => Sort::Mutex,
    };
    vec![sort.make("A"), mutex.make("B")]
}

fn write(lock: &Any) {
    elsewhere(|| drop(lock.take(Exclusive)));
}

/// When a writer of the reader-writer lock comes, beside those in the scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Never,
    Before,
    After,
}

/// Two threads, in every order of their steps, with and without a writer at either end.
fn row(sort: Sort, first: &Script, second: &Script, found: impl Fn(Writer) -> bool) -> Vec<Case> {
    let scripts = vec![first.clone(), second.clone()];
    let mut cases = Vec::new();
    for schedule in schedules(&scripts) {
        for writer in [Writer::Never, Writer::Before, Writer::After] {
            let (scripts, schedule) = (scripts.clone(), schedule.clone());
            let name = format!("{sort:?} {schedule:?} {writer:?}");
            let case = case(name, move || {
                let locks = locks(sort);
                if writer == Writer::Before {
                    write(&locks[A]);
                }
                schedule::run(&locks, &scripts, &schedule);
                if writer == Writer::After {
                    write(&locks[A]);
                }
            });
            cases.push(if found(writer) {
                case.finds("Inversion A B")
            } else {
                case
            });
        }
    }
    cases
}

fn a_then_b(how: How) -> Script {
    nested(&[(A, how), (B, Exclusive)])
}

fn b_then_a(how: How) -> Script {
    nested(&[(B, Exclusive), (A, how)])
}

#[test]
fn row_1_a_reader_against_a_writer() {
    check!(Sort::READABLE.iter().flat_map(|&sort| row(
        sort,
        &a_then_b(Shared),
        &b_then_a(Exclusive),
        |_| true
    )));
}

#[test]
fn row_1_mirrored_a_writer_against_a_reader() {
    check!(Sort::READABLE.iter().flat_map(|&sort| row(
        sort,
        &a_then_b(Exclusive),
        &b_then_a(Shared),
        |_| true
    )));
}

#[test]
fn row_2_readers_only_conflict_where_a_writer_can_be_queued() {
    check!(Sort::RW_LOCKS.iter().flat_map(|&sort| row(
        sort,
        &a_then_b(Shared),
        &b_then_a(Shared),
        |writer| writer != Writer::Never
    )));
}

/// Reads the lock in both orders, in threads that are known to follow what their parent did before.
fn read_in_both_orders(locks: &[Any]) {
    lockwarden::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let _a = locks[A].take(Shared);
            let _b = locks[B].take(Exclusive);
        });
        // Not joined by a tracked thread, which would order the two.
        while !first.is_finished() {
            std::thread::yield_now();
        }
        let second = scope.spawn(|| {
            let _b = locks[B].take(Exclusive);
            let _a = locks[A].take(Shared);
        });
        while !second.is_finished() {
            std::thread::yield_now();
        }
    });
}

#[test]
fn row_2_a_writer_that_was_there_before_the_readers_is_not_queued_between_them() {
    check!(Sort::RW_LOCKS.iter().flat_map(|&sort| {
        let configured_once = case(format!("{sort:?} written at the start"), move || {
            let locks = locks(sort);
            drop(locks[A].take(Exclusive));
            read_in_both_orders(&locks);
            drop(locks[A].take(Exclusive));
        });
        let written_again = case(format!("{sort:?} written by another thread"), move || {
            let locks = locks(sort);
            drop(locks[A].take(Exclusive));
            read_in_both_orders(&locks);
            write(&locks[A]);
        });
        [configured_once, written_again.finds("Inversion A B")]
    }));
}

#[test]
fn row_2_no_reader_is_the_writer_that_is_queued_between_it_and_the_other() {
    check!(Sort::RW_LOCKS.iter().flat_map(|&sort| {
        let then_write = |script: Script| -> Script {
            script
                .into_iter()
                .chain(nested(&[(A, Exclusive)]))
                .collect()
        };
        let (first, second) = (then_write(a_then_b(Shared)), then_write(b_then_a(Shared)));
        row(sort, &first, &second, |writer| writer != Writer::Never)
    }));
}

#[test]
fn row_2_readers_that_pass_writers_never_conflict() {
    check!(row(
        Sort::RecursiveRwLock,
        &a_then_b(Shared),
        &b_then_a(Shared),
        |_| false
    ));
}

#[test]
fn row_3_writers() {
    check!(Sort::READABLE.iter().flat_map(|&sort| row(
        sort,
        &a_then_b(Exclusive),
        &b_then_a(Exclusive),
        |_| true
    )));
}

#[test]
fn row_4_a_read_within_a_read() {
    check!(Sort::READABLE.iter().flat_map(|&sort| {
        [false, true].map(|written| {
            let case = case(format!("{sort:?} {written}"), move || {
                let a = sort.make("A");
                if written {
                    write(&a);
                }
                for _ in 0..3 {
                    let _first = a.take(Shared);
                    let _second = a.take(Shared);
                }
            });
            if sort == Sort::RecursiveRwLock {
                case
            } else {
                case.finds("RecursiveRead A")
            }
        })
    }));
}

#[test]
fn row_5_a_write_within_a_read() {
    check!(Sort::READABLE.map(|sort| {
        case(format!("{sort:?}"), move || {
            let a = sort.make("A");
            let _first = a.take(Shared);
            panics(|| a.take(Exclusive));
        })
        .finds("SelfDeadlock A")
    }));
}

#[test]
fn row_6_a_read_within_a_write() {
    check!(Sort::READABLE.map(|sort| {
        case(format!("{sort:?}"), move || {
            let a = sort.make("A");
            let _first = a.take(Exclusive);
            panics(|| a.take(Shared));
        })
        .finds("SelfDeadlock A")
    }));
}

#[test]
fn row_7_a_harmless_edge_hides_no_harmful_one() {
    let twice = |once: Script, again: Script| -> Script { once.into_iter().chain(again).collect() };
    // The edge that is first seen as a shared one is now B → A, now A → B.
    let into_a = twice(b_then_a(Shared), b_then_a(Exclusive));
    let out_of_a = twice(a_then_b(Shared), a_then_b(Exclusive));
    check!(Sort::READABLE.iter().flat_map(|&sort| {
        let mut cases = row(sort, &a_then_b(Shared), &into_a, |_| true);
        for case in row(sort, &out_of_a, &b_then_a(Shared), |_| true) {
            cases.push(case.renamed("out of A"));
        }
        cases
    }));
}

/// As long as a thread holds the lock upgradably, no writer can queue: a reader does not wait.
#[test]
fn a_reader_never_waits_for_an_upgradable_reader() {
    check!(
        [Sort::RwLock, Sort::RecursiveRwLock]
            .iter()
            .flat_map(|&sort| { row(sort, &a_then_b(Upgradable), &b_then_a(Shared), |_| false) })
    );
}

#[test]
fn an_upgradable_reader_waits_behind_a_queued_writer() {
    check!(
        [Sort::RwLock, Sort::RecursiveRwLock]
            .iter()
            .flat_map(|&sort| {
                row(
                    sort,
                    &a_then_b(Shared),
                    &b_then_a(Upgradable),
                    move |writer| sort == Sort::RwLock && writer != Writer::Never,
                )
            })
    );
}

#[test]
fn upgradable_readers_exclude_each_other_and_writers() {
    check!(
        [Sort::RwLock, Sort::RecursiveRwLock]
            .iter()
            .flat_map(|&sort| {
                let mut cases = row(sort, &a_then_b(Upgradable), &b_then_a(Upgradable), |_| true);
                for case in row(sort, &a_then_b(Upgradable), &b_then_a(Exclusive), |_| true) {
                    cases.push(case.renamed("writer"));
                }
                cases
            })
    );
}

#[test]
fn a_read_within_an_upgradable_read_never_waits() {
    check!([Sort::RwLock, Sort::RecursiveRwLock].map(|sort| {
        case(format!("{sort:?}"), move || {
            let a = sort.make("A");
            write(&a);
            let _first = a.take(Upgradable);
            let _second = a.take(Shared);
            let _third = a.take(Shared);
        })
    }));
}

#[test]
fn an_upgradable_read_within_a_read_waits_behind_a_queued_writer() {
    check!([Sort::RwLock, Sort::RecursiveRwLock].map(|sort| {
        let case = case(format!("{sort:?}"), move || {
            let a = sort.make("A");
            let _first = a.take(Shared);
            let _second = a.take(Upgradable);
        });
        match sort {
            Sort::RwLock => case.finds("RecursiveRead A"),
            _ => case,
        }
    }));
}

/// Defines the tests of upgrades and downgrades for one type of lock.
macro_rules! conversions {
    ($name:ident, $Lock:ident, $Read:ident, $Upgradable:ident, $Write:ident, $recursive:expr) => {
        mod $name {
            use std::thread;

            use lockwarden::parking_lot::{Mutex, $Lock, $Read, $Upgradable, $Write};

            use super::super::harness::{case, check};
            use super::super::turns::{elsewhere, panics};

            /// Runs both in threads of their own, one after the other, in either order.
            fn both_orders(
                what: &str,
                first: fn(&$Lock<()>, &Mutex<()>),
                second: fn(&$Lock<()>, &Mutex<()>),
            ) -> Vec<super::Case> {
                let one = case(format!("{what}, first then second"), move || {
                    let (a, b) = ($Lock::named("A", ()), Mutex::named("B", ()));
                    elsewhere(|| first(&a, &b));
                    elsewhere(|| second(&a, &b));
                });
                let other = case(format!("{what}, second then first"), move || {
                    let (a, b) = ($Lock::named("A", ()), Mutex::named("B", ()));
                    elsewhere(|| second(&a, &b));
                    elsewhere(|| first(&a, &b));
                });
                vec![one.finds("Inversion A B"), other.finds("Inversion A B")]
            }

            fn reads_then_locks(a: &$Lock<()>, b: &Mutex<()>) {
                let _a = a.read();
                let _b = b.lock();
            }

            #[test]
            fn an_upgrade_under_a_lock_is_an_acquisition() {
                let upgrades_under_b = |a: &$Lock<()>, b: &Mutex<()>| {
                    let _b = b.lock();
                    let a = a.upgradable_read();
                    let _a = $Upgradable::upgrade(a);
                };
                let upgrades_with_b_between = |a: &$Lock<()>, b: &Mutex<()>| {
                    let a = a.upgradable_read();
                    let _b = b.lock();
                    let _a = $Upgradable::upgrade(a);
                };
                let upgrades_for_a_moment = |a: &$Lock<()>, b: &Mutex<()>| {
                    let mut a = a.upgradable_read();
                    let _b = b.lock();
                    a.with_upgraded(|_| ());
                };
                let mut cases = both_orders("under", reads_then_locks, upgrades_under_b);
                cases.extend(both_orders(
                    "between",
                    reads_then_locks,
                    upgrades_with_b_between,
                ));
                cases.extend(both_orders(
                    "for a moment",
                    reads_then_locks,
                    upgrades_for_a_moment,
                ));
                check!(cases);
            }

            #[test]
            fn an_upgrade_that_may_fail_is_none() {
                check!([case("try", || {
                    let (a, b) = ($Lock::named("A", ()), Mutex::named("B", ()));
                    elsewhere(|| {
                        let a = a.upgradable_read();
                        let _b = b.lock();
                        let _a = $Upgradable::try_upgrade(a).ok().expect("no thread reads");
                    });
                    elsewhere(|| {
                        let _a = a.write();
                        let _b = b.lock();
                    });
                })]);
            }

            #[test]
            fn an_upgrade_waits_for_the_readers_of_its_own_thread() {
                check!([case("own", || {
                    let a = $Lock::named("A", ());
                    let upgradable = a.upgradable_read();
                    let _read = a.read();
                    panics(|| $Upgradable::upgrade(upgradable));
                })
                .finds("SelfDeadlock A")]);
            }

            #[test]
            fn a_downgraded_writer_is_a_reader() {
                let again = case("read again", || {
                    let a = $Lock::named("A", ());
                    let first: $Read<'_, ()> = $Write::downgrade(a.write());
                    let _second = a.read();
                    drop(first);
                });
                let other = case("another reads", || {
                    let a = $Lock::named("A", ());
                    let _first = $Write::downgrade(a.write());
                    elsewhere(|| drop(a.read()));
                });
                let upgradable = case("to upgradable, and up again", || {
                    let a = $Lock::named("A", ());
                    let first = $Write::downgrade_to_upgradable(a.write());
                    elsewhere(|| drop(a.read()));
                    drop($Upgradable::upgrade(first));
                    drop(a.write());
                });
                let upgradable_write = case("to upgradable, then write", || {
                    let a = $Lock::named("A", ());
                    let _first = $Write::downgrade_to_upgradable(a.write());
                    panics(|| a.write());
                });
                let shared_write = case("upgradable to shared, then write", || {
                    let a = $Lock::named("A", ());
                    let _first = $Upgradable::downgrade(a.upgradable_read());
                    panics(|| a.write());
                });
                let again = if $recursive {
                    again
                } else {
                    again.finds("RecursiveRead A")
                };
                check!([
                    again,
                    other,
                    upgradable,
                    upgradable_write.finds("SelfDeadlock A"),
                    shared_write.finds("SelfDeadlock A")
                ]);
            }

            #[test]
            fn an_upgrade_that_waits_for_a_reader_is_not_held_up_by_the_detector() {
                check!([case("waits", || {
                    let a = $Lock::named("A", 0);
                    let read = a.read();
                    thread::scope(|scope| {
                        let upgrader = scope.spawn(|| {
                            let a = a.upgradable_read();
                            *$Upgradable::upgrade(a) += 1;
                        });
                        super::super::turns::until(|| a.try_upgradable_read().is_none());
                        drop(read);
                        upgrader.join().unwrap();
                    });
                    assert_eq!(*a.read(), 1);
                })]);
            }
        }
    };
}

conversions!(
    rwlock,
    RwLock,
    RwLockReadGuard,
    RwLockUpgradableReadGuard,
    RwLockWriteGuard,
    false
);
conversions!(
    recursive_rwlock,
    RecursiveRwLock,
    RecursiveRwLockReadGuard,
    RecursiveRwLockUpgradableReadGuard,
    RecursiveRwLockWriteGuard,
    true
);

#[test]
fn a_std_writer_becomes_a_reader_by_a_downgrade() {
    use lockwarden::sync::{RwLock, RwLockWriteGuard};
    check!([case("downgrade", || {
        let a = RwLock::named("A", ());
        let _first = RwLockWriteGuard::downgrade(a.write().unwrap());
        elsewhere(|| drop(a.read().unwrap()));
        let _second = a.read().unwrap();
    })
    .finds("RecursiveRead A")]);
}

/// A release out of order leaves the right locks behind.
#[test]
fn what_is_released_first_is_no_longer_held() {
    check!(Sort::READABLE.iter().flat_map(|&sort| {
        let out_of_order: Script = vec![
            Op::Take(A, Shared),
            Op::Take(B, Exclusive),
            Op::Release(A),
            Op::Release(B),
        ];
        row(sort, &out_of_order, &b_then_a(Exclusive), |_| true)
    }));
}

/// A request that the thread's own hold keeps from ever waiting for another thread gives no order,
/// and the hold still keeps the others out.
mod again {
    use lockwarden::parking_lot::{
        Mutex, RecursiveRwLock, ReentrantMutex, RwLock, RwLockUpgradableReadGuard,
    };

    use super::super::harness::{Case, case, check};
    use super::super::turns::elsewhere;

    /// Runs both in threads of their own, one after the other, in either order.
    fn both_orders<L: Sync + 'static>(
        what: &str,
        make: fn() -> L,
        first: fn(&L, &Mutex<()>),
        second: fn(&L, &Mutex<()>),
    ) -> [Case; 2] {
        [("", first, second), (", reversed", second, first)].map(|(order, one, other)| {
            case(format!("{what}{order}"), move || {
                let (a, b) = (make(), Mutex::named("B", ()));
                elsewhere(|| one(&a, &b));
                elsewhere(|| other(&a, &b));
            })
        })
    }

    #[test]
    fn a_read_within_a_read_gives_no_order() {
        let recursive = both_orders(
            "recursive",
            || RecursiveRwLock::named("A", ()),
            |a, b| {
                let _outer = a.read();
                let _b = b.lock();
                let _again = a.read();
            },
            |a, b| {
                let _a = a.write();
                let _b = b.lock();
            },
        );
        // The writer that waits behind the first read is described as such.
        let blocking = both_orders(
            "blocking",
            || RwLock::named("A", ()),
            |a, b| {
                let _outer = a.read();
                let _b = b.lock();
                let _again = a.read();
            },
            |a, b| {
                let _a = a.write();
                let _b = b.lock();
            },
        );
        let blocking = blocking.map(|case| case.finds("RecursiveRead A"));
        check!(recursive.into_iter().chain(blocking));
    }

    #[test]
    fn a_read_within_an_upgradable_read_gives_no_order() {
        check!(both_orders(
            "upgradable",
            || RwLock::named("A", ()),
            |a, b| {
                let _outer = a.upgradable_read();
                let _b = b.lock();
                let _again = a.read();
            },
            |a, b| {
                let _a = a.write();
                let _b = b.lock();
            },
        ));
    }

    #[test]
    fn a_re_entrant_acquisition_gives_no_order() {
        check!(both_orders(
            "re-entrant",
            || ReentrantMutex::named("A", ()),
            |a, b| {
                let _outer = a.lock();
                let _b = b.lock();
                let _again = a.lock();
            },
            |a, b| {
                let _a = a.lock();
                let _b = b.lock();
            },
        ));
    }

    #[test]
    fn a_thread_that_upgrades_keeps_out_whom_its_hold_keeps_out() {
        let upgrades = |a: &RwLock<()>, b: &Mutex<()>| {
            let a = a.upgradable_read();
            let _b = b.lock();
            let _a = RwLockUpgradableReadGuard::upgrade(a);
        };
        let make = || RwLock::named("A", ());
        let writer = both_orders("a writer", make, upgrades, |a, b| {
            let _a = a.write();
            let _b = b.lock();
        });
        let upgradable = both_orders("upgradable", make, upgrades, |a, b| {
            let _a = a.upgradable_read();
            let _b = b.lock();
        });
        let reader = both_orders("a reader", make, upgrades, |a, b| {
            let _a = a.read();
            let _b = b.lock();
        });
        let reader = reader.map(|case| case.finds("Inversion A B"));
        check!(writer.into_iter().chain(upgradable).chain(reader));
    }

    #[test]
    fn an_upgradable_read_within_a_read_waits_for_another_one() {
        let cases = both_orders(
            "upgradable",
            || RecursiveRwLock::named("A", ()),
            |a, b| {
                let _outer = a.read();
                let _b = b.lock();
                let _again = a.upgradable_read();
            },
            |a, b| {
                let _a = a.upgradable_read();
                let _b = b.lock();
            },
        );
        check!(cases.map(|case| case.finds("Inversion A B")));
    }

    #[test]
    fn behind_a_read_beside_an_upgradable_hold_no_writer_is_queued() {
        check!(both_orders(
            "upgradable and shared",
            || {
                let a = RwLock::named("A", ());
                elsewhere(|| drop(a.write()));
                a
            },
            |a, b| {
                let _upgradable = a.upgradable_read();
                let _read = a.read();
                let _b = b.lock();
            },
            |a, b| {
                let _b = b.lock();
                let _a = a.read();
            },
        ));
    }

    #[test]
    fn of_two_holds_of_one_lock_the_one_that_is_released_goes() {
        let upgradable_first = case("the upgradable one first", || {
            let a = RwLock::named("A", ());
            let upgradable = a.upgradable_read();
            let _read = a.read();
            drop(upgradable);
            // A writer can be queued between the two reads again.
            let _again = a.upgradable_read();
        });
        let read_first = case("the shared one first", || {
            let a = RwLock::named("A", ());
            let _upgradable = a.upgradable_read();
            drop(a.read());
            let _read = a.read();
        });
        let below = case("the shared one first, below the other", || {
            let a = RecursiveRwLock::named("A", ());
            let read = a.read();
            let upgradable = a.upgradable_read();
            drop(read);
            // What is upgraded now is the only hold.
            drop(lockwarden::parking_lot::RecursiveRwLockUpgradableReadGuard::upgrade(upgradable));
        });
        let downgraded = case("an upgradable one that is downgraded", || {
            let a = RwLock::named("A", ());
            let upgradable = a.upgradable_read();
            let read = a.read();
            let downgraded = RwLockUpgradableReadGuard::downgrade(upgradable);
            drop(read);
            drop(downgraded);
            lockwarden::assert_no_locks_held!();
            drop(a.write());
        });
        check!([
            upgradable_first.finds("RecursiveRead A"),
            read_first,
            below,
            downgraded
        ]);
    }

    #[test]
    fn a_read_under_the_read_of_a_parent_gives_no_order() {
        check!(both_orders(
            "scope",
            || RecursiveRwLock::named("A", ()),
            |a, b| {
                let _outer = a.read();
                lockwarden::thread::scope(|scope| {
                    scope.spawn(|| {
                        let _b = b.lock();
                        let _again = a.read();
                    });
                });
            },
            |a, b| {
                let _a = a.write();
                let _b = b.lock();
            },
        ));
    }
}
