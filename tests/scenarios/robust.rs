//! The detector under code that does what it should not: callbacks that lock and panic, reports
//! while unwinding, forks, wrong settings.

use std::sync::OnceLock;
use std::thread;

use lockwarden::config::{Action, Config, OffReason, Status};
use lockwarden::parking_lot as pl;
use lockwarden::report::{Report, Verdict};
use lockwarden::sync::{Arc, Mutex, RwLock};

use super::harness::{Case, case, check, tell};
use super::kinds::{Any, How, Sort};
use super::turns::{elsewhere, panics};

/// Both orders of `a` and `b`.
fn invert<A: Send, B: Send>(a: &Mutex<A>, b: &pl::Mutex<B>) {
    elsewhere(|| {
        let _a = a.lock().unwrap();
        let _b = b.lock();
    });
    elsewhere(|| {
        let _b = b.lock();
        let _a = a.lock().unwrap();
    });
}

fn inversion() {
    invert(&Mutex::named("a", ()), &pl::Mutex::named("b", ()));
}

static LOG: Mutex<Vec<String>> = Mutex::named("log", Vec::new());
static INDEX: pl::RwLock<u32> = pl::RwLock::named("index", 0);

fn locks_tracked_locks(report: &Report) {
    tell(report);
    // In both orders, and again: nothing of it is looked at.
    {
        let mut log = LOG.lock().unwrap();
        log.push(report.to_string());
        *INDEX.write() += 1;
    }
    let index = INDEX.read();
    let log = LOG.lock().unwrap();
    assert_eq!(log.len(), *index as usize);
}

#[test]
fn a_callback_may_use_tracked_locks() {
    check!([
        case("of its own", || {
            inversion();
            assert_eq!(LOG.lock().unwrap().len(), 1);
            // The two orders in the callback have left nothing behind.
            let _log = LOG.lock().unwrap();
        })
        .configured(|config| config.callback(locks_tracked_locks))
        .finds("Inversion a b"),
        case("in which the program inverts too", || {
            inversion();
            elsewhere(|| {
                let _log = LOG.lock().unwrap();
                let _index = INDEX.read();
            });
            inversion();
        })
        .configured(|config| config.callback(locks_tracked_locks))
        .finds("Inversion a b")
        .finds("Inversion a b"),
    ]);
}

type Concerned = (Arc<Mutex<u32>>, Arc<pl::Mutex<u32>>);

static CONCERNED: OnceLock<Concerned> = OnceLock::new();

/// The callback runs where the lock call is: what the thread holds there, it can only try.
#[test]
fn a_callback_may_come_back_to_the_locks_concerned() {
    fn comes_back(report: &Report) {
        tell(report);
        let (a, b) = CONCERNED.get().expect("set by the case");
        // Held by this very thread, at the place that is reported.
        assert!(b.try_lock().is_none());
        assert!(a.try_lock().is_err());
        let _ = a.lock();
        println!("NEVER REACHED");
    }

    check!([case("comes back", || {
        let (a, b) = (
            Arc::new(Mutex::named("a", 0)),
            Arc::new(pl::Mutex::named("b", 0)),
        );
        CONCERNED.set((Arc::clone(&a), Arc::clone(&b))).unwrap();
        invert(&a, &b);
        // Neither is left locked, poisoned or unusable.
        *a.lock().unwrap() += 1;
        *b.lock() += 1;
    })
    .configured(|config| config.callback(comes_back))
    .finds("Inversion a b")
    .says("the callback panicked while it was given a report: lockwarden: SelfDeadlock")]);
}

#[test]
fn a_callback_may_panic() {
    fn panics_always(report: &Report) {
        tell(report);
        let _guard = INDEX.write();
        panic!("on purpose");
    }

    check!([
        case("at an inversion", || {
            inversion();
            assert_eq!(*INDEX.read(), 0);
            inversion();
        })
        .configured(|config| config.callback(panics_always))
        .finds("Inversion a b")
        .finds("Inversion a b")
        .says("the callback panicked while it was given a report: on purpose"),
        case("at a self-deadlock, which panics all the same", || {
            let a = pl::Mutex::named("a", ());
            let _a = a.lock();
            let said = panics(|| drop(a.lock()));
            assert!(said.starts_with("lockwarden: SelfDeadlock"), "{said}");
        })
        .configured(|config| config.callback(panics_always))
        .finds("SelfDeadlock a"),
    ]);
}

