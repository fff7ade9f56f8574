//! Many threads, many locks, for a while: silent where nothing is wrong, and exact where all is.
//!
//! The long forms are ignored by default; run them with `--ignored`.

// With guards that may be sent, the holder of a lock of `parking_lot`'s flavour is unknown, and its
// deadlocks are not reported.
#![cfg(all(any(debug_assertions, feature = "always"), not(feature = "send_guard")))]

#[path = "support/child.rs"]
mod child;
#[allow(dead_code)]
#[path = "scenarios/harness.rs"]
mod harness;
#[path = "support/verdicts.rs"]
mod verdicts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use lockwarden::config::{Action, Config, Status};
use lockwarden::parking_lot as pl;
use lockwarden::report::{Report, Verdict};
use lockwarden::sync::{Mutex, RwLock};

use self::harness::{Case, LIMIT, case, check, tell};

/// The lock numbers that one step takes, one under the other: always ascending.
///
/// Each lock has a few others that come under it, so that the orders are many but not all there
/// could be, as in a program.
fn step(number: u64, locks: usize) -> [usize; 4] {
    const STRIDES: [usize; 4] = [1, 2, 7, 100];
    let mut at = number as usize % (locks - 300);
    let mut picked = [0; 4];
    for (n, place) in picked.iter_mut().enumerate() {
        *place = at;
        at += STRIDES[(number as usize / locks + n) % STRIDES.len()];
    }
    picked
}

/// The resident memory of this process, in bytes, where that can be known.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// Waits for at least `duration`, and until memory has all but stopped growing: each order is kept
/// as several threads have taken it, which takes them a while to come by.
fn warm_up(duration: Duration) {
    const LOOK: Duration = Duration::from_millis(1_500);
    const PATIENCE: Duration = Duration::from_secs(40);
    let start = Instant::now();
    let mut before = resident();
    loop {
        thread::sleep(LOOK);
        let now = resident();
        let is_settled = now <= before.map(|before| before + before / 16);
        if is_settled && start.elapsed() >= duration {
            return;
        }
        assert!(
            start.elapsed() < duration + PATIENCE,
            "memory does not stop growing: {before:?}, then {now:?}"
        );
        before = now;
    }
}

/// Locks in a consistent order, in `threads` threads, for as long as `duration` after at least as
/// much again of warming up.
fn consistent(threads: usize, duration: Duration) {
    const LOCKS: usize = 10_000;
    let mutexes: Vec<Mutex<u64>> = (0..LOCKS / 2).map(|_| Mutex::named("mutex", 0)).collect();
    let rwlocks: Vec<pl::RwLock<u64>> = (LOCKS / 2..LOCKS)
        .map(|_| pl::RwLock::named("rwlock", 0))
        .collect();
    let started = Barrier::new(threads + 1);
    let stop = AtomicBool::new(false);
    let steps = AtomicU64::new(0);
    let ended = AtomicUsize::new(0);
    thread::scope(|scope| {
        for seed in 0..threads as u64 {
            let (mutexes, rwlocks, started, stop, steps, ended) =
                (&mutexes, &rwlocks, &started, &stop, &steps, &ended);
            let body = move || {
                started.wait();
                let mut number = seed * 7_919;
                while !stop.load(Ordering::Relaxed) {
                    let mut held_mutexes = Vec::new();
                    let mut held_rwlocks = Vec::new();
                    for at in step(number, LOCKS) {
                        if at < LOCKS / 2 {
                            held_mutexes.push(mutexes[at].lock().unwrap());
                        } else {
                            held_rwlocks.push(rwlocks[at - LOCKS / 2].write());
                        }
                    }
                    for value in held_mutexes.iter_mut() {
                        **value += 1;
                    }
                    drop(held_mutexes);
                    drop(held_rwlocks);
                    steps.fetch_add(1, Ordering::Relaxed);
                    number += 104_729;
                }
                ended.fetch_add(1, Ordering::Relaxed);
            };
            thread::Builder::new()
                .stack_size(256 << 10)
                .spawn_scoped(scope, body)
                .expect("the system has room for the threads");
        }
        started.wait();
        warm_up(duration);
        let Status::On(activity) = lockwarden::status() else {
            panic!("it is on");
        };
        let warm = resident();
        let steps_when_warm = steps.load(Ordering::Relaxed);
        thread::sleep(duration);
        let at_last = resident();
        stop.store(true, Ordering::Relaxed);
        println!("{activity}");
        println!(
            "steps {steps_when_warm}, then {}",
            steps.load(Ordering::Relaxed)
        );
        println!("resident {warm:?}, then {at_last:?}");
        if let (Some(warm), Some(at_last)) = (warm, at_last) {
            let allowed = warm + warm / 4 + (16 << 20);
            assert!(
                at_last <= allowed,
                "memory has grown from {warm} to {at_last}"
            );
        }
        assert!(
            steps.load(Ordering::Relaxed) > steps_when_warm,
            "nothing moves"
        );
    });
    assert_eq!(ended.into_inner(), threads, "a thread is lost");
}

