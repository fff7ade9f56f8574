//! Exploration of schedules: each bug is found in its racy form, without turnstiles, and right programs
//! stay silent.

#![cfg(any(debug_assertions, feature = "always"))]

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lockwarden::parking_lot;
use lockwarden::report::{Report, Verdict};
use lockwarden::sync::{Arc, Condvar, Mutex, RwLock};
use lockwarden::testing::explore::{self, Explore, FindingKind, Outcome, Schedule, Strategy};
use lockwarden::thread;

/// An exploration that waits for its threads however busy the machine is.
fn explore<F: Fn() + Send + Sync + 'static>(body: F) -> Explore<F> {
    explore::explore(body).patience(LONG).timeout(LONG)
}

/// Longer than anything takes that goes well.
const LONG: Duration = Duration::from_secs(300);

/// The reports among the findings.
fn reports(outcome: &Outcome) -> Vec<&Report> {
    let kinds = outcome.findings().iter().map(|finding| finding.kind());
    kinds
        .filter_map(|kind| match kind {
            FindingKind::Report(report) => Some(&**report),
            _ => None,
        })
        .collect()
}

/// Two threads, two locks, opposite orders; nothing forces them to meet.
fn opposite_orders() {
    let locks = Arc::new((Mutex::named("left", 0), Mutex::named("right", 0)));
    let other = Arc::clone(&locks);
    let other = thread::spawn(move || {
        let _right = other.1.lock().unwrap();
        let _left = other.0.lock().unwrap();
    });
    {
        let _left = locks.0.lock().unwrap();
        let _right = locks.1.lock().unwrap();
    }
    let _ = other.join();
}

#[test]
fn opposite_orders_deadlock_with_each_strategy_and_again_in_the_replay() {
    let strategies = [
        Strategy::Random,
        Strategy::Pct { depth: 2 },
        Strategy::DepthFirst { preemptions: 1 },
    ];
    for strategy in strategies {
        let outcome = explore(opposite_orders).strategy(strategy).run();
        let finding = outcome.assert_deadlock().unwrap();
        println!(
            "{strategy:?}: schedule {} {}",
            finding.number(),
            finding.schedule()
        );
        assert!(finding.number() <= 100, "{strategy:?}: {outcome}");
        assert!(finding.is_exact());
        let again = explore(opposite_orders)
            .replay(&finding.schedule().to_string())
            .run();
        let found = again.assert_deadlock().unwrap();
        assert_eq!(found.schedule(), finding.schedule());
        assert_eq!((again.schedules(), again.inexact()), (1, 0));
        assert!(reports(&again).iter().any(|report| {
            let names: BTreeSet<_> = report.locks.iter().filter_map(|lock| lock.name).collect();
            report.verdict == Verdict::Deadlock && names == BTreeSet::from(["left", "right"])
        }));
    }
}

#[test]
fn a_finding_prints_the_line_that_runs_it_again() {
    let outcome = explore(opposite_orders).seed(7).run();
    let finding = outcome.assert_deadlock().unwrap();
    let text = outcome.to_string();
    assert!(text.contains("(seed 7)"), "{text}");
    let line = format!("to run it again: .replay(\"{}\")", finding.schedule());
    assert!(text.contains(&line), "{text}");
    let parsed: Schedule = finding.schedule().to_string().parse().unwrap();
    assert_eq!(&parsed, finding.schedule());
}

#[test]
fn a_seed_leads_to_the_same_schedules() {
    let with = |seed| {
        let outcome = explore(opposite_orders).seed(seed).run();
        let finding = outcome.assert_deadlock().unwrap();
        (finding.number(), finding.schedule().clone())
    };
    let seeds: Vec<_> = (0..8).map(with).collect();
    assert_eq!(seeds, (0..8).map(with).collect::<Vec<_>>());
    let different: HashSet<_> = seeds.iter().map(|(_, schedule)| schedule).collect();
    assert!(different.len() > 1);
}