/// A callback starts a thread that locks, and waits for it.
#[test]
fn a_callback_may_wait_for_other_threads() {
    fn waits(report: &Report) {
        tell(report);
        elsewhere(|| *INDEX.write() += 1);
    }

    check!([case("waits", || {
        inversion();
        assert_eq!(*INDEX.read(), 1);
    })
    .configured(|config| config.callback(waits))
    .finds("Inversion a b")]);
}

/// Reports while a thread unwinds are made, and never panic a second time.
#[test]
fn reports_while_unwinding() {
    struct OnDrop<F: Fn()>(F);

    impl<F: Fn()> Drop for OnDrop<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }

    check!([
        case("an inversion", || {
            let (a, b) = (pl::Mutex::named("a", ()), pl::Mutex::named("b", ()));
            elsewhere(|| {
                let _a = a.lock();
                let _b = b.lock();
            });
            let said = panics(|| {
                elsewhere(|| {
                    let _unwinds = OnDrop(|| {
                        let _b = b.lock();
                        let _a = a.lock();
                    });
                    panic!("on purpose");
                });
            });
            assert_eq!(said, "on purpose");
        })
        .environment("Inversion=panic")
        .finds("Inversion a b"),
        case("a recursive read", || {
            let a = RwLock::named("a", ());
            panics(|| {
                let _unwinds = OnDrop(|| {
                    let _first = a.read();
                    let _second = a.read();
                });
                panic!("on purpose");
            });
        })
        .environment("RecursiveRead=panic")
        .finds("RecursiveRead a"),
        case("guards that unwind are released", || {
            let (a, b) = (pl::Mutex::named("a", ()), Mutex::named("b", ()));
            panics(|| {
                let _a = a.lock();
                let _b = b.lock().unwrap();
                panic!("on purpose");
            });
            assert!(a.try_lock().is_some());
            assert!(b.is_poisoned());
            let _b = b.lock();
            let _a = a.lock();
        }),
    ]);
}

/// An acquisition that ends in a panic leaves the lock free and the thread without it.
#[test]
fn a_panic_for_an_inversion_releases_the_lock() {
    check!(
        Sort::ALL
            .into_iter()
            .filter(|(_, how)| *how == How::Exclusive)
            .flat_map(|(sort, how)| {
                let make = move |name: &str, contended: bool| {
                    case(format!("{sort:?} {name}"), move || {
                        let (a, b) = (sort.make("a"), sort.make("b"));
                        elsewhere(|| {
                            let _a = a.take(how);
                            let _b = b.take(how);
                        });
                        panics_in_the_other_order(&a, &b, how, contended);
                        // Free, for others and for the same thread, and not recorded as held.
                        elsewhere(|| drop(a.take(how)));
                        drop(a.take(how));
                        drop(b.take(how));
                    })
                    .environment("Inversion=panic")
                    .finds("Inversion a b")
                };
                [make("free", false), make("contended", true)]
            })
    );
}

fn panics_in_the_other_order(a: &Any, b: &Any, how: How, contended: bool) {
    thread::scope(|scope| {
        let (send, receive) = std::sync::mpsc::channel::<()>();
        if contended {
            let (held, is_held) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || {
                let _a = a.take(how);
                held.send(()).unwrap();
                let _ = receive.recv();
            });
            is_held.recv().unwrap();
        }
        let said = panics(|| {
            let _b = b.take(how);
            let _a = a.take(how);
        });
        assert!(said.starts_with("lockwarden: Inversion"), "{said}");
        drop(send);
    });
}

/// An upgrade and a wait have to give back a guard, so they do not panic for a prediction.
#[test]
fn a_recursive_read_that_panics_releases_the_second_hold_only() {
    check!([case("read", || {
        let a = pl::RwLock::named("a", ());
        let first = a.read();
        let said = panics(|| drop(a.read()));
        assert!(said.starts_with("lockwarden: RecursiveRead"), "{said}");
        assert!(a.try_write().is_none());
        drop(first);
        assert!(a.try_write().is_some());
    })
    .environment("RecursiveRead=panic")
    .finds("RecursiveRead a")]);
}

