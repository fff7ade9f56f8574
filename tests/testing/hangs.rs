//! Checks that do not end, and the limit.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use lockwarden::sync::{Arc, Mutex};
use lockwarden::testing::{Check, check};
use lockwarden::thread;

use super::{LONG, WATCHED, run_alone};

#[test]
fn a_check_that_hangs_is_left_behind_with_a_dump() {
    let (never, message) = mpsc::channel::<()>();
    let (waits, is_there) = mpsc::channel();
    let start = Instant::now();
    let (go, nothing) = mpsc::channel();
    let (reads, is_read) = mpsc::channel();
    let other = std::thread::spawn(move || reads_what_no_thread_sends(&reads, &nothing));
    is_read.recv().unwrap();
    let outcome = Check::new().timeout(Duration::from_secs(2)).run(move || {
        let ledger = Arc::new(Mutex::named("hung ledger", ()));
        let ledger2 = Arc::clone(&ledger);
        let _held = ledger.lock().unwrap();
        let waiter = thread::Builder::new().name("the waiter".to_owned());
        let waiter = waiter
            .spawn(move || {
                waits.send(()).unwrap();
                drop(ledger2.lock());
            })
            .unwrap();
        let _ = message.recv();
        let _ = waiter.join();
    });
    is_there.recv().unwrap();
    // Generous: that it came at all is the point.
    assert!(start.elapsed() < LONG);
    let hang = outcome.hung().expect("no thread sends");
    assert_eq!(hang.limit(), Duration::from_secs(2));
    let text = hang.to_string();
    assert!(text.contains("it has not ended within 2s"), "{text}");
    if WATCHED {
        assert!(text.contains("thread `the waiter` ("), "{text}");
        assert!(
            text.contains("waits for `hung ledger` (exclusive) at tests/testing/hangs.rs:"),
            "{text}"
        );
        assert!(text.contains("holds `hung ledger`  exclusive"), "{text}");
        if cfg!(all(
            debug_assertions,
            target_os = "linux",
            feature = "signals"
        )) {
            // The stacks of both, and of those that are of no check: one is this thread.
            let here = "hangs::a_check_that_hangs_is_left_behind_with_a_dump::{{closure}}";
            assert!(text.matches(here).count() >= 2, "{text}");
            let (_, others) = text
                .split_once("\nthe other threads of the process:\n")
                .unwrap();
            let here = "hangs::a_check_that_hangs_is_left_behind_with_a_dump\n";
            assert!(others.contains(here), "{others}");
            let a_std_thread = "hangs::reads_what_no_thread_sends";
            assert!(others.contains(a_std_thread), "{others}");
            assert!(!others.contains("`lockwarden"), "{others}");
        }
        let snapshot = outcome.snapshot();
        assert_eq!(
            snapshot,
            "it hangs\n  T1 holds `hung ledger` (exclusive) taken in hangs.rs\n  T2 waits for `hung \
             ledger` (exclusive) in hangs.rs\n"
        );
    }
    assert!(!outcome.is_clean());
    assert!(std::panic::catch_unwind(|| outcome.assert_clean()).is_err());
    // The process goes on, and so do those that were left behind.
    check(|| ()).assert_clean();
    drop(never);
    drop(go);
    other.join().unwrap();
}

/// A thread that no check knows of.
#[inline(never)]
fn reads_what_no_thread_sends(reads: &mpsc::Sender<()>, nothing: &mpsc::Receiver<()>) {
    reads.send(()).unwrap();
    let _ = nothing.recv();
    std::hint::black_box(());
}

#[test]
#[ignore = "run by other tests, in a process of its own"]
fn case_that_hangs() {
    let outcome = check(|| {
        let (_never, message) = mpsc::channel::<()>();
        let held = Mutex::named("held for ever", ());
        let _held = held.lock().unwrap();
        let _ = message.recv();
    });
    outcome.assert_clean();
}

#[test]
#[ignore = "run by other tests, in a process of its own"]
fn case_that_ends() {
    check(|| ()).assert_clean();
    check(|| ()).assert_clean();
}

#[test]
fn the_environment_sets_the_limit() {
    let (text, passes) = run_alone(
        "hangs::case_that_hangs",
        ("LOCKWARDEN_TEST_TIMEOUT", "200ms"),
    );
    assert!(!passes, "{text}");
    assert!(text.contains("it has not ended within 200ms"), "{text}");
}

#[test]
fn a_limit_that_is_not_understood_is_named_once_and_the_default_stands() {
    let (text, passes) = run_alone("hangs::case_that_ends", ("LOCKWARDEN_TEST_TIMEOUT", "soon"));
    assert!(passes, "{text}");
    let complaint = "LOCKWARDEN_TEST_TIMEOUT: \"soon\" is no number with a unit, such as 500ms, 10s, 2m or 1h; the \
                     limit is 30s, as without it";
    assert_eq!(text.matches(complaint).count(), 1, "{text}");
}
