//! What watching costs at primitives that are no locks, where no thread has to wait: ours and those
//! that are not watched, side by side in one process.
//!
//! ```text
//! cargo bench --features channel,queue --bench primitives
//! cargo bench --features channel,queue --bench primitives -- CASE
//! ```
//!
//! A line a case: the median of ours and of the others in nanoseconds an operation, their ratio,
//! and the same for the smallest samples. What is compared with is std's or crossbeam's, and where
//! they have none, the same made as small as can be (`bare.rs`).

mod bare;
#[path = "../common/mod.rs"]
mod common;
#[path = "../common/enabled.rs"]
mod enabled;

use std::hint::black_box;
use std::time::{Duration, Instant};

use common::random::Random;
use common::rounds::{self, Row, Run};

/// Samples a case.
const ROUNDS: usize = 41;
const SAMPLE: Duration = Duration::from_millis(1);
/// Not to be passed.
const GOAL: f64 = 1.3;

/// Runs an operation so many times.
fn time(count: u64, mut operation: impl FnMut(u64)) -> Duration {
    let begin = Instant::now();
    for at in 0..count {
        operation(at);
    }
    begin.elapsed()
}

/// A case as two functions: with what is watched, and with what is not.
macro_rules! case {
    ($name:literal, |$subject:ident, $at:ident| $operation:expr, $ours:expr, $bare:expr) => {
        (
            $name,
            [
                (|count| {
                    let $subject = $ours;
                    time(count, |$at| {
                        $operation;
                    })
                }) as Run,
                (|count| {
                    let $subject = $bare;
                    time(count, |$at| {
                        $operation;
                    })
                }) as Run,
            ],
        )
    };
}

fn cases() -> Vec<(&'static str, [Run; 2])> {
    use lockwarden::{channel, queue, sync};
    vec![
        (
            "semaphore: acquire, release",
            [
                |count| {
                    let semaphore = sync::Semaphore::new(4);
                    time(count, |_| drop(black_box(semaphore.acquire())))
                },
                |count| {
                    let semaphore = bare::Semaphore::new(4);
                    time(count, |_| {
                        black_box(&semaphore).acquire();
                        semaphore.release();
                    })
                },
            ],
        ),
        case!(
            "event: set, wait, clear",
            |event, _at| {
                event.set();
                black_box(&event).wait();
                event.clear();
            },
            sync::Event::new(),
            bare::Event::new()
        ),
        case!(
            "event: wait, when it is set",
            |event, _at| black_box(&event).wait(),
            {
                let event = sync::Event::new();
                event.set();
                event
            },
            {
                let event = bare::Event::new();
                event.set();
                event
            }
        ),
        case!(
            "barrier of one: wait",
            |barrier, _at| black_box(barrier.wait()),
            sync::Barrier::new(1),
            std::sync::Barrier::new(1)
        ),
        case!(
            "mpsc: send, receive",
            |ends, at| {
                ends.0.send(at).unwrap();
                black_box(ends.1.recv().unwrap())
            },
            sync::mpsc::channel(),
            std::sync::mpsc::channel()
        ),
        case!(
            "mpsc of 16: send, receive",
            |ends, at| {
                ends.0.send(at).unwrap();
                black_box(ends.1.recv().unwrap())
            },
            sync::mpsc::sync_channel(16),
            std::sync::mpsc::sync_channel(16)
        ),
        case!(
            "crossbeam: send, receive",
            |ends, at| {
                ends.0.send(at).unwrap();
                black_box(ends.1.recv().unwrap())
            },
            channel::unbounded(),
            crossbeam_channel::unbounded()
        ),
        case!(
            "crossbeam of 16: send, receive",
            |ends, at| {
                ends.0.send(at).unwrap();
                black_box(ends.1.recv().unwrap())
            },
            channel::bounded(16),
            crossbeam_channel::bounded(16)
        ),
        (
            "queue: put, get, task_done",
            [
                |count| {
                    let queue = queue::Queue::new();
                    time(count, |at| {
                        queue.put(at).unwrap();
                        black_box(queue.get().unwrap());
                        queue.task_done().unwrap();
                    })
                },
                |count| {
                    let queue = bare::Queue::new();
                    time(count, |at| {
                        queue.put(at);
                        black_box(queue.get());
                        queue.task_done();
                    })
                },
            ],
        ),
    ]
}

fn main() {
    enabled::ensure("primitives", "always,channel,queue");
    let filter: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |name: &str| filter.is_empty() || filter.iter().any(|part| name.contains(part));
    let mut rows: Vec<Row> = cases()
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .map(|(name, runs)| Row::calibrated(name.to_owned(), runs, SAMPLE))
        .collect();
    rounds::run(&mut rows, ROUNDS, &mut Random::new(0x9214));
    println!(
        "{:<32} {:>9} {:>9} {:>6}  {:>9} {:>9} {:>6}",
        "case", "ours_ns", "bare_ns", "ratio", "least", "least", "ratio"
    );
    for row in &rows {
        let figures = row.figures();
        let ratio = figures.ours.median / figures.bare.median;
        println!(
            "{:<32} {:>9.2} {:>9.2} {ratio:>6.2}  {:>9.2} {:>9.2} {:>6.2}{}",
            row.name,
            figures.ours.median,
            figures.bare.median,
            figures.ours.least,
            figures.bare.least,
            figures.ours.least / figures.bare.least,
            if ratio > GOAL { "  over 1.30" } else { "" }
        );
    }
}