#[test]
fn switched_off_it_is_off() {
    check!([
        case("by the environment", || {
            assert_eq!(lockwarden::status(), Status::Off(OffReason::SwitchedOff));
            inversion();
            let a = pl::RwLock::named("a", 0);
            let _first = a.read();
            let _second = a.read();
            assert_eq!(lockwarden::status(), Status::Off(OffReason::SwitchedOff));
        })
        .environment("off"),
        case("by the program", || {
            assert!(!lockwarden::status().is_on());
            inversion();
        })
        .configured(|config| config.enabled(false)),
        case("by the program, but the environment says on", || {
            assert!(lockwarden::status().is_on());
            inversion();
        })
        .configured(|config| config.enabled(false))
        .environment("on")
        .finds("Inversion a b"),
        case("after the first locks", || {
            let a = pl::Mutex::named("a", ());
            let b = Mutex::named("b", ());
            let held = a.lock();
            Config::new().enabled(false).install().unwrap();
            drop(held);
            invert(&b, &a);
            assert!(!lockwarden::status().is_on());
        })
        .uninstalled(),
    ]);
}

#[test]
fn the_status_counts() {
    check!([case("counts", || {
        let (a, b) = (Mutex::named("a", ()), pl::Mutex::named("b", ()));
        let Status::On(before) = lockwarden::status() else {
            panic!("it is on");
        };
        assert_eq!((before.reports, before.edges), (0, 0));
        invert(&a, &b);
        let Status::On(after) = lockwarden::status() else {
            panic!("it is on");
        };
        assert_eq!((after.reports, after.edges, after.locks), (1, 2, 2));
        drop((a, b));
        let Status::On(at_last) = lockwarden::status() else {
            panic!("it is on");
        };
        assert_eq!((at_last.edges, at_last.locks), (0, 0));
    })
    .finds("Inversion a b")]);
}

#[test]
fn what_is_misspelt_is_named() {
    check!([
        case("a verdict and an action", inversion)
            .environment("Invresion=report,Inversion=pnic,Stall=report")
            .says("\"Invresion=report\" is not understood")
            .says("did you mean Inversion?")
            .says("did you mean panic?")
            .finds("Inversion a b"),
        case("nothing at all", inversion)
            .environment("")
            .finds("Inversion a b"),
        case("a second install", || {
            let error = Config::new().install().unwrap_err();
            assert!(error.to_string().contains("harness.rs"), "{error}");
            inversion();
        })
        .finds("Inversion a b"),
    ]);
}

/// With nothing configured, the text is on standard error, and begins as it is said to.
#[test]
fn with_nothing_configured_the_text_goes_to_standard_error() {
    let text = |case: Case| {
        case.uninstalled()
            .says("lockwarden: Inversion")
            .says("`a`")
            .says("robust.rs")
    };
    check!([text(case("text", inversion))]);
}

/// The limit of reports is said, and what ends the program is reported beyond it.
#[test]
fn a_limit_of_reports_is_said() {
    check!([case("limit", || {
        for _ in 0..5 {
            inversion();
        }
        let a = pl::Mutex::named("a", ());
        let _a = a.lock();
        panics(|| drop(a.lock()));
    })
    .configured(|config| config.max_reports(2).stderr(true))
    .finds("Inversion a b")
    .finds("Inversion a b")
    .finds("SelfDeadlock a")
    .says("2 reports were made")]);
}

/// One thread, a thousand locks deep.
#[test]
fn many_nested_locks_in_one_thread() {
    check!(
        [(64, 2), (65, 2), (200, 2), (1_000, 1)].map(|(depth, rounds)| {
            case(format!("{depth}"), move || {
                let locks: Vec<pl::Mutex<u32>> = (0..depth).map(pl::Mutex::new).collect();
                let inner = Mutex::named("inner", ());
                for _ in 0..rounds {
                    elsewhere(|| {
                        let mut held: Vec<_> = locks.iter().map(|lock| lock.lock()).collect();
                        let _inner = inner.lock().unwrap();
                        // From the outside in, so that every release is one from the middle.
                        for guard in held.drain(..) {
                            drop(guard);
                        }
                    });
                }
                elsewhere(|| {
                    let _inner = inner.lock().unwrap();
                    let _last = locks[depth as usize - 1].lock();
                });
            })
            .finds("Inversion Mutex inner")
        })
    );
}

