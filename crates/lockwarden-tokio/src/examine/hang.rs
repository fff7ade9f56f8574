//! Tests of libtest that drive tasks, of which one may hang.
//!
//! A thread with a name, other than the first one, that is in a `block_on` may run a test. How long it is left alone before
//! it is looked at doubles each time, so a thread that serves for long is looked at ever more rarely. Only if all threads
//! of the process sleep then ([`Still`]), it is asked for its stack, once: that shows whether libtest runs a test in it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lockwarden::instrument;
use parking_lot::Mutex;

use super::monitor;
use super::stillness::Still;
use crate::agent::task::Task;
use crate::agent::thread;

/// How long a thread is left alone after it has begun its `block_on`, and all of them after a look at one.
const FIRST: Duration = Duration::from_millis(500);

static DRIVERS: Mutex<Drivers> = Mutex::new(Drivers::none());
/// How many of them may run a test, as far as is known.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether the thread that looks wakes up by itself, when the next of them is to be looked at.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// The threads with a name that are in a `block_on`.
struct Drivers {
    /// By the system's numbers.
    all: BTreeMap<u32, Driver>,
    /// Until when the thread that looks sleeps at most, as it was told last.
    next: Option<Instant>,
    /// When one of them was looked at last.
    looked: Option<Instant>,
}

/// A thread that may run a test.
struct Driver {
    /// Its number among those that poll tasks.
    thread: u64,
    /// When it has begun its `block_on`.
    began: Instant,
    /// When it is looked at next.
    due: Instant,
    /// Whether libtest runs a test in it, once it was asked.
    runs_test: Option<bool>,
}

impl Driver {
    /// The thread with this number begins its `block_on` now.
    fn new(thread: u64, began: Instant) -> Self {
        Self {
            thread,
            began,
            due: began + FIRST,
            runs_test: None,
        }
    }

    fn may_run_test(&self) -> bool {
        self.runs_test != Some(false)
    }
}

impl Drivers {
    const fn none() -> Self {
        Self {
            all: BTreeMap::new(),
            next: None,
            looked: None,
        }
    }

    /// How many of them may run a test.
    fn count(&self) -> usize {
        let may_run_test = self.all.values().filter(|driver| driver.may_run_test());
        may_run_test.count()
    }

    /// When the next one is to be looked at.
    fn next(&mut self) -> Option<Instant> {
        let may_run_test = self.all.values().filter(|driver| driver.may_run_test());
        let due = may_run_test.map(|driver| driver.due).min();
        let rested = self.looked.map(|looked| looked + FIRST);
        self.next = due.map(|due| rested.map_or(due, |rested| due.max(rested)));
        self.next
    }

    /// Whether some of them are looked at `now`; when they are looked at next is put off.
    fn look(&mut self, now: Instant) -> bool {
        let rests = self.looked.is_some_and(|looked| now < looked + FIRST);
        let due = self.all.values_mut();
        let due = due.filter(|driver| !rests && driver.may_run_test() && driver.due <= now);
        let mut is_due = false;
        for driver in due {
            driver.due = now + (now - driver.began);
            is_due = true;
        }
        if is_due {
            self.looked = Some(now);
        }
        is_due
    }

    /// Whether the thread that looks sleeps for longer than until this one is to be looked at.
    fn is_sooner(&self, driver: &Driver) -> bool {
        self.next.is_none_or(|next| driver.due < next)
    }
}

/// The calling thread, which has this number of the system's, begins the outermost of its `block_on`.
pub(crate) fn drives(id: u32) {
    if id == std::process::id() || std::thread::current().name().is_none() {
        return;
    }
    let driver = Driver::new(thread::number(), Instant::now());
    let mut drivers = DRIVERS.lock();
    if drivers.is_sooner(&driver) {
        IS_WATCHED.store(false, Ordering::Relaxed);
    }
    drivers.all.insert(id, driver);
    COUNT.store(drivers.count(), Ordering::Relaxed);
}

/// The thread with this number of the system's is in no `block_on` any more.
pub(crate) fn has_driven(id: u32) {
    let mut drivers = DRIVERS.lock();
    if drivers.all.remove(&id).is_some() {
        COUNT.store(drivers.count(), Ordering::Relaxed);
    }
}

