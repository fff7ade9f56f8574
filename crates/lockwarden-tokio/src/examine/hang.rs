//! Threads that drive tasks: one that runs a test, or a program, may hang.
//!
//! How long a thread that is in a `block_on` is left alone before it is looked at doubles each time, up to [`LONGEST`]. Only if all
//! threads of the process sleep then ([`Still`]), those that may run a test are asked for their stack, once: that shows
//! whether libtest runs a test in them. If it runs none, the whole process is what hangs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lockwarden::instrument;
use parking_lot::Mutex;

use super::monitor;
use super::stillness::Still;
use crate::agent::origin;
use crate::agent::task::{Kind, Task};
use crate::agent::thread;

/// How long a thread is left alone after it has begun its `block_on`, and all of them after a look at one.
const FIRST: Duration = Duration::from_millis(500);
/// How long it is left alone at most after it was looked at.
const LONGEST: Duration = Duration::from_secs(10);

/// What hangs where no test does: the program. No thread has this number.
const PROGRAM: u64 = 0;

static DRIVERS: Mutex<Drivers> = Mutex::new(Drivers::none());
/// How many there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);
/// Whether the thread that looks wakes up by itself, when the next of them is to be looked at.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);

/// The threads that are in a `block_on`.
struct Drivers {
    /// By the system's numbers.
    all: BTreeMap<u32, Driver>,
    /// Until when the thread that looks sleeps at most, as it was told last.
    next: Option<Instant>,
    /// When one of them was looked at last.
    looked: Option<Instant>,
}

/// A thread that is in a `block_on`.
struct Driver {
    /// Its number among those that poll tasks.
    thread: u64,
    /// When it has begun its `block_on`.
    began: Instant,
    /// When it is looked at next.
    due: Instant,
    /// Whether libtest runs a test in it; none if it was not asked.
    runs_test: Option<bool>,
}

impl Driver {
    /// The thread with this number begins its `block_on` now.
    fn new(thread: u64, runs_test: Option<bool>, began: Instant) -> Self {
        Self {
            thread,
            began,
            due: began + FIRST,
            runs_test,
        }
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

    /// When the next one is to be looked at.
    fn next(&mut self) -> Option<Instant> {
        let due = self.all.values().map(|driver| driver.due).min();
        let rested = self.looked.map(|looked| looked + FIRST);
        self.next = due.map(|due| rested.map_or(due, |rested| due.max(rested)));
        self.next
    }

    /// Whether some of them are looked at `now`; when they are looked at next is put off.
    fn look(&mut self, now: Instant) -> bool {
        let rests = self.looked.is_some_and(|looked| now < looked + FIRST);
        let due = self.all.values_mut();
        let due = due.filter(|driver| !rests && driver.due <= now);
        let mut is_due = false;
        for driver in due {
            driver.due = now + (now - driver.began).min(LONGEST);
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
    // libtest runs a test in a thread with a name.
    let may_run_test = id != std::process::id() && std::thread::current().name().is_some();
    let runs_test = (!may_run_test).then_some(false);
    let driver = Driver::new(thread::number(), runs_test, Instant::now());
    let mut drivers = DRIVERS.lock();
    if drivers.is_sooner(&driver) {
        IS_WATCHED.store(false, Ordering::Relaxed);
    }
    drivers.all.insert(id, driver);
    COUNT.store(drivers.all.len(), Ordering::Relaxed);
    drop(drivers);
    watch();
}

/// The thread with this number of the system's is in no `block_on` any more.
pub(crate) fn has_driven(id: u32) {
    let mut drivers = DRIVERS.lock();
    if drivers.all.remove(&id).is_some() {
        COUNT.store(drivers.all.len(), Ordering::Relaxed);
    }
}

/// The thread that looks is to wake up when one of the threads may hang. It does so already, but for once in a while.
fn watch() {
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

/// Whether a thread was due and what it runs may hang: all threads of the process sleep.
pub(super) fn may_have_begun() -> bool {
    if COUNT.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let is_due = DRIVERS.lock().look(Instant::now());
    let is_still = |runs_tests| Still::look(instrument::observe_all().iter(), runs_tests).is_some();
    if !is_due || !is_still(true) {
        return false;
    }
    ask();
    !tests().is_empty() || is_still(false)
}

/// What hangs if all threads of the process sleep, by the numbers of [`tests`]: those, or else the program, unless a thread
/// drives a future of which nothing is known, and may rest for as long as the program runs.
pub(super) fn hanging() -> Vec<u64> {
    let tests = tests();
    if !tests.is_empty() {
        return tests;
    }
    let rests = origin::anonymous()
        .iter()
        .any(|origin| origin.kind == Kind::Driven);
    Vec::from_iter((!rests).then_some(PROGRAM))
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
            driver.runs_test = Some(runs_test == Some(true));
        }
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
    fn a_thread_that_drives_for_long_is_looked_at_again_and_again() {
        let mut drivers = Drivers::none();
        let now = Instant::now();
        assert_eq!(drivers.next(), None);
        drivers.all.insert(7, Driver::new(1, None, now));
        let mut due = Vec::new();
        while due.len() < 8 {
            let next = drivers.next().unwrap();
            assert!(drivers.look(next));
            due.push((next - now).as_secs_f32());
        }
        assert_eq!(due, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 26.0, 36.0]);
    }

    #[test]
    fn many_threads_are_looked_at_together() {
        let mut drivers = Drivers::none();
        let now = Instant::now();
        drivers.all.insert(7, Driver::new(1, None, now));
        drivers.all.insert(8, Driver::new(2, None, now + FIRST / 4));
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
        assert!(drivers.is_sooner(&Driver::new(1, None, now)));
        let mut old = Driver::new(1, None, now);
        old.due += FIRST * 8;
        drivers.all.insert(7, old);
        drivers.next();
        let new = Driver::new(2, None, now + FIRST);
        assert!(drivers.is_sooner(&new));
        drivers.all.insert(8, new);
        drivers.next();
        assert!(!drivers.is_sooner(&Driver::new(3, None, now + FIRST * 2)));
    }
}