/// The child of a fork starts clean, and works.
#[cfg(unix)]
mod fork {
    use super::*;

    /// Runs `f` in the child of a fork, which must come to its end.
    #[allow(unsafe_code)]
    fn in_a_fork(f: impl FnOnce()) {
        // SAFETY: the child runs nothing but `f`, the exit and, in them, this process's own code;
        // the allocator of the C library sees to it that it works in the child.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "a process can fork");
        if child == 0 {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
            // SAFETY: ends the child without the destructors of the parent.
            unsafe { libc::_exit(i32::from(outcome.is_err())) };
        }
        let mut status = 0;
        // SAFETY: the child is this process's own, and `status` is a place to write to.
        assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
        assert!(
            libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0,
            "{status}"
        );
    }

    #[test]
    fn the_child_of_a_fork_starts_clean() {
        check!([
            case("it works, and finds", || {
                let (a, b) = (Mutex::named("a", ()), pl::Mutex::named("b", ()));
                drop(a.lock());
                in_a_fork(|| invert(&a, &b));
            })
            .finds("Inversion a b"),
            case("what was seen before is forgotten", || {
                let (a, b) = (Mutex::named("a", ()), pl::Mutex::named("b", ()));
                elsewhere(|| {
                    let _a = a.lock().unwrap();
                    let _b = b.lock();
                });
                in_a_fork(|| {
                    elsewhere(|| {
                        let _b = b.lock();
                        let _a = a.lock().unwrap();
                    });
                });
                // In the parent it is not.
                elsewhere(|| {
                    let _b = b.lock();
                    let _a = a.lock().unwrap();
                });
            })
            .finds("Inversion a b"),
            case("locks that the parent knows are known by name", || {
                let rows: Vec<pl::RwLock<()>> =
                    (0..20).map(|_| pl::RwLock::named("row", ())).collect();
                let (a, b) = (Mutex::named("a", ()), pl::Mutex::named("b", ()));
                for row in &rows {
                    elsewhere(|| {
                        let _a = a.lock().unwrap();
                        let _b = b.lock();
                        let _row = row.read();
                    });
                }
                in_a_fork(|| {
                    // More than once from the same places, so that shortcuts are taken.
                    for row in &rows {
                        let _b = b.lock();
                        let _row = row.write();
                    }
                    elsewhere(|| {
                        let _row = rows[19].read();
                        let _b = b.lock();
                    });
                    invert(&a, &b);
                });
            })
            .finds("Inversion b row")
            .finds("Inversion a b"),
            case("what its thread holds it holds", || {
                let (a, b) = (Mutex::named("a", ()), pl::Mutex::named("b", ()));
                let held = b.lock();
                in_a_fork(|| {
                    let _a = a.lock().unwrap();
                    panics(|| drop(b.lock()));
                });
                drop(held);
                invert(&a, &b);
            })
            .finds("SelfDeadlock b")
            .finds("Inversion a b"),
            case("while others are at work", || {
                let locks: Vec<pl::Mutex<u32>> = (0..8).map(pl::Mutex::new).collect();
                let stop = std::sync::atomic::AtomicBool::new(false);
                thread::scope(|scope| {
                    for _ in 0..3 {
                        scope.spawn(|| {
                            let mut round = 0;
                            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                                let fresh = pl::Mutex::new(0);
                                let _low = locks[round % 7].lock();
                                let _high = locks[7].lock();
                                let _fresh = fresh.lock();
                                round += 1;
                            }
                        });
                    }
                    for _ in 0..20 {
                        in_a_fork(inversion);
                    }
                    stop.store(true, std::sync::atomic::Ordering::Relaxed);
                });
            })
            .configured(|config| config.callback(|_| ())),
        ]);
    }
}

/// What the configuration ignores is counted and nothing else.
#[test]
fn what_is_ignored_is_counted() {
    check!([case("ignored", || {
        inversion();
        let Status::On(activity) = lockwarden::status() else {
            panic!("it is on");
        };
        assert_eq!((activity.reports, activity.unreported), (0, 1));
    })
    .configured(|config| config.on(Verdict::Inversion, Action::Ignore))]);
}
