//! The end of a process that had findings.

use lockwarden::sync::Mutex;
use lockwarden::testing::{Check, Graph};

use crate::child::{Exit, apart};
#[cfg(unix)]
use crate::file;
use crate::kernels::invert;

static LEDGER: Mutex<()> = Mutex::named("ledger", ());
static AUDIT: Mutex<()> = Mutex::named("audit", ());

/// The lines of the summary, without their mark.
fn summary(outcome: &Exit) -> Vec<&str> {
    let lines = outcome.stderr.lines();
    lines
        .filter_map(|line| line.strip_prefix("lockwarden: summary: "))
        .collect()
}

#[cfg(unix)]
#[test]
fn a_process_with_findings_ends_with_the_code_that_was_asked_for() {
    apart!(
        &[("LOCKWARDEN", "exit=100,summary=1")],
        || {
            invert(&LEDGER, &AUDIT);
            // What was seen counts, whether it lives or not.
            drop(Mutex::new(()).lock());
            // What is waited for and is no lock does not.
            lockwarden::thread::sleep(std::time::Duration::from_millis(1));
        },
        |outcome| {
            assert_eq!(outcome.status.code(), Some(100), "{}", outcome.stderr);
            assert!(outcome.stdout.contains("COMPLETED"));
            let summary = summary(outcome);
            assert!(
                summary[0].starts_with("3 locks of 3 classes, 2 orders, 2 threads in "),
                "{summary:?}"
            );
            assert!(summary[0].ends_with(" s; 1 finding"), "{summary:?}");
            assert_eq!(
                summary[1],
                "1: Inversion: `ledger` and `audit` are taken in both orders"
            );
            assert_eq!(summary.len(), 2);
        }
    );
}

#[cfg(unix)]
#[test]
fn a_process_without_findings_keeps_its_code() {
    apart!(
        &[("LOCKWARDEN", "exit=100,summary=1,Inversion=ignore")],
        || invert(&LEDGER, &AUDIT),
        |outcome| {
            outcome.succeeds();
            let summary = summary(outcome);
            assert_eq!(summary.len(), 1, "{summary:?}");
            assert!(summary[0].ends_with(" s; 0 findings"), "{summary:?}");
        }
    );
}

#[cfg(unix)]
#[test]
fn what_a_check_finds_is_its_own() {
    apart!(
        &[("LOCKWARDEN", "exit=100")],
        || {
            let outcome = Check::new()
                .graph(Graph::Shared)
                .run(|| invert(&LEDGER, &AUDIT));
            assert_eq!(outcome.findings().len(), 1);
        },
        |outcome| outcome.succeeds()
    );
}

#[cfg(unix)]
#[test]
fn a_profile_that_is_written_at_exit_is_written() {
    use std::sync::atomic::{AtomicBool, Ordering};
    static REGISTERED_BEFORE: AtomicBool = AtomicBool::new(false);
    extern "C" fn last() {
        if REGISTERED_BEFORE.load(Ordering::Relaxed) {
            eprintln!("the profile is written");
        }
    }
    apart!(
        &[("LOCKWARDEN", "exit=100")],
        || {
            #[allow(unsafe_code)]
            // SAFETY: the function fits the signature and does not unwind.
            unsafe {
                libc::atexit(last);
            }
            REGISTERED_BEFORE.store(true, Ordering::Relaxed);
            invert(&LEDGER, &AUDIT);
        },
        |outcome| {
            assert_eq!(outcome.status.code(), Some(100), "{}", outcome.stderr);
            if cfg!(all(target_os = "linux", target_env = "gnu")) {
                outcome.says("the profile is written");
            }
        }
    );
}

#[test]
fn a_code_that_no_process_can_have_is_refused() {
    apart!(
        &[("LOCKWARDEN", "exit=300,exit=0")],
        || invert(&LEDGER, &AUDIT),
        |outcome| {
            outcome.says(
                "\"exit=300\" is not understood: \"300\" is no exit code: those are 1 to 255",
            );
            outcome.says("the exit code 0 would hide the findings");
            outcome.succeeds();
        }
    );
}

#[cfg(unix)]
#[test]
fn the_start_each_finding_and_the_summary_are_lines_of_json_at_the_end_of_a_file() {
    let path = file("summary");
    let text = path.display().to_string();
    let setting = format!("stderr=off,summary={text}");
    apart!(
        &[("LOCKWARDEN", &setting), ("LOCKWARDEN_TEST_FILE", &text)],
        || invert(&LEDGER, &AUDIT),
        |outcome| {
            outcome.succeeds();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(text.lines().count(), 3, "{text}");
            for part in [
                "{\"schema\":1,\"kind\":\"start\",\"pid\":",
                "{\"schema\":1,\"kind\":\"finding\",\"pid\":",
                // Nothing is written to standard error.
                ",\"stderr\":null,\"text\":\"lockwarden: Inversion: `ledger` and `audit` are taken in both orders\\n",
                "{\"schema\":1,\"kind\":\"summary\",\"pid\":",
                "\"locks\":2,\"classes\":2,\"orders\":2,\"threads\":2,\"tasks\":0,\"reports\":1,",
                "\"findings\":[{\"sequence\":1,\"verdict\":\"Inversion\",\"headline\":\"Inversion: `ledger` and",
            ] {
                assert!(text.contains(part), "{part} is missing: {text}");
            }
            std::fs::remove_file(&path).unwrap();
        }
    );
}

#[cfg(unix)]
#[test]
fn the_finding_of_a_process_that_does_not_end_in_order_is_in_the_file() {
    let path = file("summary-of-aborted");
    let text = path.display().to_string();
    let setting = format!("stderr=off,summary={text}");
    let is_there =
        |part: &str| std::fs::read_to_string(&path).is_ok_and(|text| text.contains(part));
    apart!(
        &[("LOCKWARDEN", &setting), ("LOCKWARDEN_TEST_FILE", &text)],
        || {
            invert(&LEDGER, &AUDIT);
            while !is_there("\"kind\":\"finding\"") {
                std::thread::yield_now();
            }
            std::process::abort();
        },
        |outcome| {
            assert_eq!(outcome.status.code(), None);
            assert!(is_there("\"kind\":\"start\""));
            assert!(!is_there("\"kind\":\"summary\""));
            std::fs::remove_file(&path).unwrap();
        }
    );
}
