//! A real deadlock is reported by the detector at once, and the watchdog has the threads as they were.

use std::sync::{Barrier, mpsc};
use std::thread;

use lockwarden::report::{StallCause, Verdict};
use lockwarden::sync::Mutex;
use lockwarden::watchdog::{Phase, Watchdog};

use crate::child::{LIMIT, STALL, Standstill, apart};

#[test]
fn a_deadlock_is_reported_with_all_threads_before_it_is_broken() {
    static A: Mutex<()> = Mutex::named("a", ());
    static B: Mutex<()> = Mutex::named("b", ());
    apart!(
        &[],
        || {
            let (tell, alerts) = mpsc::channel();
            let watchdog = Watchdog::builder().on_alert(move |alert| {
                let _ = tell.send(alert.clone());
            });
            let _watchdog = watchdog.spawn().unwrap();
            let both = Barrier::new(2);
            let take = |first: &Mutex<()>, second: &Mutex<()>| {
                let _first = first.lock();
                both.wait();
                drop(second.lock());
            };
            let broken = thread::scope(|scope| {
                let threads = [scope.spawn(|| take(&A, &B)), scope.spawn(|| take(&B, &A))];
                threads.map(|thread| thread.join().is_err())
            });
            assert_eq!(broken.iter().filter(|broken| **broken).count(), 1);
            let alert = alerts.recv_timeout(LIMIT).expect("it is reported");
            assert_eq!(alert.phase, Phase::Began);
            assert_eq!(alert.report.verdict, Verdict::Deadlock);
            let dump = alert.dump.as_ref().unwrap();
            // As they were: each holds one lock and waits for the other.
            let stuck = |id| {
                let thread = dump.thread(id).unwrap();
                thread.held.as_ref().is_some_and(|held| held.len() == 1) && thread.waits.is_some()
            };
            assert!(
                alert.report.threads.iter().all(|thread| stuck(thread.id)),
                "{alert}"
            );
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_callback_that_panics_is_said_and_the_next_action_is_done() {
    apart!(
        &[],
        || {
            let (tell, alerts) = mpsc::channel();
            let builder = Watchdog::builder()
                .wait_limit(STALL)
                .on_alert(|_| panic!("on purpose, and caught"))
                .on_alert(move |alert| {
                    let _ = tell.send(alert.clone());
                });
            let _watchdog = builder.spawn().unwrap();
            let standstill = Standstill::begin();
            let alert = alerts.recv_timeout(LIMIT).expect("it is reported");
            let stall = alert.report.stall.as_ref().unwrap();
            assert!(matches!(stall.cause, StallCause::Wait { waiters: 1, .. }));
            standstill.end();
        },
        |outcome| {
            outcome.succeeds();
            outcome.says(
                "the callback of the watchdog panicked while it was given a report: on purpose",
            );
        }
    );
}

#[test]
fn after_it_is_dropped_it_says_nothing() {
    apart!(
        &[],
        || {
            let (tell, alerts) = mpsc::channel::<()>();
            let builder = Watchdog::builder().wait_limit(STALL);
            let watchdog = builder
                .on_alert(move |_| tell.send(()).unwrap_or_default())
                .spawn()
                .unwrap();
            drop(watchdog);
            let standstill = Standstill::begin();
            // The end of the sender is the end of the thread: no thread is left to say anything.
            assert!(alerts.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Disconnected));
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_stall_behind_a_thread_that_has_ended_says_what_to_look_for() {
    static LEFT: Mutex<()> = Mutex::named("left", ());
    apart!(
        &[("LOCKWARDEN", "Abandoned=ignore")],
        || {
            let (tell, alerts) = mpsc::channel();
            let builder = Watchdog::builder().wait_limit(STALL);
            let builder =
                builder.on_alert(move |alert| tell.send(alert.clone()).unwrap_or_default());
            let _watchdog = builder.spawn().unwrap();
            let leave = |leave: fn(_)| thread::spawn(move || leave(LEFT.lock())).join().unwrap();
            // What it says to look for is not there: the next thread goes on.
            leave(drop);
            thread::spawn(|| drop(LEFT.lock())).join().unwrap();
            leave(std::mem::forget);
            thread::spawn(|| drop(LEFT.lock()));
            let alert = alerts.recv_timeout(LIMIT).expect("it is reported");
            let report = alert.report.to_string();
            let text = report.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(alert.report.verdict, Verdict::Stall);
            assert!(
                text.contains("has ended without releasing what it took at"),
                "{report}"
            );
            assert!(text.contains("look for `mem::forget`"), "{report}");
        },
        |outcome| outcome.succeeds()
    );
}
