//! Events: what comes before one is set, and who sees that it is.

use std::time::Duration;

use lockwarden::sync::Event;
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{LIMIT, found, one_after_the_other, orders};

#[test]
fn whoever_sees_that_it_is_set_comes_after_the_set() {
    let ways: [fn(&Event); 3] = [
        Event::wait,
        |event| assert!(event.wait_timeout(Duration::ZERO)),
        |event| assert!(event.is_set()),
    ];
    let run = || {
        for way in ways {
            let ((ab, ba), event) = (orders(), Event::new());
            one_after_the_other(
                || {
                    ab();
                    event.set();
                },
                || {
                    way(&event);
                    ba();
                },
            );
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 3]);
}

#[test]
fn whoever_waits_comes_after_the_set() {
    let ways: [fn(&Event); 2] = [Event::wait, |event| assert!(event.wait_timeout(LIMIT))];
    let run = || {
        for way in ways {
            let ((ab, ba), event) = (orders(), Event::new());
            thread::scope(|s| {
                s.spawn(|| {
                    ab();
                    event.set();
                });
                s.spawn(|| {
                    way(&event);
                    ba();
                });
            });
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

/// Whoever was the first to set it.
#[test]
fn another_set_orders_nothing() {
    let run = || {
        let ((ab, ba), event) = (orders(), Event::new());
        event.set();
        one_after_the_other(
            || {
                ab();
                event.set();
            },
            || {
                event.wait();
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn each_set_after_a_clear_orders_anew() {
    let run = || {
        let (there, back) = (Event::new(), Event::new());
        let ((ab, ba), (cd, dc)) = (orders(), orders());
        thread::scope(|s| {
            s.spawn(|| {
                ab();
                there.set();
                back.wait();
                back.clear();
                cd();
                there.set();
            });
            s.spawn(|| {
                there.wait();
                ba();
                there.clear();
                back.set();
                there.wait();
                dc();
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

#[test]
fn what_was_cleared_orders_nothing() {
    let run = || {
        let ((ab, ba), event) = (orders(), Event::new());
        one_after_the_other(
            || {
                ab();
                event.set();
                event.clear();
            },
            || {
                assert!(!event.is_set() && !event.wait_timeout(Duration::ZERO));
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn what_follows_the_set_is_concurrent() {
    let run = || {
        let ((ab, ba), event) = (orders(), Event::new());
        one_after_the_other(
            || {
                event.set();
                ab();
            },
            || {
                event.wait();
                ba();
            },
        );
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
