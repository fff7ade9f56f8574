//! A deadlock that was broken, and the one that the threads which were left over come to.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use lockwarden::instrument::{AcquireKind, Attempt, Hold, Lock, LockKind, Mode};

const LIMIT: Duration = Duration::from_secs(20);

static A: Lock = Lock::named(&LockKind::MUTEX, "next deadlock, a");
static B: Lock = Lock::named(&LockKind::MUTEX, "next deadlock, b");

#[track_caller]
fn acquired(lock: &Lock) -> Hold {
    lock.acquired(Mode::Exclusive, AcquireKind::Blocking, Location::caller())
}

#[track_caller]
fn attempt(lock: &Lock) -> Attempt<'_> {
    lock.attempt(Mode::Exclusive, AcquireKind::Blocking, Location::caller())
}

/// Whether the attempt is answered with a panic that speaks of a deadlock.
#[track_caller]
fn is_refused(lock: &Lock) -> bool {
    let site = Location::caller();
    let attempt = || drop(lock.attempt(Mode::Exclusive, AcquireKind::Blocking, site));
    match catch_unwind(AssertUnwindSafe(attempt)) {
        Ok(()) => false,
        Err(panic) => panic
            .downcast_ref::<String>()
            .is_some_and(|words| words.starts_with("lockwarden: Deadlock: ")),
    }
}

fn turn(here: &Receiver<()>) {
    here.recv_timeout(LIMIT).expect("the turn comes");
}

fn next(there: &Sender<()>) {
    there.send(()).expect("there is a next one");
}

// The records stand alone, without a lock that could block, so that the order of all steps can be
// laid down: each thread is asleep, for the detector, from its attempt on.
#[test]
fn a_thread_left_over_from_one_deadlock_can_be_in_the_next() {
    let (to_main, main_turn) = channel();
    let (to_sleeper, sleeper_turn) = channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            let b = acquired(&B);
            let waits = attempt(&A);
            next(&to_main);
            turn(&sleeper_turn);
            drop(waits);
            B.released(b);
        });
        turn(&main_turn);
        let a = acquired(&A);
        assert!(is_refused(&B), "the first deadlock");
        A.released(a);
        // The first thread still sleeps, and another one is faster than it.
        let faster = scope.spawn(|| {
            let a = acquired(&A);
            let refused = is_refused(&B);
            A.released(a);
            refused
        });
        assert!(faster.join().expect("no other panic"), "the second one");
        next(&to_sleeper);
    });
}
