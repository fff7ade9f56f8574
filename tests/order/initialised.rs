//! Initialisation: what the initialiser did, and those who see that it is done.

use lockwarden::parking_lot as pl;
use lockwarden::sync::{LazyLock, Mutex, Once, OnceLock};
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{found, one_after_the_other, orders};

#[test]
fn whoever_sees_that_a_once_is_done_comes_after_it() {
    let ways: [fn(&Once); 5] = [
        |once| once.call_once(|| unreachable!()),
        |once| once.call_once_force(|_| unreachable!()),
        |once| assert!(once.is_completed()),
        Once::wait,
        Once::wait_force,
    ];
    let run = || {
        for way in ways {
            let ((ab, ba), once) = (orders(), Once::new());
            one_after_the_other(
                || once.call_once(ab),
                || {
                    way(&once);
                    ba();
                },
            );
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 5]);
}

#[test]
fn whoever_waits_for_a_once_comes_after_it() {
    let run = || {
        let ((ab, ba), once) = (orders(), Once::new());
        thread::scope(|s| {
            s.spawn(|| once.call_once_force(|_| ab()));
            s.spawn(|| {
                once.wait();
                ba();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn whoever_sees_the_value_of_a_cell_comes_after_its_writer() {
    type Way = fn(&OnceLock<u8>) -> Option<&u8>;
    let ways: [Way; 5] = [
        OnceLock::get,
        |cell| Some(cell.wait()),
        |cell| Some(cell.get_or_init(|| unreachable!())),
        |cell| {
            cell.set(9).unwrap_err();
            Some(&7)
        },
        |cell| (*cell == cell.clone()).then_some(&7),
    ];
    let run = || {
        for way in ways {
            let ((ab, ba), cell) = (orders(), OnceLock::new());
            one_after_the_other(
                || {
                    ab();
                    cell.set(7).unwrap();
                },
                || {
                    assert_eq!(way(&cell), Some(&7));
                    ba();
                },
            );
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 5]);
}

#[test]
fn whoever_sees_a_lazy_value_comes_after_its_maker() {
    let run = || {
        for by_force in [true, false] {
            let (ab, ba) = orders();
            let lazy = LazyLock::new(|| {
                ab();
                7
            });
            one_after_the_other(
                || assert_eq!(*lazy, 7),
                || {
                    let seen = if by_force {
                        LazyLock::force(&lazy)
                    } else {
                        LazyLock::get(&lazy).unwrap()
                    };
                    assert_eq!(*seen, 7);
                    ba();
                },
            );
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

#[test]
fn what_the_initialiser_does_next_is_concurrent() {
    let run = || {
        let ((ab, ba), once) = (orders(), Once::new());
        one_after_the_other(
            || {
                once.call_once(|| ());
                ab();
            },
            || {
                once.call_once(|| ());
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn two_who_see_the_same_are_concurrent() {
    let run = || {
        let ((ab, ba), lazy) = (orders(), LazyLock::new(|| 7));
        assert_eq!(*lazy, 7);
        one_after_the_other(
            || {
                ab();
                assert_eq!(*lazy, 7);
            },
            || {
                assert_eq!(*lazy, 7);
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// Whoever sees first a value that its owner made is not its maker.
#[test]
fn a_value_that_its_owner_had_orders_no_other_thread() {
    let run = || {
        let (ab, ba) = orders();
        let mut lazy = LazyLock::new(|| 7);
        *LazyLock::force_mut(&mut lazy) = 8;
        one_after_the_other(
            || {
                ab();
                assert_eq!(*lazy, 8);
            },
            || {
                assert_eq!(*lazy, 8);
                ba();
            },
        );
        let (ab, ba) = orders();
        let cell = OnceLock::from(8);
        one_after_the_other(
            || {
                ab();
                assert_eq!(cell.get(), Some(&8));
            },
            || {
                assert_eq!(cell.get(), Some(&8));
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"; 2]);
}

#[test]
fn a_value_that_is_written_again_is_seen_again() {
    let run = || {
        let (ab, ba) = orders();
        let mut cell = OnceLock::new();
        cell.set(1).unwrap();
        assert_eq!(cell.take(), Some(1));
        one_after_the_other(
            || {
                ab();
                cell.set(2).unwrap();
            },
            || {
                assert_eq!(cell.get(), Some(&2));
                ba();
            },
        );
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn a_value_that_is_not_there_yet_orders_nothing() {
    let run = || {
        let ((ab, ba), cell) = (orders(), OnceLock::<u8>::new());
        one_after_the_other(
            || {
                ab();
                assert_eq!(cell.get(), None);
            },
            || {
                assert_eq!(cell.get(), None);
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

type Lock = std::sync::Arc<Mutex<()>>;

fn lock(name: &'static str) -> Lock {
    std::sync::Arc::new(Mutex::named(name, ()))
}

/// Each way to ask for something that is initialised once, by an initialiser that takes `m`.
fn ways(m: &Lock) -> Vec<Box<dyn Fn() + Send + Sync>> {
    fn takes(m: &Lock) -> impl Fn() + Clone + Send + Sync + 'static {
        let m = Lock::clone(m);
        move || drop(m.lock().unwrap())
    }
    let (once, forced) = (Once::named("once"), Once::named("once"));
    let (cell, bare) = (OnceLock::named("once"), pl::Once::named("once"));
    let bare_forced = pl::Once::named("once");
    let (f, g, h, i, j, k) = (takes(m), takes(m), takes(m), takes(m), takes(m), takes(m));
    let lazy = LazyLock::named("once", f);
    vec![
        Box::new(move || once.call_once(g.clone())),
        Box::new(move || forced.call_once_force(|_| h())),
        Box::new(move || *cell.get_or_init(&i)),
        Box::new(move || bare.call_once(j.clone())),
        Box::new(move || bare_forced.call_once_force(|_| k())),
        Box::new(move || *LazyLock::force(&lazy)),
    ]
}

#[test]
fn an_initialiser_that_takes_what_is_held_around_the_access_is_an_inversion() {
    let run = || {
        let m = lock("m");
        for way in ways(&m) {
            // The value is ready when the second thread asks for it: that was chance.
            one_after_the_other(&way, || {
                let _m = m.lock().unwrap();
                way();
            });
        }
    };
    assert_eq!(found!(Default, run), ["Inversion m once"; 6]);
}

#[test]
fn a_thread_that_waits_for_a_value_under_a_lock_of_its_initialiser_is_an_inversion() {
    let run = || {
        let m = lock("m");
        let (once, cell) = (Once::named("once"), OnceLock::named("once"));
        one_after_the_other(
            || once.call_once(|| drop(m.lock().unwrap())),
            || {
                let _m = m.lock().unwrap();
                once.wait();
            },
        );
        one_after_the_other(
            || {
                cell.get_or_init(|| drop(m.lock().unwrap()));
            },
            || {
                let _m = m.lock().unwrap();
                cell.wait();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion m once"; 2]);
}

#[test]
fn an_initialisation_is_a_link_of_a_longer_cycle() {
    let run = || {
        let (m, n) = (lock("m"), lock("n"));
        let lazy = LazyLock::named("once", {
            let n = Lock::clone(&n);
            move || drop(n.lock().unwrap())
        });
        let forced = || {
            let _m = m.lock().unwrap();
            LazyLock::force(&lazy);
        };
        one_after_the_other(
            || *LazyLock::force(&lazy),
            || one_after_the_other(|| super::harness::nest(&n, &m), forced),
        );
    };
    assert_eq!(found!(Default, run), ["Inversion m once n"]);
}

#[test]
fn a_value_that_was_seen_before_is_never_waited_for() {
    let run = || {
        let m = lock("m");
        for way in ways(&m) {
            one_after_the_other(&way, || {
                way();
                let _m = m.lock().unwrap();
                way();
            });
        }
    };
    assert_eq!(found!(All, run), [""; 0]);
}

#[test]
fn a_value_that_was_made_before_the_thread_was_started_is_never_waited_for() {
    let run = || {
        let m = lock("m");
        for way in ways(&m) {
            way();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let _m = m.lock().unwrap();
                    way();
                });
            });
        }
    };
    assert_eq!(found!(All, run), [""; 0]);
}

#[test]
fn an_access_that_never_waits_gives_no_order() {
    let run = || {
        let m = lock("m");
        let (once, cell) = (Once::new(), OnceLock::new());
        one_after_the_other(
            || {
                once.call_once(|| drop(m.lock().unwrap()));
                cell.get_or_init(|| drop(m.lock().unwrap()));
            },
            || {
                let _m = m.lock().unwrap();
                assert!(once.is_completed());
                assert!(cell.get().is_some());
            },
        );
    };
    assert_eq!(found!(All, run), [""; 0]);
}

#[test]
fn a_gate_around_both_keeps_an_initialisation_from_being_an_inversion() {
    let run = || {
        let (m, gate) = (lock("m"), lock("gate"));
        for way in ways(&m) {
            one_after_the_other(
                || {
                    let _gate = gate.lock().unwrap();
                    way();
                },
                || {
                    let _gate = gate.lock().unwrap();
                    let _m = m.lock().unwrap();
                    way();
                },
            );
        }
    };
    assert_eq!(found!(All, run), ["Guarded m once"; 6]);
}

#[test]
fn an_initialiser_holds_no_lock_of_the_program() {
    let run = || {
        Once::new().call_once(|| lockwarden::assert_no_locks_held!());
    };
    assert_eq!(found!(All, run), [""; 0]);
}

#[test]
fn an_initialiser_that_panics_holds_nothing_any_more() {
    let run = || {
        let (once, m) = (Once::named("once"), lock("m"));
        let fails = || once.call_once_force(|_| panic!("on purpose, and caught"));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(fails)).unwrap_err();
        lockwarden::assert_no_locks_held!();
        one_after_the_other(
            || drop(m.lock().unwrap()),
            || {
                let _m = m.lock().unwrap();
                once.call_once_force(|_| ());
            },
        );
    };
    assert_eq!(found!(All, run), [""; 0]);
}

#[test]
fn an_initialiser_that_took_a_lock_and_failed_is_a_link_although_the_next_one_takes_none() {
    let run = || {
        let (once, m) = (Once::named("once"), lock("m"));
        let under = || {
            let _m = m.lock().unwrap();
            once.call_once_force(|_| ());
        };
        one_after_the_other(
            || {
                let fails = || {
                    once.call_once_force(|_| {
                        drop(m.lock().unwrap());
                        panic!("on purpose, and caught");
                    })
                };
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(fails)).unwrap_err();
            },
            || one_after_the_other(|| once.call_once_force(|_| ()), under),
        );
    };
    assert_eq!(found!(Default, run), ["Inversion m once"]);
}
