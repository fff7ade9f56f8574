//! Semaphores: what comes before a release, and who could not have gone on without it.

use lockwarden::sync::Semaphore;
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{found, one_after_the_other, orders};

#[test]
fn who_takes_what_was_released_comes_after_that() {
    let run = || {
        let ((ab, ba), sem) = (orders(), Semaphore::new(0));
        one_after_the_other(
            || {
                ab();
                sem.release();
            },
            || {
                sem.acquire().forget();
                ba();
            },
        );
        let ((ab, ba), sem) = (orders(), Semaphore::new(0));
        one_after_the_other(
            || {
                ab();
                sem.release_many(2);
            },
            || {
                sem.try_acquire_many(2).unwrap().forget();
                ba();
            },
        );
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

#[test]
fn who_waits_for_a_release_comes_after_it() {
    let run = || {
        let ((ab, ba), sem) = (orders(), Semaphore::new(0));
        thread::scope(|s| {
            s.spawn(|| {
                ab();
                sem.release();
            });
            s.spawn(|| {
                sem.acquire().forget();
                ba();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn who_needs_the_releases_of_several_comes_after_all() {
    let run = || {
        let ((ab, ba), (cd, dc)) = (orders(), orders());
        let sem = Semaphore::new(0);
        thread::scope(|s| {
            for before in [Box::new(ab) as Box<dyn FnOnce() + Send>, Box::new(cd)] {
                s.spawn(|| {
                    before();
                    sem.release();
                });
            }
            s.spawn(|| {
                sem.acquire_many(2).forget();
                ba();
                dc();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

#[test]
fn what_follows_a_release_is_concurrent() {
    let run = || {
        let ((ab, ba), sem) = (orders(), Semaphore::new(0));
        one_after_the_other(
            || {
                sem.release();
                ab();
            },
            || {
                sem.acquire().forget();
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// Another release would have done as well.
#[test]
fn who_takes_some_of_what_was_released_is_not_ordered() {
    let run = || {
        let ((ab, ba), sem) = (orders(), Semaphore::new(0));
        one_after_the_other(
            || {
                ab();
                sem.release();
                sem.release();
            },
            || {
                sem.acquire().forget();
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_limit_orders_nothing() {
    let run = || {
        // As a lock, whose holders could have come in the other order.
        let ((ab, ba), sem) = (orders(), Semaphore::new(1));
        one_after_the_other(
            || {
                let permit = sem.acquire();
                ab();
                drop(permit);
            },
            || {
                let permit = sem.acquire();
                drop(permit);
                ba();
            },
        );
        // Nor if it was opened late.
        let ((ab, ba), sem) = (orders(), Semaphore::new(0));
        sem.release();
        one_after_the_other(
            || {
                let permit = sem.acquire();
                ab();
                drop(permit);
            },
            || {
                let permit = sem.acquire();
                drop(permit);
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"; 2]);
}

#[test]
fn who_asks_in_vain_is_not_ordered() {
    let run = || {
        let ((ab, ba), sem) = (orders(), Semaphore::new(0));
        one_after_the_other(
            || {
                ab();
                sem.release();
            },
            || {
                assert!(sem.try_acquire_many(2).is_none());
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
