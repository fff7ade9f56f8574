//! Runs a closure of a test under supervision.

use std::any::Any;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::hang::Hang;
use super::outcome::{Outcome, Panicked};
use super::symbolize;
use crate::config;
use crate::detector;
use crate::detector::order::declaration::open_check;
use crate::engine::ids::Site;
use crate::explore::timeout;
use crate::instrument::CheckMembership;
use crate::sink::panic_message;
use crate::thread::{self, JoinHandle, TimedJoin};

/// Runs `f` on a thread of its own, for at most 30 seconds, and returns the outcome.
///
/// `LOCKWARDEN_TEST_TIMEOUT` changes the limit; the order graph is a fresh one. [`Check`] has methods
/// for both.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{Arc, Mutex};
/// use lockwarden::testing::check;
/// use lockwarden::thread;
///
/// let outcome = check(|| {
///     let total = Arc::new(Mutex::new(0));
///     let adds = Arc::clone(&total);
///     let adder = thread::spawn(move || *adds.lock().unwrap() += 1);
///     adder.join().unwrap();
///     assert_eq!(*total.lock().unwrap(), 1);
/// });
/// outcome.assert_clean();
/// ```
///
/// # Panics
///
/// If the operating system does not start a thread. A panic of `f` is part of the outcome.
#[track_caller]
pub fn check<F>(f: F) -> Outcome
where
    F: FnOnce() + Send + 'static,
{
    Check::new().run(f)
}

/// The order graph of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Graph {
    /// The orders that the threads of the check take, and those that were declared. The same check then
    /// finds the same each time, whatever else the process does or has done.
    #[default]
    Fresh,
    /// All orders that the process has seen, before the check and during it. An order that one test
    /// takes can then contradict that of another test, and is reported once.
    Shared,
}

/// The settings of a check.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::testing::{Check, Graph};
///
/// let outcome = Check::new()
///     .timeout(Duration::from_secs(5))
///     .graph(Graph::Shared)
///     .run(|| println!("under supervision"));
/// outcome.assert_clean();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is run before `run`"]
pub struct Check {
    timeout: Option<Duration>,
    graph: Graph,
}

impl Check {
    /// Returns the defaults: a limit of 30 seconds, or of `LOCKWARDEN_TEST_TIMEOUT` (`500ms`, `5s`,
    /// `2m`), and a fresh order graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limit, and overrides the environment.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    #[cfg(feature = "macros")]
    pub(super) fn limit(&self) -> Option<Duration> {
        self.timeout
    }

    /// Sets the order graph.
    pub fn graph(mut self, graph: Graph) -> Self {
        self.graph = graph;
        self
    }

    /// Runs `f` on a thread of its own, and returns the outcome.
    ///
    /// # Panics
    ///
    /// If the operating system does not start a thread. A panic of `f` is part of the outcome.
    #[track_caller]
    pub fn run<F>(self, f: F) -> Outcome
    where
        F: FnOnce() + Send + 'static,
    {
        self.run_at(Box::new(f), Location::caller())
    }

    /// Boxed, so that a test binary has one copy of this function; and the library has none.
    #[inline]
    pub(super) fn run_at(self, f: Box<dyn FnOnce() + Send>, site: Site) -> Outcome {
        let limit = self.timeout.unwrap_or_else(timeout::default);
        let watched = is_watched();
        let trial = watched.then(|| open_check(self.graph == Graph::Fresh));
        let number = trial.as_ref().map(|trial| trial.number());
        let start = Instant::now();
        let cohort = CheckMembership::of(number.unwrap_or(0));
        let body = move || {
            cohort.enter();
            f();
        };
        let joining = TimedJoin::of(spawn_named(body));
        let mut end = None;
        if let Some(lead) = symbolize::lead(limit).filter(|_| watched) {
            end = joining.within((limit - lead).saturating_sub(start.elapsed()));
            if end.is_none() {
                symbolize::prepare();
            }
        }
        let end = end.or_else(|| joining.within(limit.saturating_sub(start.elapsed())));
        // Captured while the threads are still where they hang.
        let hang = end.is_none().then(|| Hang::new(limit, number));
        let gathered = trial.map(|trial| trial.close()).unwrap_or_default();
        let payload = end.and_then(Result::err);
        let panicked = payload.and_then(|payload| {
            let message = message(&*payload);
            // The panic by which the detector has broken a deadlock is part of its finding.
            let own = gathered.panics.contains(&message);
            (!own).then_some(Panicked {
                message,
                payload: payload.into(),
            })
        });
        Outcome {
            findings: gathered.findings,
            counted: gathered.counted,
            broken: !gathered.panics.is_empty(),
            hang,
            panicked,
            watched,
            site,
        }
    }
}

/// Starts a thread with the name of the calling thread, which is that of the test, so that the message of a panic names
/// the test.
#[inline]
pub(super) fn spawn_named(body: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let mut builder = thread::Builder::new();
    if let Some(name) = thread::current().name() {
        builder = builder.name(name.to_owned());
    }
    let handle = builder.spawn(body);
    handle.expect("the operating system starts a thread")
}

/// Returns whether locks are watched, in this build and process.
pub(super) fn is_watched() -> bool {
    detector::ON && config::current().enabled
}

pub(super) fn message(payload: &(dyn Any + Send)) -> String {
    let text = panic_message(payload).unwrap_or("something that is no text");
    text.to_owned()
}