#[test]
fn a_thousand_threads_on_ten_thousand_locks() {
    check!([case("short", || consistent(
        1_000,
        Duration::from_millis(1_500)
    ))]);
}

#[test]
#[ignore = "takes two minutes"]
fn a_thousand_threads_on_ten_thousand_locks_for_a_minute() {
    check!([case("long", || consistent(1_000, Duration::from_secs(60)))
        .within(Duration::from_secs(300))]);
}

const GROUPS: usize = 100;

/// `GROUPS` rings of `size` threads that deadlock all at once. Of each ring one thread panics, and
/// the others go on.
fn rings(size: usize, take_both_kinds: bool) {
    let label = |group: usize, at: usize| format!("{group:02}{}", char::from(b'a' + at as u8));
    let mutexes: Vec<Mutex<()>> = (0..GROUPS * size)
        .map(|n| {
            let lock = Mutex::named("mutex", ());
            lock.set_label(label(n / size, n % size));
            lock
        })
        .collect();
    let rwlocks: Vec<RwLock<()>> = (0..GROUPS * size)
        .map(|n| {
            let lock = RwLock::named("rwlock", ());
            lock.set_label(label(n / size, n % size));
            lock
        })
        .collect();
    let ready = Barrier::new(GROUPS * size);
    let panics: Vec<AtomicUsize> = (0..GROUPS).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for group in 0..GROUPS {
            for at in 0..size {
                let (mutexes, rwlocks, ready, panics) = (&mutexes, &rwlocks, &ready, &panics);
                let own = group * size + at;
                let next = group * size + (at + 1) % size;
                let body = move || {
                    let outcome = if take_both_kinds && group % 2 == 1 {
                        let _own = rwlocks[own].read().unwrap();
                        ready.wait();
                        catch_unwind(AssertUnwindSafe(|| drop(rwlocks[next].write())))
                    } else {
                        let _own = mutexes[own].lock().unwrap();
                        ready.wait();
                        catch_unwind(AssertUnwindSafe(|| drop(mutexes[next].lock())))
                    };
                    if outcome.is_err() {
                        panics[group].fetch_add(1, Ordering::Relaxed);
                    }
                };
                thread::Builder::new()
                    .name(label(group, at))
                    .stack_size(512 << 10)
                    .spawn_scoped(scope, body)
                    .expect("the system has room for the threads");
            }
        }
    });
    for (group, panics) in panics.iter().enumerate() {
        assert_eq!(panics.load(Ordering::Relaxed), 1, "in group {group}");
    }
}

/// Looks whether all that a report says belongs to one group, then prints it.
fn of_one_group(report: &Report) {
    let group = |name: &str| name[..2].to_owned();
    let mut groups = Vec::new();
    for thread in &report.threads {
        let name = thread.name.as_deref().expect("all threads have names");
        groups.push(group(name));
        assert!(thread.waits.is_some());
        assert_eq!(thread.held.len(), 1);
        // Each thread holds the lock that has its name.
        let held = report.lock(thread.held[0].lock).expect("it is listed");
        assert_eq!(held.label.as_deref(), Some(name));
    }
    for edge in &report.edges {
        let lock = report.lock(edge.from).expect("it is listed");
        groups.push(group(lock.label.as_deref().expect("all locks have labels")));
    }
    groups.dedup();
    assert_eq!(groups.len(), 1, "{report}");
    assert_eq!(report.edges.len(), report.threads.len());
    tell(report);
}

fn expecting_all(mut case: Case, size: usize) -> Case {
    fn configure(config: Config) -> Config {
        config
            .on(Verdict::Inversion, Action::Ignore)
            .callback(of_one_group)
    }
    for group in 0..GROUPS {
        let names: Vec<String> = (0..size)
            .map(|at| format!("{group:02}{}", char::from(b'a' + at as u8)))
            .collect();
        case = case.finds(format!("Deadlock {}", names.join(" ")));
    }
    case.configured(configure).within(LIMIT * 2)
}

#[test]
fn a_hundred_pairs_that_deadlock_at_once() {
    check!((0..5).map(|n| expecting_all(case(format!("{n}"), || rings(2, false)), 2)));
}

#[test]
fn a_hundred_pairs_of_mutexes_and_of_readers_and_writers() {
    check!((0..3).map(|n| expecting_all(case(format!("{n}"), || rings(2, true)), 2)));
}

#[test]
fn a_hundred_rings_of_four_that_deadlock_at_once() {
    check!((0..2).map(|n| expecting_all(case(format!("{n}"), || rings(4, true)), 4)));
}

#[test]
#[ignore = "takes minutes"]
fn a_hundred_pairs_that_deadlock_at_once_again_and_again() {
    let start = Instant::now();
    check!((0..200).map(|n| expecting_all(case(format!("{n}"), || rings(2, true)), 2)));
    println!("{:?}", start.elapsed());
}
