//! Fixed interleavings, without sleeps.

use std::panic::Location;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::steps::{Entry, Steps};
use crate::engine::ids::Site;
use crate::instrument::{LockKind, Resource, WaitReason};

static TURNSTILE: LockKind = LockKind::new("Turnstile").resource();

/// How long a thread waits for its step unless [`Turnstile::limit`] changes that.
const LIMIT: Duration = Duration::from_secs(10);

/// Forces the steps of several threads into one order.
///
/// It is made with the names of its steps, in the order in which they are to happen. A thread that
/// arrives at a step waits until all steps before it are done: [`pass`](Self::pass) completes the step
/// at once, [`turn`](Self::turn) runs a closure as the step. A name that occurs several times stands
/// for several steps, in their order.
///
/// To the detector a turnstile orders nothing: it is no part of the program, so the steps that it
/// separates in a test still count as concurrent.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::Mutex;
/// use lockwarden::testing::Turnstile;
/// use lockwarden::thread;
///
/// let turnstile = Turnstile::new(["a1", "b1", "a2"]);
/// let log = Mutex::new(Vec::new());
/// let write = |step| turnstile.turn(step, || log.lock().unwrap().push(step));
/// thread::scope(|scope| {
///     scope.spawn(|| {
///         write("a1");
///         write("a2");
///     });
///     scope.spawn(|| write("b1"));
/// });
/// assert_eq!(log.into_inner().unwrap(), ["a1", "b1", "a2"]);
/// ```
///
/// A deadlock that closes each time, to be run in an instrumented build:
///
/// ```no_run
/// use lockwarden::report::Verdict;
/// use lockwarden::sync::Mutex;
/// use lockwarden::testing::{Turnstile, check};
/// use lockwarden::thread;
///
/// let outcome = check(|| {
///     let (a, b) = (Mutex::named("a", ()), Mutex::named("b", ()));
///     let turnstile = Turnstile::new(["one has a", "two has b", "one goes on"]);
///     thread::scope(|scope| {
///         let one = scope.spawn(|| {
///             let _a = turnstile.turn("one has a", || a.lock());
///             turnstile.pass("one goes on");
///             let _b = b.lock();
///         });
///         let two = scope.spawn(|| {
///             let _b = turnstile.turn("two has b", || b.lock());
///             let _a = a.lock();
///         });
///         // The thread that closes the deadlock breaks it, by a panic.
///         let _ = (one.join(), two.join());
///     });
/// });
/// outcome.assert_finds(Verdict::Deadlock).among(["a", "b"]);
/// ```
#[derive(Debug)]
pub struct Turnstile {
    limit: Duration,
    steps: Mutex<Steps>,
    moved: Condvar,
    record: Resource,
}

impl Turnstile {
    /// Returns a turnstile with these steps, none of which is done.
    #[must_use]
    #[track_caller]
    pub fn new<S: Into<String>>(steps: impl IntoIterator<Item = S>) -> Self {
        let steps = steps.into_iter().map(Into::into).collect();
        Self {
            limit: LIMIT,
            steps: Mutex::new(Steps::new(steps)),
            moved: Condvar::new(),
            record: Resource::new(&TURNSTILE),
        }
    }

    /// Sets how long a thread waits for its step; ten seconds by default.
    #[inline]
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Waits until all steps before this one are done, and completes it: what the calling thread did so
    /// far comes before what the thread of the next step does after that.
    ///
    /// # Panics
    ///
    /// As [`turn`](Self::turn).
    #[inline]
    #[track_caller]
    pub fn pass(&self, step: &str) {
        self.turn(step, || ());
    }

    /// Waits until all steps before this one are done, and runs `f` as this step: the next step waits
    /// until `f` has returned.
    ///
    /// # Panics
    ///
    /// With the waiting threads,
    ///
    /// - if the limit is over and no thread has arrived at the next step;
    /// - at once, if no thread can pass any more: there is no such step, or all of that name are done
    ///   or waited for; the calling thread is within a step of its own, which would have to end first;
    ///   a thread panicked in its step; another thread has exceeded its limit.
    ///
    /// A thread that is already unwinding neither waits nor panics again: if it is not its turn, no
    /// thread can pass any more.
    #[track_caller]
    pub fn turn<R>(&self, step: &str, f: impl FnOnce() -> R) -> R {
        let turn = self.begin(step, Location::caller());
        let result = f();
        if let Some(mut turn) = turn {
            turn.is_done = true;
        }
        result
    }

    /// Waits for the step; `None` if a thread that unwinds cannot run it.
    #[inline]
    fn begin(&self, name: &str, site: Site) -> Option<Turn<'_>> {
        let entry = self.steps.lock().enter(name, site);
        let step = match entry {
            Ok(Entry::Turn) => return Some(self.turn_of()),
            Ok(Entry::Wait(step)) => step,
            Err(why) => return self.fail(&why),
        };
        let deadline = Instant::now() + self.limit;
        // However the wait ends, by a panic of the detector too, the other threads wake.
        let mut waiting = Waiting {
            turnstile: self,
            step: Some(step),
        };
        if std::thread::panicking() {
            return None;
        }
        let answer = self.record.wait(WaitReason::Arrival, site, |limit| {
            let mut steps = self.steps.lock();
            if let Some(answer) = steps.look(step) {
                return Some(answer);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Some(Err(steps.give_up(self.limit)));
            }
            self.moved
                .wait_for(&mut steps, limit.map_or(left, |limit| limit.min(left)));
            steps.look(step)
        });
        waiting.step = None;
        match answer {
            Ok(()) => Some(self.turn_of()),
            Err(why) => self.fail(&why),
        }
    }

    #[inline]
    fn tell_all(&self) {
        self.moved.notify_all();
        self.record.provided();
    }

    #[inline]
    fn turn_of(&self) -> Turn<'_> {
        Turn {
            turnstile: self,
            is_done: false,
        }
    }

    /// Ends all waits with this reason; the caller panics if it can.
    #[inline]
    #[track_caller]
    fn fail(&self, why: &str) -> Option<Turn<'_>> {
        self.tell_all();
        if !std::thread::panicking() {
            panic!("lockwarden: {why}");
        }
        None
    }
}

/// A thread that runs a step.
struct Turn<'a> {
    turnstile: &'a Turnstile,
    is_done: bool,
}

impl Drop for Turn<'_> {
    #[inline]
    fn drop(&mut self) {
        self.turnstile.steps.lock().end(self.is_done);
        self.turnstile.tell_all();
    }
}

/// A thread that waits for its step.
struct Waiting<'a> {
    turnstile: &'a Turnstile,
    step: Option<usize>,
}

impl Drop for Waiting<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(step) = self.step {
            self.turnstile.steps.lock().leave(step);
            self.turnstile.tell_all();
        }
    }
}
