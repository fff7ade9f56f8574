//! The test helpers, as a test uses them.

mod asserts;
mod checks;
#[path = "../support/child.rs"]
mod child;
mod graphs;
mod hangs;
mod panics;
mod snapshots;
mod turnstiles;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;

use lockwarden::sync::{Arc, Mutex};
use lockwarden::thread;

use child::Child;

/// Whether this build watches its locks.
const WATCHED: bool = cfg!(any(debug_assertions, feature = "always"));

/// Longer than anything here takes that goes well, on a machine that is busy with other things.
const LONG: std::time::Duration = child::LIMIT;

/// The message with which `f` fails.
fn failure(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it fails");
    *payload.downcast::<String>().expect("it fails with words")
}

/// Runs a test that is ignored, in a process of its own, with this in the environment: what it
/// prints, and whether it passes.
fn run_alone(test: &str, variable: (&str, &str)) -> (String, bool) {
    let exit = Child::of_test(test).envs(&[variable]).run();
    (exit.output(), exit.succeeded())
}

/// Takes the one lock and, under it, the other.
#[track_caller]
fn nest<A, B>(outer: &Mutex<A>, inner: &Mutex<B>) {
    let _outer = outer.lock().unwrap();
    let _inner = inner.lock().unwrap();
}

/// Runs the two on threads of their own, the second when the first is at its end; but nothing
/// orders them.
fn apart(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let first = scope.spawn(first);
        while !first.is_finished() {
            thread::yield_now();
        }
        scope.spawn(second);
    });
}

/// Two threads that close a deadlock over locks of these names, as often as it is called; whoever
/// does not break it goes on.
fn deadlock(a: &'static str, b: &'static str) {
    let locks = Arc::new((Mutex::named(a, ()), Mutex::named(b, ())));
    let both_hold = Arc::new(Barrier::new(2));
    let (locks2, both_hold2) = (Arc::clone(&locks), Arc::clone(&both_hold));
    let other = thread::spawn(move || {
        let _b = locks2.1.lock().unwrap_or_else(|e| e.into_inner());
        both_hold2.wait();
        let _a = locks2.0.lock().unwrap_or_else(|e| e.into_inner());
    });
    let one = thread::spawn(move || {
        let _a = locks.0.lock().unwrap_or_else(|e| e.into_inner());
        both_hold.wait();
        let _b = locks.1.lock().unwrap_or_else(|e| e.into_inner());
    });
    let ended = [one.join(), other.join()];
    assert!(ended.iter().filter(|end| end.is_err()).count() <= 1);
}
