//! What the watchdog leaves out, and what it does not: waits behind those that may last, waits that
//! the detector itself makes or has named, and joins.
//!
//! That nothing is reported of a wait is seen by a later one of another thread: what lasts longer is
//! reported first.

use std::io::Read as _;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use lockwarden::config::{Action, Config};
use lockwarden::report::{StallCause, Verdict};
use lockwarden::sync::{Arc, Barrier, Mutex};
use lockwarden::thread;
use lockwarden::watchdog::{Alert, Builder, Watchdog, dump, idle};

use crate::child::{LIMIT, STALL, Standstill, apart};

/// Starts a watchdog that hands its alerts on, for as long as the first part of the result lives.
fn watch(builder: Builder) -> (Watchdog, Receiver<Alert>) {
    let (tell, alerts) = mpsc::channel();
    let builder = builder.on_alert(move |alert| tell.send(alert.clone()).unwrap_or_default());
    (builder.spawn().unwrap(), alerts)
}

/// The next alert is the stall of the thread that waits in a [`Standstill`].
fn next_is_of_standstill(alerts: &Receiver<Alert>) {
    let alert = alerts.recv_timeout(LIMIT).expect("it is reported");
    assert!(alert.headline().contains("`slow`"), "{alert}");
}

/// Until as many threads as that wait for something that is watched.
fn until_wait(count: usize) {
    while dump().threads.iter().filter(|t| t.waits.is_some()).count() < count {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Four workers share a receiver behind a mutex; `says_idle` as they wait.
fn idle_server(builder: Builder, says_idle: bool) {
    let (watchdog, alerts) = watch(builder);
    let (jobs, comes) = lockwarden::sync::mpsc::channel::<u32>();
    let comes = Arc::new(Mutex::new(comes));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let comes = Arc::clone(&comes);
            thread::spawn(move || {
                loop {
                    let _idle = says_idle.then(idle);
                    let Ok(_) = comes.lock().unwrap().recv() else {
                        break;
                    };
                }
            })
        })
        .collect();
    until_wait(4);
    let standstill = Standstill::begin();
    next_is_of_standstill(&alerts);
    standstill.end();
    drop(jobs);
    for worker in workers {
        worker.join().unwrap();
    }
    drop(watchdog);
}

#[test]
fn workers_behind_the_mutex_of_an_idle_one_are_idle() {
    apart!(
        &[],
        || idle_server(Watchdog::builder().wait_limit(STALL), true),
        |outcome| outcome.succeeds()
    );
}

#[test]
fn workers_behind_the_mutex_of_one_whose_wait_has_no_limit_have_none() {
    apart!(
        &[],
        || {
            let builder = Watchdog::builder().wait_limit(STALL).event_limit(None);
            idle_server(builder, false);
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn an_idle_worker_does_not_hold_its_receiver_for_too_long() {
    apart!(
        &[],
        || {
            let builder = Watchdog::builder().wait_limit(None).hold_limit(STALL);
            idle_server(builder, true);
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_wait_for_a_thread_that_writes_a_report_is_no_stall() {
    static HELD: Mutex<()> = Mutex::named("held", ());
    static A: Mutex<()> = Mutex::named("a", ());
    static B: Mutex<()> = Mutex::named("b", ());
    apart!(
        &[],
        || {
            let (begin, begins) = mpsc::sync_channel(1);
            let config = Config::new().callback(move |report| {
                if report.verdict == Verdict::Inversion {
                    begin.send(()).unwrap();
                    // As slow as the names of a stack in a build without optimisation.
                    std::thread::sleep(4 * STALL);
                }
            });
            config.install().unwrap();
            let (_watchdog, alerts) = watch(Watchdog::builder().wait_limit(STALL));
            thread::spawn(|| {
                let _a = A.lock().unwrap();
                drop(B.lock().unwrap());
            })
            .join()
            .unwrap();
            let finds = std::thread::spawn(|| {
                let _held = HELD.lock().unwrap();
                let _b = B.lock().unwrap();
                drop(A.lock().unwrap());
            });
            begins.recv_timeout(LIMIT).expect("an inversion is found");
            drop(HELD.lock().unwrap());
            finds.join().unwrap();
            let standstill = Standstill::begin();
            next_is_of_standstill(&alerts);
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn what_a_report_has_named_is_not_reported_again_as_a_stall() {
    static A: Mutex<()> = Mutex::named("a", ());
    static B: Mutex<()> = Mutex::named("b", ());
    apart!(
        &[],
        || {
            let config = Config::new()
                .on(Verdict::Deadlock, Action::Report)
                .on(Verdict::SelfDeadlock, Action::Report);
            config.install().unwrap();
            let builder = Watchdog::builder().wait_limit(STALL).hold_limit(3 * STALL);
            let (_watchdog, alerts) = watch(builder);
            // None of these threads ever goes on; the process ends without them.
            std::thread::spawn(|| {
                let own = Mutex::named("own", ());
                let _first = own.lock().unwrap();
                drop(own.lock().unwrap());
            });
            let verdict = || alerts.recv_timeout(LIMIT).unwrap().report.verdict;
            assert_eq!(verdict(), Verdict::SelfDeadlock);
            let both = Arc::new(Barrier::new(2));
            for [first, second] in [[&A, &B], [&B, &A]] {
                let both = Arc::clone(&both);
                std::thread::spawn(move || {
                    let _first = first.lock().unwrap();
                    both.wait();
                    drop(second.lock().unwrap());
                });
            }
            // It lies behind the deadlock, and ends with it.
            std::thread::spawn(move || {
                until_wait(3);
                drop(A.lock().unwrap());
            });
            assert_eq!(verdict(), Verdict::Deadlock);
            until_wait(4);
            let standstill = Standstill::begin();
            next_is_of_standstill(&alerts);
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_program_that_stands_still_in_joins_is_reported() {
    apart!(
        &[],
        || {
            let builder = Watchdog::builder().wait_limit(None).progress_limit(STALL);
            let (_watchdog, alerts) = watch(builder);
            let (mut end, other) = std::io::pipe().unwrap();
            // A system call that nothing watches.
            let hangs = thread::spawn(move || end.read(&mut [0]).unwrap());
            let joins = thread::spawn(move || hangs.join().unwrap());
            let alert = alerts.recv_timeout(LIMIT).expect("it is reported");
            let stall = alert.report.stall.as_ref().unwrap();
            assert!(
                matches!(stall.cause, StallCause::NoProgress { waiting: 1, .. }),
                "{alert}"
            );
            let body = alert.report.body();
            assert!(body.contains("waits for the end of thread #"), "{body}");
            drop(other);
            joins.join().unwrap();
        },
        |outcome| outcome.succeeds()
    );
}
