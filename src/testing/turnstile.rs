//! Fixed interleavings, without sleeps.

use std::panic::Location;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::steps::{Entry, Steps};
use crate::engine::ids::Site;
use crate::instrument::{LockKind, Resource, WaitReason};

static TURNSTILE: LockKind = LockKind::new("Turnstile");

/// How long a thread waits for its turn unless [`Turnstile::limit`] says something else.
const LIMIT: Duration = Duration::from_secs(10);

/// Lets threads go on in one order, whatever the scheduler wants.
///
/// It is made with the names of its steps, in the order in which they are to happen. A thread that
/// comes to a step waits until all steps before it are done: to [`pass`](Self::pass) says that what
/// the thread did so far is done, and to take a [`turn`](Self::turn) does something meanwhile. A
/// name that stands there several times is several steps, in their order.
///
/// To the detector a turnstile orders nothing: it is no part of the program, and what it keeps apart
/// in a test is concurrent all the same.
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
    /// A turnstile with these steps, none of which is done.
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

    /// Sets how long a thread waits for its turn, in place of ten seconds.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Waits until all steps before this one are done, and does it: whatever the calling thread did
    /// so far comes before what the thread of the next step does after that.
    ///
    /// # Panics
    ///
    /// As [`turn`](Self::turn).
    #[track_caller]
    pub fn pass(&self, step: &str) {
        self.turn(step, || ());
    }

    /// Waits until all steps before this one are done, and does it by running `f`: the next step
    /// waits until that has returned.
    ///
    /// # Panics
    ///
    /// With who waits where,
    ///
    /// - if the limit is over and nobody has come for the next step;
    /// - at once, if nobody can come any more: there is no such step, or all of that name are done or
    ///   waited for; the calling thread is within a turn of its own, which would have to end first;
    ///   a thread panicked in its turn; another thread has waited in vain.
    ///
    /// A thread that unwinds already does not wait, and panics no more: if it is not its turn, nobody
    /// can come any more.
    #[track_caller]
    pub fn turn<R>(&self, step: &str, f: impl FnOnce() -> R) -> R {
        let turn = self.begin(step, Location::caller());
        let result = f();
        if let Some(mut turn) = turn {
            turn.is_done = true;
        }
        result
    }

    /// Waits for the turn; `None` if there is none for a thread that unwinds.
    fn begin(&self, name: &str, site: Site) -> Option<Turn<'_>> {
        let entry = self.steps.lock().enter(name, site);
        let step = match entry {
            Ok(Entry::Turn) => return Some(self.turn_of()),
            Ok(Entry::Wait(step)) => step,
            Err(why) => return self.fail(&why),
        };
        let deadline = Instant::now() + self.limit;
        // Whatever comes out of the wait, a panic of the detector too, the others are told.
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

    fn tell_all(&self) {
        self.moved.notify_all();
        self.record.provided();
    }

    fn turn_of(&self) -> Turn<'_> {
        Turn {
            turnstile: self,
            is_done: false,
        }
    }

    /// Nobody will come: whoever waits is told, and the caller panics if it can.
    #[track_caller]
    fn fail(&self, why: &str) -> Option<Turn<'_>> {
        self.tell_all();
        if !std::thread::panicking() {
            panic!("lockwarden: {why}");
        }
        None
    }
}

/// A thread that carries out a step.
struct Turn<'a> {
    turnstile: &'a Turnstile,
    is_done: bool,
}

impl Drop for Turn<'_> {
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
    fn drop(&mut self) {
        if let Some(step) = self.step {
            self.turnstile.steps.lock().leave(step);
            self.turnstile.tell_all();
        }
    }
}