#[test]
fn right_programs_stay_silent() {
    let outcome = explore(|| {
        let total = Arc::new((Mutex::new(0), RwLock::new(0)));
        let adders: Vec<_> = (0..3)
            .map(|_| {
                let total = Arc::clone(&total);
                thread::spawn(move || {
                    let seen = *total.1.read().unwrap();
                    *total.0.lock().unwrap() += 1;
                    let mut sum = total.0.lock().unwrap();
                    *total.1.write().unwrap() += 1;
                    *sum += seen - seen;
                })
            })
            .collect();
        for adder in adders {
            adder.join().unwrap();
        }
        assert_eq!(*total.0.lock().unwrap(), 3);
        assert_eq!(*total.1.read().unwrap(), 3);
    })
    .run();
    outcome.assert_clean();
    assert_eq!((outcome.schedules(), outcome.inexact()), (1_000, 0));
}

#[test]
fn an_order_that_data_decides_is_found() {
    // Each thread takes the lock that comes first by the number that it has read: 0 or 1.
    let outcome = explore(|| {
        let shared = Arc::new((
            Mutex::named("turn", 0),
            [Mutex::named("even", ()), Mutex::named("odd", ())],
        ));
        thread::scope(|scope| {
            for _ in 0..2 {
                let shared = &shared;
                scope.spawn(move || {
                    let turn = {
                        let mut turn = shared.0.lock().unwrap();
                        *turn += 1;
                        *turn % 2
                    };
                    let _first = shared.1[turn].lock();
                    let _second = shared.1[1 - turn].lock();
                });
            }
        });
    })
    .run();
    let finding = outcome.assert_deadlock().unwrap();
    println!("found by schedule {}", finding.number());
}

#[test]
fn a_join_under_the_lock_that_the_thread_needs_is_found() {
    let outcome = explore(|| {
        let lock = Arc::new(Mutex::named("lock", 0));
        let other = Arc::clone(&lock);
        let worker = thread::spawn(move || *other.lock().unwrap() += 1);
        let held = lock.lock().unwrap();
        if *held == 0 {
            let _ = worker.join();
        }
        drop(held);
    })
    .run();
    let finding = outcome.assert_deadlock().unwrap();
    let texts: Vec<String> = reports(&outcome).iter().map(ToString::to_string).collect();
    assert!(texts.iter().all(|text| !text.contains("fork")), "{texts:?}");
    println!("found by schedule {}", finding.number());
}

#[test]
fn a_value_that_is_lost_between_two_sections_is_found() {
    let outcome = explore(|| {
        let total = Arc::new(Mutex::new(0));
        let add = |total: &Mutex<i32>| {
            let seen = *total.lock().unwrap();
            *total.lock().unwrap() = seen + 1;
        };
        let other = Arc::clone(&total);
        let adder = thread::spawn(move || add(&other));
        add(&total);
        adder.join().unwrap();
        assert_eq!(*total.lock().unwrap(), 2, "an addition was lost");
    })
    .run();
    let finding = &outcome.findings()[0];
    let FindingKind::Panic(message) = finding.kind() else {
        panic!("{outcome}");
    };
    assert!(message.contains("an addition was lost"), "{message}");
    let again = explore(|| ()).replay(&finding.schedule().to_string()).run();
    assert_eq!(
        again.inexact(),
        1,
        "another body does not follow the schedule"
    );
}

