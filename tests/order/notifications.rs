//! Notifications: what a condition variable puts between two lock orders.

use std::time::Duration;

use lockwarden::parking_lot as pl;
use lockwarden::sync::{Condvar, Mutex, MutexGuard};
use lockwarden::thread;

use super::harness::Reported::{All, Default};
use super::harness::{LIMIT, found, orders};

/// A condition variable with its mutex, which guards how far a case has come.
struct Stage {
    reached: Mutex<u32>,
    changed: Condvar,
}

impl Stage {
    fn new() -> Self {
        Self {
            reached: Mutex::named("stage", 0),
            changed: Condvar::new(),
        }
    }

    /// Waits, unseen, until the stage is reached. When that is where another thread waits, it does.
    fn when(&self, stage: u32) -> MutexGuard<'_, u32> {
        loop {
            let reached = self.reached.lock().unwrap();
            if *reached >= stage {
                return reached;
            }
            drop(reached);
            thread::yield_now();
        }
    }
}

type Wait = for<'a> fn(&Condvar, MutexGuard<'a, u32>) -> MutexGuard<'a, u32>;

/// One thread waits and then takes the second order, another takes the first and notifies it.
fn notified(wait: Wait, notify: fn(&Condvar)) {
    let (ab, ba) = orders();
    let stage = Stage::new();
    thread::scope(|s| {
        s.spawn(|| {
            let mut reached = stage.reached.lock().unwrap();
            *reached = 1;
            drop(wait(&stage.changed, reached));
            ba();
        });
        s.spawn(|| {
            ab();
            let mut reached = stage.when(1);
            *reached = 2;
            notify(&stage.changed);
        });
    });
}

fn woken() {
    notified(|c, held| c.wait(held).unwrap(), Condvar::notify_one);
}

#[test]
fn what_follows_a_notification_is_ordered() {
    assert_eq!(found!(All, woken), ["Ordered a b"]);
}

#[test]
fn what_follows_a_notification_is_silent_by_default() {
    assert_eq!(found!(Default, woken), [] as [&str; 0]);
}

#[test]
fn every_way_to_wait_orders() {
    let ways: [Wait; 4] = [
        |c, held| c.wait(held).unwrap(),
        |c, held| c.wait_while(held, |reached| *reached < 2).unwrap(),
        |c, held| {
            let (held, result) = c.wait_timeout(held, LIMIT).unwrap();
            assert!(!result.timed_out());
            held
        },
        |c, held| {
            let woken = c.wait_timeout_while(held, LIMIT, |reached| *reached < 2);
            woken.unwrap().0
        },
    ];
    let run = || {
        for way in ways {
            notified(way, Condvar::notify_one);
            notified(way, Condvar::notify_all);
        }
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 8]);
}

#[test]
fn the_other_flavour_orders_too() {
    let run = || {
        let (ab, ba) = orders();
        let (waits, changed) = (pl::Mutex::new(false), pl::Condvar::new());
        thread::scope(|s| {
            s.spawn(|| {
                let mut held = waits.lock();
                *held = true;
                changed.wait(&mut held);
                drop(held);
                ba();
            });
            s.spawn(|| {
                ab();
                while !*waits.lock() {
                    thread::yield_now();
                }
                assert!(changed.notify_one());
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"]);
}

#[test]
fn a_notification_that_wakes_all_orders_all() {
    let run = || {
        let (ab, ba) = orders();
        let (cd, dc) = orders();
        let stage = Stage::new();
        let waits = |then: &mut dyn FnMut()| {
            let mut reached = stage.reached.lock().unwrap();
            *reached += 1;
            drop(stage.changed.wait(reached).unwrap());
            then();
        };
        let (mut ba, mut dc) = (Some(ba), Some(dc));
        thread::scope(|s| {
            s.spawn(|| waits(&mut || ba.take().unwrap()()));
            s.spawn(|| waits(&mut || dc.take().unwrap()()));
            s.spawn(|| {
                ab();
                cd();
                let reached = stage.when(2);
                stage.changed.notify_all();
                drop(reached);
            });
        });
    };
    assert_eq!(found!(All, run), ["Ordered a b"; 2]);
}

#[test]
fn what_the_notifier_does_next_is_concurrent() {
    let run = || {
        let (ab, ba) = orders();
        let stage = &Stage::new();
        thread::scope(|s| {
            let first = s.spawn(move || {
                let reached = stage.when(1);
                stage.changed.notify_one();
                drop(reached);
                ab();
            });
            s.spawn(move || {
                let mut reached = stage.reached.lock().unwrap();
                *reached = 1;
                drop(stage.changed.wait(reached).unwrap());
                while !first.is_finished() {
                    thread::yield_now();
                }
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_notification_that_no_thread_waited_for_orders_nothing() {
    let run = || {
        let (ab, ba) = orders();
        let stage = Stage::new();
        thread::scope(|s| {
            s.spawn(|| {
                ab();
                stage.changed.notify_one();
                stage.changed.notify_all();
                *stage.reached.lock().unwrap() = 1;
            });
            s.spawn(|| {
                let reached = stage.when(1);
                let soon = Duration::from_millis(1);
                let (held, result) = stage.changed.wait_timeout(reached, soon).unwrap();
                assert!(result.timed_out());
                drop(held);
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_notification_before_the_wait_is_not_taken_for_the_one_that_ends_it() {
    let run = || {
        let (ab, ba) = orders();
        let stage = Stage::new();
        thread::scope(|s| {
            s.spawn(|| {
                ab();
                stage.changed.notify_one();
                *stage.reached.lock().unwrap() = 1;
            });
            s.spawn(|| {
                let mut reached = stage.when(1);
                *reached = 2;
                drop(stage.changed.wait(reached).unwrap());
                ba();
            });
            s.spawn(|| {
                let reached = stage.when(2);
                stage.changed.notify_one();
                drop(reached);
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

/// Either may have woken it, so neither is claimed.
#[test]
fn of_two_notifications_none_is_certain() {
    let run = || {
        let (ab, ba) = orders();
        let stage = Stage::new();
        thread::scope(|s| {
            s.spawn(|| {
                let mut reached = stage.reached.lock().unwrap();
                *reached = 1;
                drop(stage.changed.wait(reached).unwrap());
                ba();
            });
            s.spawn(|| {
                ab();
                let reached = stage.when(1);
                stage.changed.notify_one();
                stage.changed.notify_one();
                drop(reached);
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}

#[test]
fn a_wait_that_ran_out_of_time_orders_nothing() {
    let run = || {
        let (ab, ba) = orders();
        let stage = Stage::new();
        thread::scope(|s| {
            s.spawn(|| {
                ab();
                let mut reached = stage.when(1);
                *reached = 2;
            });
            s.spawn(|| {
                let mut reached = stage.reached.lock().unwrap();
                *reached = 1;
                while *reached < 2 {
                    let soon = Duration::from_millis(1);
                    reached = stage.changed.wait_timeout(reached, soon).unwrap().0;
                }
                drop(reached);
                ba();
            });
        });
    };
    assert_eq!(found!(Default, run), ["Inversion a b"]);
}
