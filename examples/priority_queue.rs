//! A priority queue made by hand: a heap in a mutex, a condition variable for those who find it
//! empty. Three workers take the most urgent job each time; the queue is closed when all is done.
//!
//! ```text
//! cargo run --example priority_queue
//! cargo run --example priority_queue -- --bug
//! ```
//!
//! With `--bug`, the queue is closed without a notification: the flag changes, and the workers, who
//! wait at that time, never look at it again. No thread is left who could wake them, so it is
//! reported as a deadlock: the workers wait for a notification of `more`, and the main thread for
//! them. The panic that breaks it ends the program.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::process::ExitCode;

use lockwarden::sync::{Condvar, Mutex};
use lockwarden::thread;

const WORKERS: usize = 3;

/// What is to be done next stands first: the lowest level, and of one level what came first.
type Job = Reverse<(u32, usize, &'static str)>;

struct State {
    heap: BinaryHeap<Job>,
    pushed: usize,
    /// How many workers wait for a job.
    idle: usize,
    closed: bool,
}

/// The most urgent first.
struct Jobs {
    state: Mutex<State>,
    /// There is a job, or the queue is closed.
    more: Condvar,
    /// All workers wait.
    all_idle: Condvar,
}

static JOBS: Jobs = Jobs {
    state: Mutex::named(
        "jobs",
        State {
            heap: BinaryHeap::new(),
            pushed: 0,
            idle: 0,
            closed: false,
        },
    ),
    more: Condvar::named("more"),
    all_idle: Condvar::named("all idle"),
};

impl Jobs {
    fn push(&self, level: u32, text: &'static str) {
        let mut state = self.state.lock().unwrap();
        state.pushed += 1;
        let job = Reverse((level, state.pushed, text));
        state.heap.push(job);
        self.more.notify_one();
    }

    /// The most urgent job; waits until there is one. Nothing comes out of a closed queue once it
    /// is empty.
    fn pop(&self) -> Option<&'static str> {
        let mut state = self.state.lock().unwrap();
        loop {
            if let Some(Reverse((_, _, text))) = state.heap.pop() {
                return Some(text);
            }
            if state.closed {
                return None;
            }
            state.idle += 1;
            self.all_idle.notify_one();
            state = self.more.wait(state).unwrap();
            state.idle -= 1;
        }
    }

    /// Waits until nothing is left to do and no thread is doing anything.
    fn wait_until_idle(&self) {
        let mut state = self.state.lock().unwrap();
        while state.idle < WORKERS || !state.heap.is_empty() {
            state = self.all_idle.wait(state).unwrap();
        }
    }

    fn close(&self) {
        self.state.lock().unwrap().closed = true;
        self.more.notify_all();
    }

    /// The same, with the second half forgotten.
    fn close_in_silence(&self) {
        self.state.lock().unwrap().closed = true;
    }
}

fn work() -> Vec<&'static str> {
    std::iter::from_fn(|| JOBS.pop()).collect()
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("priority_queue: lockwarden is {}", lockwarden::status());
        eprintln!("priority_queue: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }

    JOBS.push(3, "sweep the floor");
    JOBS.push(1, "put out the fire");
    JOBS.push(2, "feed the cat");
    println!("first of all: {}", JOBS.pop().unwrap_or("nothing"));

    let workers: Vec<_> = (0..WORKERS)
        .map(|number| {
            let thread = thread::Builder::new().name(format!("worker {number}"));
            thread.spawn(work).expect("a thread can be spawned")
        })
        .collect();
    JOBS.wait_until_idle();
    println!("all is done");
    if bug {
        JOBS.close_in_silence();
    } else {
        JOBS.close();
    }

    let mut done: Vec<_> = workers
        .into_iter()
        .flat_map(|worker| worker.join().expect("a worker ends by itself"))
        .collect();
    done.sort_unstable();
    println!("then: {}", done.join(", "));
    ExitCode::SUCCESS
}