#[test]
fn a_writer_between_two_reads_of_a_thread_is_found_and_passed_by_recursive_readers() {
    fn body<L: Sync + Send + 'static>(lock: L, read: fn(&L, &dyn Fn()), write: fn(&L)) {
        let lock = Arc::new(lock);
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || write(&other));
        read(&lock, &|| read(&lock, &|| ()));
        let _ = writer.join();
    }
    let outcome = explore(|| {
        let read = |lock: &parking_lot::RwLock<i32>, f: &dyn Fn()| {
            let _held = lock.read();
            f();
        };
        body(parking_lot::RwLock::new(0), read, |lock| *lock.write() += 1);
    })
    .run();
    let finding = outcome.assert_deadlock().unwrap();
    println!("found by schedule {}", finding.number());
    let outcome = explore(|| {
        let read = |lock: &parking_lot::RecursiveRwLock<i32>, f: &dyn Fn()| {
            let _held = lock.read();
            f();
        };
        let lock = parking_lot::RecursiveRwLock::new(0);
        body(lock, read, |lock| *lock.write() += 1);
    })
    .schedules(200)
    .run();
    outcome.assert_clean();
}

#[test]
fn a_try_that_fails_is_explored() {
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&failures);
    let outcome = explore(move || {
        let lock = Arc::new(Mutex::new(0));
        let other = Arc::clone(&lock);
        let adder = thread::spawn(move || *other.lock().unwrap() += 1);
        if lock.try_lock().is_err() {
            seen.fetch_add(1, Ordering::Relaxed);
        }
        adder.join().unwrap();
    })
    .schedules(100)
    .run();
    outcome.assert_clean();
    let failures = failures.load(Ordering::Relaxed);
    assert!((1..100).contains(&failures), "{failures} of 100 failed");
}

#[test]
fn a_wait_with_a_limit_ends_with_and_without_the_lock() {
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&failures);
    let outcome = explore(move || {
        let lock = Arc::new(parking_lot::Mutex::new(0));
        let other = Arc::clone(&lock);
        let adder = thread::spawn(move || *other.lock() += 1);
        let hours = Duration::from_secs(36_000);
        if lock.try_lock_for(hours).is_none() {
            seen.fetch_add(1, Ordering::Relaxed);
        }
        adder.join().unwrap();
    })
    .schedules(100)
    .run();
    outcome.assert_clean();
    let failures = failures.load(Ordering::Relaxed);
    assert!((1..100).contains(&failures), "{failures} of 100 failed");
}

#[test]
fn a_spin_that_yields_and_a_sleep_are_explored() {
    let outcome = explore(|| {
        let done = Arc::new(Mutex::new(false));
        let other = Arc::clone(&done);
        let setter = thread::spawn(move || {
            thread::sleep(Duration::from_secs(36_000));
            *other.lock().unwrap() = true;
        });
        while !*done.lock().unwrap() {
            thread::yield_now();
        }
        while !setter.is_finished() {
            thread::yield_now();
        }
        setter.join().unwrap();
    })
    .schedules(100)
    .run();
    outcome.assert_clean();
    assert_eq!((outcome.schedules(), outcome.inexact()), (100, 0));
}

#[test]
fn a_thread_that_waits_for_something_foreign_loses_its_turn() {
    let outcome = explore(|| {
        let (send, receive) = std::sync::mpsc::channel();
        let sender = thread::spawn(move || send.send(5).unwrap());
        assert_eq!(receive.recv(), Ok(5));
        sender.join().unwrap();
    })
    .patience(Duration::from_millis(20))
    .schedules(5)
    .run();
    outcome.assert_clean();
    assert_eq!((outcome.schedules(), outcome.inexact()), (5, 5));
}

#[test]
fn a_wait_that_the_detector_cannot_judge_is_stuck() {
    // A lock whose guard was forgotten by a thread that has ended: no ring of threads waits for it.
    let outcome = explore(|| {
        let lock = Arc::new(Mutex::named("forgotten", 0));
        let other = Arc::clone(&lock);
        let holder = thread::spawn(move || std::mem::forget(other.lock()));
        holder.join().unwrap();
        let _never = lock.lock();
    })
    .schedules(10)
    .run();
    let finding = outcome.assert_deadlock().unwrap();
    assert_eq!(finding.number(), 1);
}

