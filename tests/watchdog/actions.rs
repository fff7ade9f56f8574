//! What ends the process, and what starts it anew.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::atomic::{AtomicBool, Ordering};

use lockwarden::config::Config;
use lockwarden::report::Verdict;
use lockwarden::watchdog::Watchdog;

use crate::child::{LIMIT, STALL, Standstill, apart};

/// Stands still until the process ends by itself.
fn stand_still() {
    let _standstill = Standstill::begin();
    std::thread::sleep(LIMIT);
}

#[test]
fn the_process_ends_with_the_code_that_was_asked_for() {
    apart!(
        &[],
        || {
            let _watchdog = Watchdog::builder()
                .wait_limit(STALL)
                .stderr()
                .exit(41)
                .spawn();
            stand_still();
        },
        |outcome| {
            assert_eq!(outcome.status.code(), Some(41), "{}", outcome.stderr);
            // The report says what it is, and this only what comes with it.
            outcome.says("lockwarden: watchdog: all threads at the Stall above, report 1\n");
            let headlines = outcome.stderr.matches("Stall: thread `waiter`").count();
            assert_eq!(headlines, 1, "{}", outcome.stderr);
        }
    );
}

#[test]
fn the_text_says_what_it_is_about_where_the_report_is_not_printed() {
    apart!(
        &[("LOCKWARDEN", "stderr=off")],
        || {
            let builder = Watchdog::builder().wait_limit(STALL).stderr().exit(41);
            let _watchdog = builder.spawn();
            stand_still();
        },
        |outcome| {
            assert_eq!(outcome.status.code(), Some(41), "{}", outcome.stderr);
            outcome.says("lockwarden: watchdog: Stall: thread `waiter`");
            outcome.says("for `slow` (exclusive) (report 1)\n");
        }
    );
}

#[test]
fn a_process_that_ends_during_an_alert_delivers_it() {
    apart!(
        &[("LOCKWARDEN_WATCHDOG", "200ms")],
        || {
            let (tell, is_reported) = std::sync::mpsc::channel();
            let config = Config::new().callback(move |report| {
                if report.verdict == Verdict::Stall {
                    let _ = tell.send(());
                }
            });
            config.install().unwrap();
            let _standstill = Standstill::begin();
            // The report is made, and the names of the stacks of all threads are not looked up yet.
            is_reported.recv_timeout(LIMIT).unwrap();
            std::process::exit(7);
        },
        |outcome| {
            assert_eq!(outcome.status.code(), Some(7), "{}", outcome.stderr);
            outcome.says("lockwarden: watchdog: all threads at the Stall above, report 1\n");
        }
    );
}

/// The program ends by itself, with the code 7, while the watchdog makes an alert.
fn end_during_an_alert() {
    static ENDS: AtomicBool = AtomicBool::new(false);
    extern "C" fn begins() {
        ENDS.store(true, Ordering::Release);
    }
    println!("STARTED");
    let (tell, is_reported) = std::sync::mpsc::channel();
    let config = Config::new().callback(move |report| {
        if report.verdict == Verdict::Stall {
            let _ = tell.send(());
            while !ENDS.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            // The library's function is called right after the one above.
            std::thread::sleep(STALL);
        }
    });
    config.install().unwrap();
    let _standstill = Standstill::begin();
    is_reported.recv_timeout(LIMIT).unwrap();
    #[allow(unsafe_code)]
    // SAFETY: the function fits the signature and does not unwind. It is registered last, and so called first.
    unsafe {
        libc::atexit(begins);
    }
    std::process::exit(7);
}

#[test]
fn a_process_that_ends_by_itself_keeps_its_code_and_is_not_restarted() {
    for settings in [
        "200ms,exit=9,stderr",
        "200ms,restart=1,stderr",
        "200ms,abort,stderr",
    ] {
        apart!(
            &[("LOCKWARDEN_WATCHDOG", settings)],
            end_during_an_alert,
            |outcome| {
                let code = outcome.status.code();
                assert_eq!(code, Some(7), "{settings}: {}", outcome.stderr);
                let starts = outcome.stdout.matches("STARTED").count();
                assert_eq!(starts, 1, "{settings}: {}", outcome.stderr);
                outcome.says("lockwarden: watchdog: all threads at the Stall above, report 1\n");
            }
        );
    }
}

