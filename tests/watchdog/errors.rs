//! Bad configuration is an error value that says what and why, and the program goes on.

use std::time::Duration;

use lockwarden::watchdog::{Error, Watchdog};

use crate::child::apart;

#[test]
fn limits_that_mean_nothing_are_refused() {
    let zero = Watchdog::builder().wait_limit(Duration::ZERO).spawn();
    let error = zero.expect_err("nothing is that short");
    assert!(matches!(error, Error::LimitTooShort { .. }), "{error}");
    assert!(error.to_string().contains("a wait"), "{error}");
    let long = Watchdog::builder().hold_limit(Duration::MAX).spawn();
    let error = long.expect_err("nobody lives that long");
    assert!(matches!(error, Error::LimitTooLong { .. }), "{error}");
    let silent = Watchdog::builder().alerts_per_minute(0).spawn();
    assert!(matches!(
        silent.expect_err("it could say nothing"),
        Error::NoAlerts
    ));
}

#[cfg(feature = "json")]
#[test]
fn a_file_that_cannot_be_written_is_refused() {
    let path = std::env::temp_dir()
        .join("lockwarden-nowhere")
        .join("alerts");
    let error = Watchdog::builder().json_lines(&path).spawn();
    let error = error.expect_err("there is no such directory");
    assert!(
        matches!(&error, Error::File { path: at, .. } if *at == path),
        "{error}"
    );
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_second_watchdog_is_refused_until_the_first_one_is_gone() {
    apart!(
        &[],
        || {
            let first = Watchdog::builder().spawn().unwrap();
            let second = Watchdog::builder().spawn().expect_err("there is one");
            assert!(matches!(second, Error::AlreadyRunning), "{second}");
            drop(first);
            drop(Watchdog::builder().spawn().unwrap());
        },
        |outcome| outcome.succeeds()
    );
}

#[cfg(all(feature = "signals", target_os = "linux"))]
#[test]
fn a_signal_that_is_taken_is_refused_and_the_one_who_has_it_keeps_it() {
    apart!(
        &[],
        || {
            let signal = libc::SIGRTMIN() + 3;
            crate::stacks::ignore(signal);
            let error = Watchdog::builder()
                .signal(signal)
                .spawn()
                .expect_err("it is taken");
            assert!(matches!(error, Error::SignalTaken { .. }), "{error}");
            let words = format!("the signal {signal} is ignored, or ");
            assert!(error.to_string().contains(&words), "{error}");
            let error = Watchdog::builder().signal(libc::SIGKILL).spawn();
            let error = error.expect_err("nobody handles that");
            assert!(matches!(error, Error::SignalUnusable { .. }), "{error}");
            // Neither has left anything behind.
            drop(Watchdog::builder().signal(signal + 1).spawn().unwrap());
            crate::stacks::raise(signal);
        },
        |outcome| outcome.succeeds()
    );
}