#[test]
fn a_notification_that_comes_before_the_wait_is_lost() {
    // The flag is set without the lock, so that the notification can come between the look and the wait.
    let outcome = explore(|| {
        let shared = Arc::new((AtomicBool::new(false), Mutex::new(()), Condvar::new()));
        let other = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            other.0.store(true, Ordering::SeqCst);
            other.2.notify_one();
        });
        let mut guard = shared.1.lock().unwrap();
        while !shared.0.load(Ordering::SeqCst) {
            guard = shared.2.wait(guard).unwrap();
        }
        drop(guard);
        setter.join().unwrap();
    })
    .run();
    let finding = outcome.assert_deadlock().unwrap();
    println!("found by schedule {}", finding.number());
    assert!(finding.number() <= 100, "{outcome}");
}

#[test]
fn one_notification_for_two_waiters_is_found() {
    let body = |all: bool| {
        move || {
            let shared = Arc::new((Mutex::new(false), Condvar::new()));
            let waiters: Vec<_> = (0..2)
                .map(|_| {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || {
                        let mut open = shared.0.lock().unwrap();
                        while !*open {
                            open = shared.1.wait(open).unwrap();
                        }
                    })
                })
                .collect();
            *shared.0.lock().unwrap() = true;
            if all {
                shared.1.notify_all();
            } else {
                shared.1.notify_one();
            }
            for waiter in waiters {
                let _ = waiter.join();
            }
        }
    };
    let outcome = explore(body(false)).run();
    let finding = outcome.assert_deadlock().unwrap();
    println!("found by schedule {}", finding.number());
    let outcome = explore(body(true)).run();
    outcome.assert_clean();
    assert_eq!((outcome.schedules(), outcome.inexact()), (1_000, 0));
}

#[test]
fn a_wait_on_a_condition_variable_ends_by_its_limit_or_a_notification() {
    let ends = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let seen = Arc::clone(&ends);
    let outcome = explore(move || {
        let shared = Arc::new((Mutex::new(false), Condvar::new()));
        let other = Arc::clone(&shared);
        let setter = thread::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_one();
        });
        let set = shared.0.lock().unwrap();
        if !*set {
            let hours = Duration::from_secs(36_000);
            let (set, end) = shared.1.wait_timeout(set, hours).unwrap();
            seen[usize::from(end.timed_out())].fetch_add(1, Ordering::Relaxed);
            drop(set);
        } else {
            drop(set);
        }
        setter.join().unwrap();
    })
    .schedules(200)
    .run();
    outcome.assert_clean();
    assert_eq!(outcome.inexact(), 0);
    assert!(
        ends.iter().all(|count| count.load(Ordering::Relaxed) > 0),
        "{ends:?}"
    );
}

/// A program of threads that acquire and release mutexes, the last one first.
#[derive(Clone, Debug)]
struct Program(Vec<Vec<Op>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Acquire(usize),
    Release,
}

/// How many programs are drawn.
const PROGRAMS: usize = 48;

const NAMES: [&str; 3] = ["m0", "m1", "m2"];

impl Program {
    fn draw(random: &mut impl FnMut(usize) -> usize, threads: usize, acquisitions: usize) -> Self {
        let mut thread = || {
            let (mut ops, mut held, mut left) = (Vec::new(), Vec::new(), 1 + random(acquisitions));
            while left > 0 || !held.is_empty() {
                let free: Vec<usize> = (0..NAMES.len()).filter(|at| !held.contains(at)).collect();
                let acquires = left > 0 && !free.is_empty() && (held.is_empty() || random(3) > 0);
                if acquires {
                    let lock = free[random(free.len())];
                    held.push(lock);
                    ops.push(Op::Acquire(lock));
                    left -= 1;
                } else {
                    held.pop();
                    ops.push(Op::Release);
                }
            }
            ops
        };
        Self((0..threads).map(|_| thread()).collect())
    }

