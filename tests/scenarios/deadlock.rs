//! Deadlocks that form: reported once, by the thread that closes them, and unwound.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use lockwarden::config::Action;
use lockwarden::parking_lot as pl;
use lockwarden::report::{Report, Verdict, WaitsFor};
use lockwarden::sync::{Mutex, RwLock};

use super::harness::{Case, case, check, tell};
use super::kinds::{Any, How, Sort};
use super::turns::{Turns, panics, until};

const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];

/// As many threads as locks: each takes its own, then, all at once, that of the next.
///
/// One of them panics, and lets go of its own lock; the others come to their end.
fn close_a_ring(locks: &[Any], hows: &[(How, How)]) {
    let turns = Turns::new();
    let panicked = AtomicUsize::new(0);
    thread::scope(|scope| {
        for (at, &(held, asked)) in hows.iter().enumerate() {
            let (turns, panicked) = (&turns, &panicked);
            thread::Builder::new()
                .name(format!("thread {at}"))
                .spawn_scoped(scope, move || {
                    let _own = turns.take(at, || locks[at].take(held));
                    turns.reach(hows.len());
                    let next = &locks[(at + 1) % locks.len()];
                    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        drop(next.take(asked));
                    }));
                    if outcome.is_err() {
                        panicked.fetch_add(1, Ordering::Relaxed);
                    }
                })
                .unwrap();
        }
    });
    assert_eq!(panicked.load(Ordering::Relaxed), 1, "one closes it");
}

fn ring(sort: Sort, count: usize, held: How, asked: How) -> Case {
    case(format!("{sort:?} {count} {held:?} {asked:?}"), move || {
        let locks: Vec<Any> = NAMES[..count].iter().map(|name| sort.make(name)).collect();
        close_a_ring(&locks, &vec![(held, asked); count]);
        // Every lock is free again.
        for lock in &locks {
            drop(lock.take(How::Exclusive));
        }
    })
    .finds(format!("Deadlock {}", NAMES[..count].join(" ")))
}

/// The order is reported too, if there was time: two that block at once are reported either way.
fn without_orders(case: Case) -> Case {
    case.configured(|config| config.on(Verdict::Inversion, Action::Ignore))
}

/// Scenario 14, when it forms; and rings of three to five.
#[test]
fn rings_of_every_kind_and_mode() {
    let mut cases = Vec::new();
    for (sort, how) in Sort::ALL {
        if how == How::Shared {
            cases.push(ring(sort, 2, How::Shared, How::Exclusive));
            cases.push(ring(sort, 3, How::Exclusive, How::Shared));
        } else {
            for count in 2..=5 {
                cases.push(ring(sort, count, how, how));
            }
        }
    }
    check!(cases.into_iter().map(without_orders));
}

/// The inversion is reported when the second thread asks; then it blocks, and the deadlock is reported.
#[test]
fn the_report_names_threads_locks_and_places() {
    fn look_at(report: &Report) {
        tell(report);
        if report.verdict != Verdict::Deadlock {
            return;
        }
        assert_eq!(report.edges.len(), 2);
        assert_eq!(report.threads.len(), 2);
        for edge in &report.edges {
            let thread = report
                .thread(edge.thread)
                .expect("it is one of the threads");
            let wait = thread.waits.as_ref().expect("it waits");
            let WaitsFor::Lock { lock, .. } = wait.what else {
                panic!("it waits for a lock");
            };
            assert_eq!(lock, edge.to);
            assert_eq!(wait.site, edge.to_site);
            assert_eq!(thread.held.len(), 1);
            assert_eq!(thread.held[0].lock, edge.from);
            assert_eq!(thread.held[0].site, edge.from_site);
            assert!(thread.name.as_deref().is_some_and(|n| n.contains("to")));
        }
        println!("LOOKED");
    }

    check!([case("two", || {
        let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
        let turns = Turns::new();
        thread::scope(|scope| {
            let forth = thread::Builder::new()
                .name("a to b".into())
                .spawn_scoped(scope, || {
                    let _a = turns.take(0, || a.lock().unwrap());
                    turns.reach(2);
                    drop(b.lock());
                })
                .unwrap();
            let back = thread::Builder::new()
                .name("b to a".into())
                .spawn_scoped(scope, || {
                    let _b = turns.take(1, || b.lock().unwrap());
                    turns.reach(2);
                    drop(a.lock());
                })
                .unwrap();
            let outcomes = [forth.join(), back.join()];
            assert_eq!(outcomes.iter().filter(|o| o.is_err()).count(), 1);
            let payload = outcomes.into_iter().find_map(Result::err).unwrap();
            let said = payload.downcast_ref::<String>().expect("it is a text");
            assert!(said.starts_with("lockwarden: Deadlock"), "{said}");
        });
    })
    .configured(|config| config.callback(look_at))
    .finds("Inversion a b")
    .finds("Deadlock a b")]);
}

