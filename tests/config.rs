//! A program configures the detector: in a process of its own, because that works once.

#[path = "support/child.rs"]
mod child;

use std::panic::Location;

use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;

use child::{Child, Exit, PART};

/// Runs this one test again, as a child with this `LOCKWARDEN`.
fn child(test: &str, lockwarden: &str) -> Exit {
    let exit = Child::of_test(test).env(PART, "all");
    let exit = exit.env("LOCKWARDEN", lockwarden).run();
    assert!(exit.succeeded(), "{exit}");
    exit
}

#[test]
fn a_second_install_is_an_error_that_says_where_the_first_was() {
    if child::part().is_none() {
        let exit = child(
            "a_second_install_is_an_error_that_says_where_the_first_was",
            "",
        );
        assert_eq!(exit.lines_of_ours().next(), None, "{exit}");
        return;
    }
    let line = Location::caller().line();
    Config::new().install().expect("the first one");
    let error = Config::new()
        .on(Verdict::Inversion, Action::Abort)
        .install()
        .expect_err("the second one");
    assert_eq!(error.first().line(), line + 1);
    assert_eq!(error.first().file(), file!());
    assert_eq!(error.site().line(), line + 4);
    assert!(error.to_string().contains(&error.first().to_string()));
    assert!(error.to_string().contains(&error.site().to_string()));
}

#[test]
fn what_the_environment_says_wrong_is_named_once() {
    if child::part().is_none() {
        let exit = child(
            "what_the_environment_says_wrong_is_named_once",
            "inversoin=panic, Stall=report; loud",
        );
        let lines: Vec<&str> = exit.lines_of_ours().collect();
        assert_eq!(lines.len(), 2, "{exit}");
        assert!(
            lines[0].starts_with(
                "LOCKWARDEN: \"inversoin=panic\" is not understood: \"inversoin\" is \
                 no verdict or setting (did you mean Inversion?); allowed are Deadlock, "
            ),
            "{exit}"
        );
        assert!(lines[1].contains("\"loud\" is not understood"), "{exit}");
        return;
    }
    Config::new()
        .install()
        .expect("a bad environment is no reason to fail");
    Config::new().install().expect_err("the second one");
}

/// The settings are read by the first thread that uses a lock. A thread that comes to be parked meanwhile waits for them, in
/// the detector, and is unparked there: the permit is for the program.
#[cfg(target_os = "linux")]
#[test]
fn a_thread_that_waits_for_the_settings_keeps_the_permit_of_an_unpark() {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::mpsc;

    use lockwarden::instrument::futex_sleep;

    static IS_SIGNALED: AtomicBool = AtomicBool::new(false);

    if child::part().is_none() {
        // So many settings that their reading takes a while.
        let settings = "Stall=report;".repeat(9_000);
        for _ in 0..10 {
            child(
                "a_thread_that_waits_for_the_settings_keeps_the_permit_of_an_unpark",
                &settings,
            );
        }
        return;
    }
    let (begins, has_begun) = mpsc::channel();
    let first = std::thread::spawn(move || {
        begins.send(()).unwrap();
        drop(lockwarden::sync::Mutex::new(()).lock());
    });
    has_begun.recv().unwrap();
    let (parks, id) = mpsc::channel();
    let parked = std::thread::spawn(move || {
        let own = std::fs::read_link("/proc/thread-self").unwrap();
        let id = own.file_name().unwrap().to_str().unwrap().parse();
        parks.send(id.unwrap()).unwrap();
        while !IS_SIGNALED.load(Ordering::SeqCst) {
            lockwarden::thread::park();
        }
    });
    let id: u32 = id.recv().unwrap();
    // It sleeps until the settings are read, or is parked by then.
    while futex_sleep(id).is_none() {
        std::thread::yield_now();
    }
    IS_SIGNALED.store(true, Ordering::SeqCst);
    parked.thread().unpark();
    parked.join().unwrap();
    first.join().unwrap();
}
