//! A counter that threads share, with methods that call each other: each of them locks, so the
//! lock has to be re-entrant.
//!
//! ```text
//! cargo run --example shared_counter
//! cargo run --example shared_counter -- --bug
//! ```
//!
//! With `--bug`, the same counter is made with a plain mutex: `add_many` locks it and calls `add`,
//! which locks it again. That is reported as a self-deadlock, at the call and before it blocks, and
//! the panic in its place leaves the mutex unlocked.

use std::cell::Cell;
use std::process::ExitCode;

use lockwarden::parking_lot::ReentrantMutex;
use lockwarden::sync::{Mutex, PoisonError};
use lockwarden::thread;

const THREADS: usize = 4;
const ROUNDS: u64 = 1_000;

trait Counter: Sync {
    fn add(&self);
    /// No thread sees the counter between the first and the last of these.
    fn add_many(&self, n: u64);
    fn total(&self) -> u64;
}

/// Whoever has the lock may take it again, so it gives out shared references alone: hence the cell.
struct Reentrant(ReentrantMutex<Cell<u64>>);

impl Counter for Reentrant {
    fn add(&self) {
        let total = self.0.lock();
        total.set(total.get() + 1);
    }

    fn add_many(&self, n: u64) {
        let _together = self.0.lock();
        for _ in 0..n {
            self.add();
        }
    }

    fn total(&self) -> u64 {
        self.0.lock().get()
    }
}

/// Whoever has the lock must not take it again.
struct Plain(Mutex<u64>);

impl Counter for Plain {
    fn add(&self) {
        let mut total = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *total += 1;
    }

    fn add_many(&self, n: u64) {
        let _together = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..n {
            self.add();
        }
    }

    fn total(&self) -> u64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(counter: &dyn Counter) {
    for _ in 0..ROUNDS {
        counter.add();
        counter.add_many(2);
    }
}

/// Has the threads count, and says how many of them came to their end.
fn run(counter: &dyn Counter) -> usize {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let thread = thread::Builder::new().name(format!("counter {number}"));
                let spawned = thread.spawn_scoped(scope, || count(counter));
                spawned.expect("a thread can be spawned")
            })
            .collect();
        let ends = threads.into_iter().map(|thread| thread.join().is_ok());
        ends.filter(|&ok| ok).count()
    })
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("shared_counter: lockwarden is {}", lockwarden::status());
        eprintln!("shared_counter: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }
    let counter: Box<dyn Counter> = if bug {
        Box::new(Plain(Mutex::named("counter", 0)))
    } else {
        Box::new(Reentrant(ReentrantMutex::named("counter", Cell::new(0))))
    };
    let ended = run(&*counter);
    println!("{ended} of {THREADS} threads came to their end");
    println!("the counter is at {}", counter.total());
    let expected = 3 * ROUNDS * THREADS as u64;
    ExitCode::from(u8::from(counter.total() != expected))
}
