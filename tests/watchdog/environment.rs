//! The environment variable, in a program that knows of no watchdog.

use std::time::Duration;

use lockwarden::config::Status;
use lockwarden::sync::Mutex;
use lockwarden::watchdog::Watchdog;

use crate::child::{LIMIT, Standstill, apart};

fn reports() -> u64 {
    match lockwarden::status() {
        Status::On(activity) => activity.reports,
        _ => 0,
    }
}

fn until_there_are(wanted: u64) {
    let start = std::time::Instant::now();
    while reports() < wanted {
        assert!(start.elapsed() < LIMIT, "there are {} reports", reports());
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[cfg(unix)]
#[test]
fn a_program_that_was_not_built_for_it_is_watched() {
    use std::io::BufRead as _;
    apart!(
        &[("LOCKWARDEN_WATCHDOG", "200ms")],
        || {
            let mut written = crate::child::read_stderr();
            let standstill = Standstill::begin();
            let mut text = String::new();
            while !text.contains("lockwarden: Stall: thread `waiter`") {
                assert_ne!(written.read_line(&mut text).unwrap(), 0, "{text}");
            }
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[test]
fn a_watchdog_that_sees_no_wait_says_so_if_it_has_a_limit_for_one() {
    apart!(
        &[("LOCKWARDEN", "off")],
        || {
            drop(Watchdog::builder().spawn().unwrap());
            drop(Watchdog::builder().wait_limit(LIMIT).spawn().unwrap());
        },
        |outcome| {
            outcome.succeeds();
            outcome.says("heartbeats alone are watched, no waits and no holds: switched off");
            let said = outcome.stderr.matches("heartbeats alone").count();
            assert_eq!(said, 1, "{}", outcome.stderr);
        }
    );
}

#[test]
fn the_variable_goes_before_what_the_program_says_and_gives_way_to_it() {
    apart!(
        &[("LOCKWARDEN_WATCHDOG", "200ms")],
        || {
            drop(Mutex::new(()).lock());
            let builder = Watchdog::builder().wait_limit(None);
            let _watchdog = builder
                .spawn()
                .expect("the one of the environment gives way");
            let standstill = Standstill::begin();
            until_there_are(1);
            standstill.end();
        },
        |outcome| outcome.succeeds()
    );
}

#[cfg(feature = "json")]
#[test]
fn a_file_that_cannot_be_written_is_said_and_the_program_goes_on() {
    apart!(
        &[("LOCKWARDEN_WATCHDOG", "10s,json=/nowhere/alerts")],
        || drop(Mutex::new(()).lock()),
        |outcome| {
            outcome.succeeds();
            outcome.says("the file \"/nowhere/alerts\" cannot be written: ");
        }
    );
}

#[test]
fn what_is_not_understood_is_said_and_starts_nothing() {
    apart!(
        &[("LOCKWARDEN_WATCHDOG", "10")],
        || {
            drop(Mutex::new(()).lock());
            drop(Watchdog::builder().spawn().unwrap());
        },
        |outcome| {
            outcome.succeeds();
            outcome.says(
                "lockwarden: LOCKWARDEN_WATCHDOG: \"10\" is not understood: \"10\" has no unit: say 500ms, 10s, 2m or 1h; \
                 the variable has no effect",
            );
        }
    );
}