    fn run(&self) {
        let locks = Arc::new(NAMES.map(|name| parking_lot::Mutex::named(name, ())));
        let threads = self.0.iter().cloned().map(|ops| {
            let locks = Arc::clone(&locks);
            thread::spawn(move || {
                let mut held = Vec::new();
                for op in ops {
                    match op {
                        Op::Acquire(lock) => held.push(locks[lock].lock()),
                        Op::Release => drop(held.pop()),
                    }
                }
            })
        });
        for thread in threads.collect::<Vec<_>>() {
            let _ = thread.join();
        }
    }

    /// The sets of locks over which threads wait for each other in a ring, in any state that can be
    /// reached.
    fn deadlocks(&self) -> BTreeSet<BTreeSet<&'static str>> {
        let mut found = BTreeSet::new();
        let start = vec![0; self.0.len()];
        let (mut open, mut seen) = (vec![start.clone()], HashSet::from([start]));
        while let Some(state) = open.pop() {
            let held: Vec<Vec<usize>> = (0..state.len())
                .map(|at| self.held(at, state[at]))
                .collect();
            let owner = |lock: usize| held.iter().position(|held| held.contains(&lock));
            let wants = |at: usize| match self.0[at].get(state[at]) {
                Some(Op::Acquire(lock)) => owner(*lock).map(|owner| (*lock, owner)),
                _ => None,
            };
            for at in 0..state.len() {
                let (mut locks, mut thread) = (BTreeSet::new(), at);
                while let Some((lock, owner)) = wants(thread)
                    && locks.insert(NAMES[lock])
                {
                    thread = owner;
                    if thread == at {
                        found.insert(locks);
                        break;
                    }
                }
                if state[at] < self.0[at].len() && wants(at).is_none() {
                    let mut next = state.clone();
                    next[at] += 1;
                    if seen.insert(next.clone()) {
                        open.push(next);
                    }
                }
            }
        }
        found
    }

    fn held(&self, thread: usize, made: usize) -> Vec<usize> {
        let mut held = Vec::new();
        for op in &self.0[thread][..made] {
            match op {
                Op::Acquire(lock) => held.push(*lock),
                Op::Release => drop(held.pop()),
            }
        }
        held
    }
}

#[test]
fn depth_first_finds_exactly_the_deadlocks_that_there_are() {
    // A deadlock over guards that may be sent is not certain, so none is reported with that feature.
    if cfg!(feature = "send_guard") {
        return;
    }
    let mut state = 17_u64;
    let mut random = |bound: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound
    };
    let (mut with, mut schedules) = (0, 0);
    for number in 0..PROGRAMS {
        let (threads, acquisitions) = if number % 12 == 0 { (3, 2) } else { (2, 4) };
        let program = Program::draw(&mut random, threads, acquisitions);
        let there = program.deadlocks();
        let runs = program.clone();
        let outcome = explore(move || runs.run())
            .strategy(Strategy::DepthFirst {
                preemptions: usize::MAX,
            })
            .schedules(100_000)
            .keep_going(true)
            .run();
        assert!(outcome.is_exhausted(), "{program:?}\n{outcome}");
        assert_eq!(outcome.inexact(), 0, "{program:?}");
        let found: BTreeSet<BTreeSet<&str>> = reports(&outcome)
            .into_iter()
            .filter(|report| report.verdict == Verdict::Deadlock)
            .map(|report| {
                let edges = report.edges.iter().flat_map(|edge| [edge.from, edge.to]);
                edges.filter_map(|id| report.lock(id)?.name).collect()
            })
            .collect();
        assert_eq!(found, there, "program {number}: {program:?}\n{outcome}");
        with += usize::from(!there.is_empty());
        schedules += outcome.schedules();
    }
    println!("{with} of {PROGRAMS} programs can deadlock; {schedules} schedules");
    assert!(with >= 4, "{with} programs can deadlock");
}
