//! Many threads, and threads that do all sorts of things while they are asked.

use std::collections::HashSet;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use lockwarden::sync::Mutex;
use lockwarden::watchdog::{NoStack, dump};

use crate::child::apart;

const THREADS: usize = 1_000;

#[test]
fn of_a_thousand_threads_none_is_lost() {
    apart!(
        &[],
        || {
            static LOCK: Mutex<()> = Mutex::named("one for all", ());
            let held = LOCK.lock().unwrap();
            let ready = Arc::new(Barrier::new(THREADS + 1));
            let threads: Vec<_> = (0..THREADS)
                .map(|number| {
                    let ready = Arc::clone(&ready);
                    let thread = thread::Builder::new()
                        .name(format!("worker-{number}"))
                        .stack_size(256 << 10);
                    let run = move || {
                        ready.wait();
                        drop(LOCK.lock().unwrap());
                    };
                    thread
                        .spawn(run)
                        .expect("the system has room for a thousand threads")
                })
                .collect();
            ready.wait();
            let waits = |dump: &lockwarden::watchdog::Dump| {
                dump.threads.iter().filter(|t| t.waits.is_some()).count()
            };
            let mut dump = dump();
            while waits(&dump) < THREADS {
                dump = lockwarden::watchdog::dump();
            }
            let start = Instant::now();
            let dump = lockwarden::watchdog::dump();
            let captured = start.elapsed();
            let text = dump.to_string();
            println!(
                "TOOK {captured:?} to capture, {:?} with the text",
                start.elapsed()
            );
            let named: HashSet<&str> = dump
                .threads
                .iter()
                .filter_map(|thread| thread.name.as_deref())
                .collect();
            for number in 0..THREADS {
                assert!(
                    named.contains(format!("worker-{number}").as_str()),
                    "{number}"
                );
            }
            let lost: Vec<String> = dump
                .threads
                .iter()
                .filter_map(|thread| thread.stack.as_ref().err())
                .filter(|why| **why != NoStack::Watchdog)
                .map(ToString::to_string)
                .collect();
            assert!(lost.is_empty(), "{lost:?}");
            assert!(text.contains("worker-999"));
            drop(held);
            threads
                .into_iter()
                .for_each(|thread| thread.join().unwrap());
        },
        |outcome| {
            outcome.succeeds();
            let took = outcome.stdout.lines().find(|line| line.starts_with("TOOK"));
            println!("{}", took.unwrap_or_default());
        }
    );
}

/// Threads that start and end, allocate, panic, and take locks, until they are asked to stop.
fn load(stop: &'static AtomicBool, rounds: &'static AtomicU64) -> Vec<thread::JoinHandle<()>> {
    static LOCKS: [Mutex<u64>; 3] = [const { Mutex::new(0) }; 3];
    let jobs: [fn(); 5] = [
        || {
            let children: Vec<_> = (0..4)
                .map(|_| thread::spawn(|| *LOCKS[0].lock().unwrap() += 1))
                .collect();
            children.into_iter().for_each(|child| child.join().unwrap());
        },
        || {
            let kept: Vec<Vec<u8>> = (1..200).map(|size| vec![1; size * 37]).collect();
            black_box(kept);
        },
        || {
            let result = std::panic::catch_unwind(|| {
                // No hook, no text: the unwinder is what matters.
                std::panic::resume_unwind(Box::new(7));
            });
            assert!(result.is_err());
        },
        || {
            for lock in &LOCKS {
                *lock.lock().unwrap() += 1;
            }
            // Made, used and dropped: what they are known by is given back and used again.
            let many: Vec<Mutex<u64>> = (0..300).map(Mutex::new).collect();
            many.iter().for_each(|lock| *lock.lock().unwrap() += 1);
        },
        || {
            drop(black_box(std::backtrace::Backtrace::force_capture()));
            thread::yield_now();
        },
    ];
    let run = move |job: fn()| {
        move || {
            while !stop.load(Ordering::Relaxed) {
                job();
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        }
    };
    jobs.into_iter()
        .map(|job| thread::spawn(run(job)))
        .collect()
}

fn dumps_under_load(dumps: u32) {
    static STOP: AtomicBool = AtomicBool::new(false);
    static ROUNDS: AtomicU64 = AtomicU64::new(0);
    let threads = load(&STOP, &ROUNDS);
    let (mut stacks, mut all) = (0, 0);
    let start = Instant::now();
    for number in 0..dumps {
        let dump = dump();
        all += dump.threads.len();
        stacks += dump
            .threads
            .iter()
            .filter(|thread| thread.stack.is_ok())
            .count();
        if number % 100 == 0 {
            black_box(dump.to_string());
        }
    }
    println!(
        "TOOK {:?} for {dumps} dumps, {stacks} stacks of {all} threads",
        start.elapsed()
    );
    STOP.store(true, Ordering::Relaxed);
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert!(stacks > dumps as usize, "{stacks} of {all}");
    assert!(ROUNDS.load(Ordering::Relaxed) > 0);
}

#[test]
fn dumps_under_load_crash_nothing() {
    apart!(&[], || dumps_under_load(300), |outcome| outcome.succeeds());
}

/// The long form: `cargo test --test watchdog -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_dumps_under_load_crash_nothing() {
    apart!(&[], || dumps_under_load(10_000), |outcome| {
        outcome.succeeds();
        let took = outcome.stdout.lines().find(|line| line.starts_with("TOOK"));
        println!("{}", took.unwrap_or_default());
    });
}