/// What is waited for in between is of any kind: reader, writer, upgrade.
#[test]
fn rings_of_mixed_modes() {
    check!(
        [
            case("a reader, a writer and a mutex", || {
                let locks = [
                    Sort::RwLock.make("A"),
                    Sort::SyncRwLock.make("B"),
                    Sort::Mutex.make("C"),
                ];
                close_a_ring(
                    &locks,
                    &[
                        (How::Shared, How::Exclusive),
                        (How::Shared, How::Exclusive),
                        (How::Exclusive, How::Exclusive),
                    ],
                );
            })
            .finds("Deadlock A B C"),
            case(
                "an upgrade waits for a reader who waits for a mutex",
                || {
                    let (a, b) = (pl::RwLock::named("A", ()), pl::Mutex::named("B", ()));
                    let turns = Turns::new();
                    thread::scope(|scope| {
                        let upgrader = scope.spawn(|| {
                            let _b = turns.take(0, || b.lock());
                            let a = turns.take(1, || a.upgradable_read());
                            turns.reach(3);
                            drop(pl::RwLockUpgradableReadGuard::upgrade(a));
                        });
                        let reader = scope.spawn(|| {
                            let _a = turns.take(2, || a.read());
                            turns.reach(3);
                            drop(b.lock());
                        });
                        let panicked = [upgrader.join(), reader.join()];
                        assert_eq!(panicked.iter().filter(|o| o.is_err()).count(), 1);
                    });
                }
            )
            .finds("Deadlock A B"),
        ]
        .into_iter()
        .map(without_orders)
    );
}

/// Who waits with a deadline moves again.
#[test]
fn a_timed_wait_is_no_deadlock() {
    check!([case("timed", || {
        let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
        let turns = Turns::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _a = turns.take(0, || a.lock());
                turns.reach(2);
                drop(b.lock());
            });
            scope.spawn(|| {
                let _b = turns.take(1, || b.lock());
                turns.reach(2);
                assert!(
                    a.try_lock_for(std::time::Duration::from_millis(50))
                        .is_none()
                );
            });
        });
    })]);
}

/// A wait for a lock whose holder goes on.
#[test]
fn a_long_wait_is_no_deadlock() {
    check!([case("contended", || {
        let (a, b) = (pl::Mutex::named("a", 0), pl::Mutex::named("b", ()));
        let turns = Turns::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    turns.reach(1);
                    for _ in 0..200 {
                        let mut a = a.lock();
                        *a += 1;
                        drop(b.lock());
                        thread::yield_now();
                    }
                });
            }
            turns.pass(0);
        });
        assert_eq!(*a.lock(), 800);
    })]);
}

/// Threads that wait for one of the deadlocked ones, but are not waited for, are not part of it.
#[test]
fn bystanders_are_not_named() {
    fn two_threads(report: &Report) {
        tell(report);
        assert!(report.threads.len() <= 2, "{report}");
    }

    check!([case("bystander", || {
        let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
        let other = pl::Mutex::named("other", ());
        let turns = Turns::new();
        let asking = AtomicUsize::new(0);
        thread::scope(|scope| {
            let forth = scope.spawn(|| {
                let _a = turns.take(0, || a.lock());
                turns.reach(3);
                drop(b.lock());
            });
            let back = scope.spawn(|| {
                let _b = turns.take(1, || b.lock());
                turns.reach(3);
                drop(a.lock());
            });
            scope.spawn(|| {
                let _other = turns.take(2, || {
                    asking.store(1, Ordering::Relaxed);
                    other.lock()
                });
                drop(a.lock());
            });
            let outcomes = [forth.join(), back.join()];
            assert_eq!(outcomes.iter().filter(|o| o.is_err()).count(), 1);
        });
    })
    .configured(|config| {
        config
            .on(Verdict::Inversion, Action::Ignore)
            .callback(two_threads)
    })
    .finds("Deadlock a b")]);
}

/// What is done is what the configuration says.
#[test]
fn a_deadlock_can_abort_the_process() {
    check!([without_orders(case("abort", || {
        let locks = [Sort::Mutex.make("A"), Sort::Mutex.make("B")];
        close_a_ring(&locks, &[(How::Exclusive, How::Exclusive); 2]);
    }))
    .environment("Deadlock=abort")
    .finds("Deadlock A B")
    .fails()]);
}

/// Ignored, it hangs like any deadlock; here the threads are left behind.
#[test]
fn an_ignored_deadlock_is_only_counted() {
    check!([without_orders(case("ignore", || {
        static LOCKS: [pl::Mutex<()>; 2] = [pl::Mutex::named("A", ()), pl::Mutex::named("B", ())];
        static TURNS: std::sync::LazyLock<Turns> = std::sync::LazyLock::new(Turns::new);
        for at in 0..2 {
            thread::spawn(move || {
                let _own = TURNS.take(at, || LOCKS[at].lock());
                TURNS.reach(2);
                drop(LOCKS[1 - at].lock());
                unreachable!("it waits for ever");
            });
        }
        // One finding for the order and one for the deadlock.
        until(|| match lockwarden::status() {
            lockwarden::config::Status::On(activity) => activity.unreported == 2,
            _ => false,
        });
    }))
    .environment("Deadlock=ignore")]);
}

