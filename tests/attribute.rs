//! `#[lockwarden::test]`, under libtest. Tests that are to fail are ignored here, and run by others
//! in a process of their own.

#![cfg(feature = "macros")]

#[path = "support/child.rs"]
mod child;

use lockwarden::sync::{Arc, Mutex};
use lockwarden::thread;

use child::Child;

/// Whether this build watches its locks.
const WATCHED: bool = cfg!(any(debug_assertions, feature = "always"));

/// Takes two locks in both orders, on threads that nothing orders.
fn invert() {
    let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
    let nest = |outer: &Mutex<()>, inner: &Mutex<()>| {
        let _outer = outer.lock().unwrap();
        let _inner = inner.lock().unwrap();
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| nest(&a, &b));
        while !first.is_finished() {
            thread::yield_now();
        }
        scope.spawn(|| nest(&b, &a));
    });
}

#[lockwarden::test]
fn a_clean_test_passes() {
    assert_eq!(*Mutex::new(5).lock().unwrap(), 5);
}

#[lockwarden::test(timeout = "2m", graph = "Shared")]
fn options_go_together() {}

/// The crate under another name, as a renamed package or a re-export gives it.
mod renamed {
    pub(crate) use lockwarden as watched;
}

#[lockwarden::test(
    lockwarden = "crate::renamed::watched",
    expect = "Inversion",
    timeout = "2m"
)]
fn the_crate_may_have_another_name() {
    invert();
}

#[lockwarden::test(expect = "Inversion")]
fn what_is_expected_is_found() {
    invert();
}

#[lockwarden::test(expect = "SelfDeadlock")]
fn a_thread_that_locks_twice_is_found() {
    let m = Mutex::new(());
    let _first = m.lock();
    let _second = m.lock();
}

#[lockwarden::test]
fn a_result_may_be_returned_and_need_not_be_sent() -> Result<(), Box<dyn std::error::Error>> {
    let number: u8 = "7".parse()?;
    assert_eq!(number, 7);
    Ok(())
}

#[lockwarden::test]
#[should_panic(expected = "on purpose, in the body")]
fn a_panic_that_should_be_is_the_bodys_own() {
    panic!("on purpose, in the body");
}

/// A test with a documentation, which looks at the name of its thread.
#[lockwarden::test]
fn the_thread_has_the_name_of_the_test() {
    let name = thread::current().name().map(str::to_owned);
    // With one thread of tests, libtest runs them on its own.
    let names = ["the_thread_has_the_name_of_the_test", "main"];
    assert!(names.contains(&name.as_deref().unwrap()), "{name:?}");
}

#[lockwarden::test]
#[ignore = "run by another test: it fails"]
fn fails_by_a_finding() {
    invert();
}

#[lockwarden::test(expect = "Deadlock")]
#[ignore = "run by another test: it fails"]
fn fails_for_want_of_a_finding() {
    invert();
}

#[lockwarden::test(timeout = "100ms")]
#[ignore = "run by another test: it fails"]
fn fails_in_time() {
    let (_never, message) = std::sync::mpsc::channel::<()>();
    let _ = message.recv();
}

#[lockwarden::test]
#[ignore = "run by another test: it fails"]
fn fails_by_an_error() -> Result<(), String> {
    Err("an error of the test".to_owned())
}

#[lockwarden::test(expect = "Inversion")]
#[ignore = "run by another test: it fails"]
fn fails_by_a_panic_beside_the_finding() {
    invert();
    panic!("a panic of the test");
}

/// Two threads that deadlock in some schedules.
fn race() {
    let locks = Arc::new((Mutex::named("a", ()), Mutex::named("b", ())));
    let other = Arc::clone(&locks);
    let other = thread::spawn(move || {
        let _b = other.1.lock();
        let _a = other.0.lock();
    });
    {
        let _a = locks.0.lock();
        let _b = locks.1.lock();
    }
    let _ = other.join();
}

#[lockwarden::test(explore = 200, seed = 3, strategy = "pct:2", expect = "Deadlock")]
fn an_exploration_finds_what_is_expected() {
    race();
}

#[lockwarden::test(explore = 50)]
fn an_exploration_of_a_right_test_passes() -> Result<(), String> {
    let sum = Arc::new(Mutex::new(0));
    let adds = Arc::clone(&sum);
    let adder = thread::spawn(move || *adds.lock().unwrap() += 1);
    *sum.lock().unwrap() += 1;
    adder.join().map_err(|_| "it panicked".to_owned())?;
    assert_eq!(*sum.lock().unwrap(), 2);
    Ok(())
}

#[lockwarden::test]
#[ignore = "run by another test, with schedules: it fails"]
fn loses_an_addition() {
    let sum = Arc::new(Mutex::new(0));
    let add = |sum: &Mutex<i32>| {
        let seen = *sum.lock().unwrap();
        *sum.lock().unwrap() = seen + 1;
    };
    let other = Arc::clone(&sum);
    let adder = thread::spawn(move || add(&other));
    add(&sum);
    adder.join().unwrap();
    assert_eq!(*sum.lock().unwrap(), 2, "an addition was lost");
}

/// The text of the line that runs a schedule again.
fn replay(text: &str) -> &str {
    let (_, rest) = text.split_once(".replay(\"").expect(text);
    rest.split_once('"').expect(text).0
}

#[test]
fn the_environment_explores_and_replays_a_test() {
    if !WATCHED {
        return;
    }
    let run = |value: &str| {
        let child = Child::of_test("loses_an_addition");
        let exit = child.env("LOCKWARDEN_EXPLORE", value).run();
        (exit.output(), exit.succeeded())
    };
    let (text, passes) = run("500,seed=1,strategy=random");
    assert!(!passes && text.contains("an addition was lost"), "{text}");
    assert!(text.contains("the schedule:"), "{text}");
    let (text, passes) = run(&format!("replay={}", replay(&text)));
    assert!(!passes && text.contains("1 schedule, "), "{text}");
    let (text, _) = run("many");
    assert!(
        text.contains("LOCKWARDEN_EXPLORE: \"many\" is not understood"),
        "{text}"
    );
}

/// Runs a test that is ignored: what it prints, and whether it passes.
fn run(test: &str) -> (String, bool) {
    let exit = Child::of_test(test).run();
    (exit.output(), exit.succeeded())
}

#[test]
fn tests_that_are_to_fail_do_and_say_why() {
    for (test, words, where_watched) in [
        ("fails_by_a_finding", "Inversion: `a` and `b`", true),
        ("fails_for_want_of_a_finding", "no Deadlock was found", true),
        ("fails_in_time", "it has not ended within 100ms", false),
        (
            "fails_by_an_error",
            "Error: \"an error of the test\"",
            false,
        ),
        (
            "fails_by_a_panic_beside_the_finding",
            "a panic of the test",
            true,
        ),
    ] {
        let (text, passes) = run(test);
        let ought_to_pass = where_watched && !WATCHED;
        assert_eq!(passes, ought_to_pass, "{test}: {text}");
        assert!(passes || text.contains(words), "{test}: {text}");
        // An editor opens the place of the test, and none in the library.
        assert!(!text.contains("harness.rs"), "{test}: {text}");
        assert!(
            text.contains("1 passed") || text.contains("1 failed"),
            "{text}"
        );
    }
}