/// A task has begun to wait: the thread that looks is to wake up when a test may hang.
pub(super) fn watch() {
    if COUNT.load(Ordering::Relaxed) != 0 && !IS_WATCHED.load(Ordering::Relaxed) {
        IS_WATCHED.store(true, Ordering::Relaxed);
        monitor::wake();
    }
}

/// When the next thread is to be looked at, if there is one; the caller waits until then.
pub(super) fn next() -> Option<Instant> {
    let mut drivers = DRIVERS.lock();
    let next = drivers.next();
    IS_WATCHED.store(next.is_some(), Ordering::Relaxed);
    next
}

/// Whether a thread was due, all threads of the process sleep, and libtest runs a test in one of them.
pub(super) fn may_have_begun() -> bool {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let is_due = DRIVERS.lock().look(Instant::now());
    if !is_due || Still::look(instrument::observe_all().iter(), true).is_none() {
        return false;
    }
    ask();
    !tests().is_empty()
}

/// Asks each thread that was not asked yet whether libtest runs a test in it.
pub(super) fn ask() {
    let unknown = |(id, driver): (&u32, &Driver)| {
        let is_unknown = driver.runs_test.is_none();
        is_unknown.then_some((*id, driver.began))
    };
    let unknown: Vec<(u32, Instant)> = DRIVERS.lock().all.iter().filter_map(unknown).collect();
    for (id, began) in unknown {
        let runs_test = instrument::runs_test(id);
        let mut drivers = DRIVERS.lock();
        if let Some(driver) = drivers.all.get_mut(&id)
            && driver.began == began
        {
            driver.runs_test = runs_test;
        }
        COUNT.store(drivers.count(), Ordering::Relaxed);
    }
}

/// The threads in which libtest runs a test, as far as they were asked, by their numbers among those that poll tasks.
pub(super) fn tests() -> Vec<u64> {
    let drivers = DRIVERS.lock();
    let tests = drivers
        .all
        .values()
        .filter(|driver| driver.runs_test == Some(true));
    tests.map(|driver| driver.thread).collect()
}

/// The one of `tests` that the task belongs to: that which drives its runtime, or polls it; the only one, if there are no
/// others.
pub(super) fn test_of(task: &Task, tests: &[u64]) -> Option<u64> {
    let driven = task.runtime.as_ref().map(|runtime| runtime.drivers());
    let drives = |test: &&u64| driven.as_ref().is_some_and(|all| all.contains(test));
    let polls = |test: &&u64| **test == task.carrier();
    let found = tests
        .iter()
        .find(drives)
        .or_else(|| tests.iter().find(polls));
    match (found, tests) {
        (None, [only]) => Some(*only),
        _ => found.copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_runs_no_test_is_not_watched() {
        let mut drivers = Drivers::none();
        let now = Instant::now();
        drivers.all.insert(7, Driver::new(1, now));
        assert_eq!((drivers.count(), drivers.next()), (1, Some(now + FIRST)));
        drivers.all.get_mut(&7).unwrap().runs_test = Some(false);
        assert_eq!((drivers.count(), drivers.next()), (0, None));
    }

    #[test]
    fn many_threads_are_looked_at_together() {
        let mut drivers = Drivers::none();
        let now = Instant::now();
        drivers.all.insert(7, Driver::new(1, now));
        drivers.all.insert(8, Driver::new(2, now + FIRST / 4));
        assert!(!drivers.look(now));
        assert!(drivers.look(now + FIRST));
        assert_eq!(drivers.next(), Some(now + FIRST * 2));
        assert!(!drivers.look(now + FIRST * 3 / 2));
        assert!(drivers.look(now + FIRST * 2));
        assert_eq!(drivers.next(), Some(now + FIRST * 15 / 4));
    }

    #[test]
    fn a_new_thread_is_looked_at_before_one_that_has_rest() {
        let mut drivers = Drivers::none();
        let now = Instant::now();
        assert!(drivers.is_sooner(&Driver::new(1, now)));
        let mut old = Driver::new(1, now);
        old.due += FIRST * 8;
        drivers.all.insert(7, old);
        drivers.next();
        let new = Driver::new(2, now + FIRST);
        assert!(drivers.is_sooner(&new));
        drivers.all.insert(8, new);
        drivers.next();
        assert!(!drivers.is_sooner(&Driver::new(3, now + FIRST * 2)));
    }
}