/// Reported only, it hangs as well, but it was reported.
#[test]
fn a_deadlock_can_be_reported_only() {
    static REPORTED: AtomicUsize = AtomicUsize::new(0);

    fn count(report: &Report) {
        tell(report);
        REPORTED.fetch_add(1, Ordering::Relaxed);
    }

    check!([case("report", || {
        static LOCKS: [RwLock<()>; 2] = [RwLock::named("A", ()), RwLock::named("B", ())];
        static TURNS: std::sync::LazyLock<Turns> = std::sync::LazyLock::new(Turns::new);
        for at in 0..2 {
            thread::spawn(move || {
                let _own = TURNS.take(at, || LOCKS[at].write().unwrap());
                TURNS.reach(2);
                drop(LOCKS[1 - at].read());
                unreachable!("it waits for ever");
            });
        }
        until(|| REPORTED.load(Ordering::Relaxed) == 1);
    })
    .configured(|config| {
        config
            .on(Verdict::Inversion, Action::Ignore)
            .on(Verdict::Deadlock, Action::Report)
            .callback(count)
    })
    .finds("Deadlock A B")]);
}

/// After a deadlock was unwound, another one between the same threads on the same locks is reported.
#[test]
fn a_deadlock_that_forms_again_is_reported_again() {
    check!([without_orders(case("three times", || {
        let locks = [Sort::FairMutex.make("A"), Sort::FairMutex.make("B")];
        for _ in 0..3 {
            close_a_ring(&locks, &[(How::Exclusive, How::Exclusive); 2]);
        }
    }))
    .finds("Deadlock A B")
    .finds("Deadlock A B")
    .finds("Deadlock A B")]);
}

/// A thread waits for a lock that it would have again after it: the std flavour poisons.
#[test]
fn the_panic_of_a_deadlock_poisons_what_the_thread_held() {
    check!([without_orders(case("poison", || {
        let (a, b) = (Mutex::named("A", ()), Mutex::named("B", ()));
        let turns = Turns::new();
        thread::scope(|scope| {
            let threads = [(0, &a, &b), (1, &b, &a)].map(|(at, own, next)| {
                let turns = &turns;
                scope.spawn(move || {
                    let _own = turns.take(at, || own.lock().unwrap());
                    turns.reach(2);
                    next.lock().is_err()
                })
            });
            let outcomes = threads.map(|thread| thread.join());
            // One panicked, and the other found its lock poisoned.
            assert!(outcomes.iter().any(Result::is_err));
            assert!(outcomes.iter().any(|o| matches!(o, Ok(true))));
        });
        assert!(a.is_poisoned() != b.is_poisoned());
    }))
    .finds("Deadlock A B")]);
}

/// A reader waits behind a writer who gives up in the end: that is nothing for ever.
#[test]
fn a_reader_behind_a_timed_writer_is_not_deadlocked() {
    use std::time::Duration;

    check!([case("timed writer", || {
        let a = pl::RwLock::named("a", ());
        let (own, other) = (pl::Mutex::named("own", ()), pl::Mutex::named("other", ()));
        let turns = Turns::new();
        thread::scope(|scope| {
            // Holds the lock shared, and asks once more while a timed writer is queued.
            scope.spawn(|| {
                let _other = turns.take(0, || other.lock());
                let _first = turns.take(1, || a.read());
                until(|| a.try_read().is_none());
                turns.pass(2);
                let _second = a.read();
            });
            scope.spawn(|| {
                turns.reach(2);
                assert!(a.try_write_for(Duration::from_millis(200)).is_none());
            });
            // The thread that it would be reported in: it holds something, and waits for the reader.
            scope.spawn(|| {
                let _own = turns.take(3, || own.lock());
                drop(other.lock());
            });
        });
    })
    .finds("RecursiveRead a")]);
}

#[test]
fn a_panic_in_a_deadlock_is_the_headline() {
    check!([without_orders(case("headline", || {
        let a = pl::RwLock::named("a", ());
        let turns = Turns::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                turns.reach(1);
                drop(a.write());
            });
            let _first = a.read();
            turns.pass(0);
            until(|| a.try_read().is_none());
            let said = panics(|| drop(a.read()));
            assert!(said.starts_with("lockwarden: Deadlock"), "{said}");
            assert!(!said.contains('\n'), "{said}");
        });
    }))
    .finds("RecursiveRead a")
    .finds("Deadlock a")]);
}
