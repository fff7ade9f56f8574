//! Locks, condition variables, joins, sleeps, and what the scheduler cannot see.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use lockwarden::parking_lot;
use lockwarden::report::Verdict;
use lockwarden::sync::{Arc, Condvar, Mutex, RwLock};
use lockwarden::testing::explore::{FindingKind, Schedule, Strategy};
use lockwarden::thread;

use super::{explore, reports};

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
    // The inversion of the same orders is in brief.
    let brief = text.matches("\n  on the same lines as the Deadlock, by ");
    assert_eq!(brief.count(), 1, "{text}");
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

/// Explores an attempt that fails in some schedules and succeeds in others.
fn fails_in_some(attempt: impl Fn() -> bool + Send + Sync + 'static) {
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&failures);
    let outcome = explore(move || {
        if !attempt() {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    })
    .schedules(100)
    .run();
    outcome.assert_clean();
    let failures = failures.load(Ordering::Relaxed);
    assert!((1..100).contains(&failures), "{failures} of 100 failed");
}

#[test]
fn a_try_that_fails_is_explored() {
    fails_in_some(|| {
        let lock = Arc::new(Mutex::new(0));
        let other = Arc::clone(&lock);
        let adder = thread::spawn(move || *other.lock().unwrap() += 1);
        let is_acquired = lock.try_lock().is_ok();
        adder.join().unwrap();
        is_acquired
    });
}

#[test]
fn a_wait_with_a_limit_ends_with_and_without_the_lock() {
    fails_in_some(|| {
        let lock = Arc::new(parking_lot::Mutex::new(0));
        let other = Arc::clone(&lock);
        let adder = thread::spawn(move || *other.lock() += 1);
        let hours = Duration::from_secs(36_000);
        let is_acquired = lock.try_lock_for(hours).is_some();
        adder.join().unwrap();
        is_acquired
    });
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
    if cfg!(target_os = "linux") {
        assert!(
            outcome.outside().is_some_and(|outside| !outside.spins()),
            "{outcome}"
        );
    }
}

#[test]
fn a_loop_that_never_yields_is_named_with_its_stack() {
    let outcome = explore(|| {
        let done = Arc::new(AtomicBool::new(false));
        let other = Arc::clone(&done);
        let setter = thread::spawn(move || other.store(true, Ordering::Release));
        while !done.load(Ordering::Acquire) {
            std::hint::spin_loop();
        }
        setter.join().unwrap();
    })
    .patience(Duration::from_millis(20))
    .strategy(Strategy::DepthFirst { preemptions: 0 })
    .schedules(2)
    .run();
    outcome.assert_clean();
    if cfg!(target_os = "linux") {
        assert!(
            outcome.outside().is_some_and(|outside| outside.spins()),
            "{outcome}"
        );
        let text = outcome.to_string();
        assert!(
            text.contains("a_loop_that_never_yields") && text.contains("spin_loop` there"),
            "{text}"
        );
    }
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
