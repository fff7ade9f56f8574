//! Predictions that are turned into schedules.

use std::time::Duration;

use lockwarden::report::{Report, Verdict};
use lockwarden::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use lockwarden::testing::check;
use lockwarden::testing::explore::{Confirmation, Prevented};
use lockwarden::thread;

use super::explore;

/// Two threads that take `a` and `b` in opposite orders, after what `before` does.
fn opposite(before: fn(&Shared, usize), joins_first: bool) {
    let shared = Arc::new(Shared::default());
    let run = |number: usize| {
        let shared = Arc::clone(&shared);
        move || {
            let gate =
                (number < 2).then(|| shared.gate.lock().unwrap_or_else(PoisonError::into_inner));
            before(&shared, number);
            let locks = [&shared.a, &shared.b];
            let first = locks[number % 2].lock();
            let second = locks[1 - number % 2].lock();
            drop((first, second, gate));
        }
    };
    let first = thread::spawn(run(if joins_first { 2 } else { 0 }));
    if joins_first {
        let _ = first.join();
        let _ = thread::spawn(run(3)).join();
    } else {
        let second = thread::spawn(run(1));
        let _ = first.join();
        let _ = second.join();
    }
}

#[derive(Default)]
struct Shared {
    gate: Mutex<()>,
    a: Mutex<()>,
    b: Mutex<()>,
}

/// The cycle that one run of the body shows.
fn prediction(body: fn(), verdict: Verdict) -> Report {
    let outcome = check(body);
    let found = outcome.findings().iter().chain(outcome.counted());
    let mut found = found.filter(|report| report.verdict == verdict);
    found.next().unwrap_or_else(|| panic!("{outcome}")).clone()
}

/// The same of a body that may deadlock: the run that predicts is one of an exploration that does not.
fn seen_in_schedules(body: fn(), verdict: Verdict) -> Report {
    let outcome = explore(body)
        .schedules(50)
        .keep_going(true)
        .shrink(false)
        .run();
    let mut latest = super::reports(&outcome).into_iter().rev();
    let predicted = latest.find(|report| report.verdict == verdict);
    predicted.unwrap_or_else(|| panic!("{outcome}")).clone()
}

fn opposite_orders() {
    let locks = Arc::new((Mutex::named("left", ()), Mutex::named("right", ())));
    let other = Arc::clone(&locks);
    let first = thread::spawn(move || {
        let _right = other.1.lock();
        let _left = other.0.lock();
    });
    let other = Arc::clone(&locks);
    // Opposite in most runs; nothing orders the two.
    while !first.is_finished() {
        thread::yield_now();
    }
    let second = thread::spawn(move || {
        let _left = other.0.lock();
        let _right = other.1.lock();
    });
    let _ = first.join();
    let _ = second.join();
}

#[test]
fn an_inversion_is_confirmed_by_a_deadlock() {
    fn body() {
        let locks = Arc::new((Mutex::named("left", ()), Mutex::named("right", ())));
        let other = Arc::clone(&locks);
        let first = thread::spawn(move || {
            let _right = other.1.lock();
            let _left = other.0.lock();
        });
        let second = thread::spawn(move || {
            let _left = locks.0.lock();
            let _right = locks.1.lock();
        });
        let _ = first.join();
        let _ = second.join();
    }
    let confirmation = explore(body).confirm(&seen_in_schedules(body, Verdict::Inversion));
    let Confirmation::Confirmed(finding) = &confirmation else {
        panic!("{confirmation}");
    };
    assert!(
        finding.is_deadlock() && finding.number() <= 3,
        "{confirmation}"
    );
    assert_eq!(
        finding.schedule().to_string().parse().as_ref(),
        Ok(finding.schedule())
    );
    let again = explore(body).replay(&finding.schedule().to_string()).run();
    assert!(again.assert_deadlock().is_some() && again.inexact() == 0);
}

#[test]
fn a_second_read_is_confirmed_by_a_writer_between_the_two() {
    fn body() {
        let lock = Arc::new(RwLock::named("read twice", ()));
        let other = Arc::clone(&lock);
        let writer = thread::spawn(move || drop(other.write()));
        let first = lock.read();
        let second = lock.read();
        drop((first, second));
        let _ = writer.join();
    }
    let confirmation = explore(body).confirm(&seen_in_schedules(body, Verdict::RecursiveRead));
    assert!(
        matches!(confirmation, Confirmation::Confirmed(_)),
        "{confirmation}"
    );
}

/// The condition variable gives the mutex back before the thread takes it again: only then can the two meet.
#[test]
fn a_mutex_that_a_wait_takes_back_under_another_one_is_confirmed() {
    fn body() {
        let shared = Arc::new((Mutex::named("a", ()), Mutex::named("b", ()), Condvar::new()));
        let other = Arc::clone(&shared);
        let waiter = thread::spawn(move || {
            let a = other.0.lock().unwrap_or_else(PoisonError::into_inner);
            let b = other.1.lock();
            drop(other.2.wait_timeout(a, Duration::from_millis(1)));
            drop(b);
        });
        let a = shared.0.lock();
        drop(shared.1.lock());
        drop(a);
        let _ = waiter.join();
    }
    let predicted = seen_in_schedules(body, Verdict::Inversion);
    let confirmation = explore(body).schedules(20).confirm(&predicted);
    assert!(
        matches!(confirmation, Confirmation::Confirmed(_)),
        "{confirmation}"
    );
}

#[test]
fn a_wait_that_comes_first_is_named_and_nothing_is_confirmed() {
    // The second thread starts when the first has ended, which no order of the detector says.
    let predicted = prediction(opposite_orders, Verdict::Inversion);
    let confirmation = explore(opposite_orders).schedules(20).confirm(&predicted);
    assert!(
        matches!(confirmation, Confirmation::NotReached { schedules: 20, .. }),
        "{confirmation}"
    );
}

#[test]
fn a_gate_is_named_as_what_prevents_the_deadlock() {
    fn body() {
        opposite(|_, _| (), false);
    }
    let predicted = prediction(body, Verdict::Guarded);
    let confirmation = explore(body).schedules(20).confirm(&predicted);
    let Confirmation::NotReached {
        prevented: Prevented::Lock(lock),
        ..
    } = &confirmation
    else {
        panic!("{confirmation}");
    };
    assert!(lock.contains("confirm.rs"), "{confirmation}");
}

#[test]
fn a_join_is_named_as_what_prevents_the_deadlock() {
    fn body() {
        opposite(|_, _| (), true);
    }
    let predicted = prediction(body, Verdict::Ordered);
    let confirmation = explore(body).schedules(20).confirm(&predicted);
    assert!(
        matches!(
            &confirmation,
            Confirmation::NotReached {
                prevented: Prevented::Join(_),
                ..
            }
        ),
        "{confirmation}"
    );
}

#[test]
fn another_body_diverges() {
    fn body() {
        opposite(|_, _| (), false);
    }
    let predicted = prediction(body, Verdict::Guarded);
    let confirmation = explore(|| ()).schedules(5).confirm(&predicted);
    assert!(
        matches!(confirmation, Confirmation::Diverged),
        "{confirmation}"
    );
}