#[test]
fn a_process_that_ends_by_itself_is_not_aborted_by_the_configuration() {
    apart!(
        &[
            ("LOCKWARDEN_WATCHDOG", "200ms"),
            ("LOCKWARDEN", "Stall=abort"),
        ],
        end_during_an_alert,
        |outcome| {
            assert_eq!(outcome.status.code(), Some(7), "{}", outcome.stderr);
            outcome.says("lockwarden: watchdog: all threads at the Stall above, report 1\n");
        }
    );
}

#[test]
fn a_callback_can_end_the_process() {
    apart!(
        &[],
        || {
            let builder = Watchdog::builder().wait_limit(STALL);
            let _watchdog = builder.on_alert(|_| std::process::exit(5)).spawn();
            stand_still();
        },
        |outcome| assert_eq!(outcome.status.code(), Some(5), "{}", outcome.stderr)
    );
}

#[test]
fn the_process_aborts() {
    apart!(
        &[],
        || {
            let _watchdog = Watchdog::builder().wait_limit(STALL).abort().spawn();
            stand_still();
        },
        |outcome| assert_eq!(outcome.status.signal(), Some(libc::SIGABRT)),
    );
}

#[test]
fn the_configuration_can_ask_for_the_abort_and_the_actions_come_first() {
    apart!(
        &[("LOCKWARDEN", "Stall=abort")],
        || {
            let _watchdog = Watchdog::builder().wait_limit(STALL).stderr().spawn();
            stand_still();
        },
        |outcome| {
            assert_eq!(outcome.status.signal(), Some(libc::SIGABRT));
            outcome.says("lockwarden: watchdog: all threads at the Stall above, report 1\n");
        }
    );
}

#[test]
fn the_program_is_restarted_as_often_as_was_said() {
    apart!(
        &[("LOCKWARDEN_RESTARTS", "0")],
        || {
            let restarts = std::env::var("LOCKWARDEN_RESTARTS").unwrap();
            println!("STARTED {}", restarts.split('@').next().unwrap());
            println!("BLOCKED {}", blocked_signals());
            let builder = Watchdog::builder().wait_limit(STALL).restart(2).exit(3);
            let _watchdog = builder.spawn();
            stand_still();
        },
        |outcome| {
            assert_eq!(outcome.status.code(), Some(3), "{}", outcome.stderr);
            let starts: Vec<&str> = outcome
                .stdout
                .lines()
                .filter_map(|line| line.strip_prefix("STARTED "))
                .collect();
            assert_eq!(starts, ["0", "1", "2"], "{}", outcome.stdout);
            // The thread that starts the program anew keeps signals out; the program must not.
            let blocked = outcome.stdout.lines();
            let blocked: Vec<&str> = blocked
                .filter(|line| line.starts_with("BLOCKED "))
                .collect();
            assert_eq!(blocked, [blocked[0]; 3], "{}", outcome.stdout);
            outcome.says("restarted 2 times, and is not any more");
        }
    );
}

#[test]
fn a_program_that_has_run_well_for_long_is_restarted_again() {
    apart!(
        // Twice, the last time in 1970.
        &[("LOCKWARDEN_RESTARTS", "2@0")],
        || {
            let restarts = std::env::var("LOCKWARDEN_RESTARTS").unwrap();
            println!("STARTED {}", restarts.split('@').next().unwrap());
            let builder = Watchdog::builder().wait_limit(STALL).restart(1).exit(3);
            let _watchdog = builder.spawn();
            stand_still();
        },
        |outcome| {
            assert_eq!(outcome.status.code(), Some(3), "{}", outcome.stderr);
            let lines = outcome.stdout.lines();
            let starts: Vec<&str> = lines.filter(|line| line.starts_with("STARTED ")).collect();
            assert_eq!(starts, ["STARTED 2", "STARTED 1"], "{}", outcome.stdout);
            outcome.says("the program is restarted: 1 of 1");
            outcome.says("restarted 1 time, and is not any more");
        }
    );
}

/// The signals that the calling thread keeps out, where the system tells them in a file.
fn blocked_signals() -> String {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("SigBlk:"));
    line.unwrap_or_default().to_owned()
}
