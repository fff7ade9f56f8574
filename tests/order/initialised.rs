//! Initialisation: what the initialiser did, and those who see that it is done.

use lockwarden::sync::{LazyLock, Once, OnceLock};
use lockwarden::thread;

use super::harness::Told::{All, Default};
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
fn a_value_that_its_owner_had_orders_nobody_else() {
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
