//! Six workers copy files, and a semaphore sees to it that no more than three are open at a time.
//!
//! ```text
//! cargo run --example semaphore_workers
//! cargo run --example semaphore_workers -- --bug
//! ```
//!
//! With `--bug`, a worker keeps its permit while it waits for a second one, for the file that it
//! copies to. As soon as all permits are held by workers that want one more, no thread gives any back:
//! that is reported as a deadlock over permits of `open files`. The panic that breaks it gives back
//! the permit of its thread. Those who go on can meet in the same way again, and are reported again,
//! until the last ones get through.

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockwarden::sync::{Event, Semaphore};
use lockwarden::thread;

const WORKERS: usize = 6;
const FILES: usize = 50;
const LIMIT: usize = 3;

static OPEN_FILES: Semaphore = Semaphore::named("open files", LIMIT);

/// In the run with the bug: all permits are taken before the first worker asks for its second one,
/// so that every run looks the same.
static ALL_TAKEN: Event = Event::named("all taken");

/// How many files are open, and how many were at the same time.
static OPEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// An open file, of which there must not be too many.
struct File;

impl File {
    fn open() -> Self {
        // Relaxed, here and below: the threads that count are joined before any thread reads.
        let open = OPEN.fetch_add(1, Ordering::Relaxed) + 1;
        MOST.fetch_max(open, Ordering::Relaxed);
        Self
    }
}

impl Drop for File {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Reads a file to its end, closes it, and then writes the other one.
fn copy() {
    for _ in 0..2 {
        let _permit = OPEN_FILES.acquire();
        let _file = File::open();
        thread::yield_now();
    }
}

/// Opens the second file while the first one is open.
fn copy_at_once() {
    let _permit = OPEN_FILES.acquire();
    let _from = File::open();
    if OPEN_FILES.available_permits() == 0 {
        ALL_TAKEN.set();
    }
    ALL_TAKEN.wait();
    let _second_permit = OPEN_FILES.acquire();
    let _to = File::open();
}

fn work(copy: fn()) {
    for _ in 0..FILES {
        copy();
    }
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("semaphore_workers: lockwarden is {}", lockwarden::status());
        eprintln!("semaphore_workers: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }

    let copy = if bug { copy_at_once } else { copy };
    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let thread = thread::Builder::new().name(format!("worker {number}"));
            let spawned = thread.spawn(move || work(copy));
            spawned.expect("a thread can be spawned")
        })
        .collect();
    let ended = workers.into_iter().map(|worker| worker.join().is_ok());
    let ended = ended.filter(|&ok| ok).count();

    let most = MOST.load(Ordering::Relaxed);
    println!("{ended} of {WORKERS} workers came to their end");
    println!("never more than {LIMIT} files were open: {}", most <= LIMIT);
    ExitCode::from(u8::from(ended != WORKERS || most > LIMIT))
}
