//! A lock that `lockwarden` does not know, a home-made spin lock, is made to take part through the
//! module `instrument`: an inversion between it and an ordinary mutex is found.
//!
//! ```text
//! cargo run --example custom_lock
//! ```
//!
//! What the spin lock needed is a record beside its state and four calls: `attempt` before a wait,
//! `acquired` after it or without it, `released` before the release, `retired` before the end.

#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use lockwarden::config::Config;
use lockwarden::instrument::{AcquireKind, Hold, Lock, LockKind, Mode};
use lockwarden::report::Verdict;
use lockwarden::sync::Mutex;

// ---- the lock -----------------------------------------------------------------------------------

/// The word that reports use, and the rules of the lock: it is only ever held exclusively.
static SPIN_LOCK: LockKind = LockKind::new("SpinLock");

struct SpinLock<T> {
    locked: AtomicBool,
    record: Lock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard alone, and there is one guard at a time.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// The class of the lock is the place of the call, unless it is given a name.
    #[track_caller]
    const fn named(name: &'static str, value: T) -> Self {
        Self {
            locked: AtomicBool::new(false),
            record: Lock::named(&SPIN_LOCK, name),
            value: UnsafeCell::new(value),
        }
    }

    #[track_caller]
    fn lock(&self) -> SpinGuard<'_, T> {
        let site = Location::caller();
        if self.take() {
            // The guard first: `acquired` may be configured to panic, and the lock is then
            // released on the way.
            let mut guard = SpinGuard {
                lock: self,
                hold: None,
            };
            guard.hold = Some(
                self.record
                    .acquired(Mode::Exclusive, AcquireKind::Blocking, site),
            );
            return guard;
        }
        // A wait that would never end ends here, in a panic.
        let attempt = self
            .record
            .attempt(Mode::Exclusive, AcquireKind::Blocking, site);
        while !self.take() {
            thread::yield_now();
        }
        SpinGuard {
            lock: self,
            hold: Some(attempt.acquired()),
        }
    }

    fn take(&self) -> bool {
        // Acquire pairs with the Release in `drop`: what the last holder wrote is seen.
        !self.locked.swap(true, Ordering::Acquire)
    }
}

struct SpinGuard<'a, T> {
    lock: &'a SpinLock<T>,
    /// Also keeps the guard in the thread that made it.
    hold: Option<Hold>,
}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the lock is held for as long as this guard lives.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for SpinGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and the guard is borrowed exclusively.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for SpinGuard<'_, T> {
    fn drop(&mut self) {
        if let Some(hold) = self.hold.take() {
            self.lock.record.released(hold);
        }
        // Release pairs with the Acquire in `take`.
        self.lock.locked.store(false, Ordering::Release);
    }
}

// ---- the program --------------------------------------------------------------------------------

static TICKS: SpinLock<u64> = SpinLock::named("ticks", 0);
static LOG: Mutex<Vec<u64>> = Mutex::named("log", Vec::new());

static INVERSIONS: AtomicUsize = AtomicUsize::new(0);

/// Ticks, then the log.
fn tick() {
    let mut ticks = TICKS.lock();
    *ticks += 1;
    LOG.lock().unwrap().push(*ticks);
}

/// The log, then ticks: the bug.
fn is_complete() -> bool {
    let log = LOG.lock().unwrap();
    log.len() as u64 == *TICKS.lock()
}

fn main() -> ExitCode {
    Config::new()
        .callback(|report| {
            if report.verdict == Verdict::Inversion {
                // Relaxed: the thread that counts is joined before the number is read.
                INVERSIONS.fetch_add(1, Ordering::Relaxed);
            }
        })
        .install()
        .expect("no other thread installs a configuration");

    // The two take turns, so that this run does not hang; it is found all the same.
    let (ticked, wait_for_tick) = mpsc::channel();
    let complete = thread::scope(|scope| {
        scope.spawn(move || {
            tick();
            ticked.send(()).expect("the reader waits");
        });
        let reader = scope.spawn(move || {
            wait_for_tick.recv().expect("the other thread sends");
            is_complete()
        });
        reader.join().expect("nothing panics")
    });

    let inversions = INVERSIONS.load(Ordering::Relaxed);
    println!("log complete: {complete}; inversions reported: {inversions}");
    let expected = usize::from(lockwarden::status().is_on());
    ExitCode::from(u8::from(!complete || inversions != expected))
}
