//! Fixed interleavings: each step of each thread has a number, and they are taken in turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longer than any wait of a test that passes.
const LIMIT: Duration = Duration::from_secs(30);

/// Whose turn it is.
#[derive(Default)]
pub(crate) struct Turns {
    next: Mutex<usize>,
    passed: Condvar,
}

impl Turns {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Waits for turn number `turn`, and passes the next one on when `step` is done.
    pub(crate) fn take<R>(&self, turn: usize, step: impl FnOnce() -> R) -> R {
        self.reach(turn);
        let result = step();
        self.pass(turn);
        result
    }

    /// Waits until turn number `turn` has come.
    pub(crate) fn reach(&self, turn: usize) {
        let next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let (_next, waited) = self
            .passed
            .wait_timeout_while(next, LIMIT, |next| *next < turn)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!waited.timed_out(), "turn {turn} does not come");
    }

    /// Ends turn number `turn`.
    pub(crate) fn pass(&self, turn: usize) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(*next, turn, "a turn is passed by whoever has it");
        *next += 1;
        self.passed.notify_all();
    }
}

/// Waits until something holds of which no thread sends word, such as that another thread is blocked.
///
/// Not a race: what is waited for is certain to come, and nothing is concluded from the time.
pub(crate) fn until(mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed() < LIMIT, "it does not come to hold");
        thread::yield_now();
    }
}

/// Runs `f` in another thread to its end. Its panic goes on here.
pub(crate) fn elsewhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| match scope.spawn(f).join() {
        Ok(result) => result,
        Err(payload) => std::panic::resume_unwind(payload),
    })
}

/// Runs `f`, which panics, and returns the text of the panic.
pub(crate) fn panics<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()))
            .unwrap_or_default(),
    }
}
