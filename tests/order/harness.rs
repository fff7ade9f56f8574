//! Runs a case in a process of its own and returns what was found there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lockwarden::config::{Action, Config};
use lockwarden::report::Verdict;
use lockwarden::sync::Mutex;
use lockwarden::thread::{self, Scope};

use crate::child::{self, Child, PART};
use crate::verdicts;

/// Longer than any case that passes takes, on a machine that is busy with other things.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Which verdicts are reported.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reported {
    /// Those that are reported by default.
    Default,
    /// All of them.
    All,
}

/// What `run` finds, in a process of its own, in which it comes to its end: each verdict with the
/// names of the locks of its cycle, the first in the alphabet first.
pub(crate) fn found_in(test: &str, reported: Reported, run: impl FnOnce()) -> Vec<String> {
    if child::part().is_some() {
        child::body(|| {
            configure(reported);
            run();
        });
    }
    let exit = Child::of_test(test).env(PART, "all").run();
    exit.succeeds();
    let found = verdicts::found(&exit);
    found.into_iter().map(str::to_owned).collect()
}

fn configure(reported: Reported) {
    let config = Config::new().stderr(false).tracing(false);
    let mut config = config.callback(verdicts::announce);
    if reported == Reported::All {
        for verdict in [Verdict::Ordered, Verdict::Guarded, Verdict::SingleThread] {
            config = config.on(verdict, Action::Report);
        }
    }
    config.install().expect("nothing was installed before");
}

/// [`found_in`], for the test that this stands in.
macro_rules! found {
    ($reported:expr, $run:expr) => {{ $crate::harness::found_in($crate::child::this_test!(), $reported, $run) }};
}
pub(crate) use found;

/// Takes the one lock and, under it, the other, and lets go of both.
pub(crate) fn nest(outer: &Mutex<()>, inner: &Mutex<()>) {
    let _outer = outer.lock().unwrap();
    let _inner = inner.lock().unwrap();
}

/// Two locks, and what takes them in this order and in the other.
pub(crate) fn orders() -> (
    impl FnOnce() + Send + 'static,
    impl FnOnce() + Send + 'static,
) {
    let a = Arc::new(Mutex::named("a", ()));
    let b = Arc::new(Mutex::named("b", ()));
    let (a2, b2) = (Arc::clone(&a), Arc::clone(&b));
    (move || nest(&a, &b), move || nest(&b2, &a2))
}

/// Starts two threads of a scope, the second when the first is at its end. They do not meet, but
/// nothing orders them.
pub(crate) fn apart<'scope>(
    scope: &'scope Scope<'scope, '_>,
    first: impl FnOnce() + Send + 'scope,
    second: impl FnOnce() + Send + 'scope,
) {
    let first = scope.spawn(first);
    while !first.is_finished() {
        thread::yield_now();
    }
    scope.spawn(second);
}

/// Runs `first` in a thread, and, when it is over, `second` in another. Nothing orders them.
pub(crate) fn one_after_the_other(first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    let over = AtomicBool::new(false);
    thread::scope(|s| {
        s.spawn(|| {
            first();
            over.store(true, Ordering::Release);
        });
        s.spawn(|| {
            while !over.load(Ordering::Acquire) {
                thread::yield_now();
            }
            second();
        });
    });
}
