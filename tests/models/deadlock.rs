//! A model of waits for something other than a lock: a thread that was satisfied, and has not woken, is never
//! reported as deadlocked.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::claim::claim;
use super::reduction::{Judgement, Reducer};
use super::snapshot::Snapshots;
use crate::engine::wait_reason::WaitReason;
use crate::shim::model;
use crate::tracking::models::{Seat, ident};
use crate::tracking::process::resource_state::{ResourceState, Waiter};
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};

/// A flag that is set once.
struct Flag {
    set: Mutex<bool>,
    changed: Condvar,
    party: &'static ResourceState,
}

impl Flag {
    fn new() -> Arc<Self> {
        let party: &'static ResourceState = Box::leak(Box::new(ResourceState::new()));
        // Initialised before the threads start.
        party.version();
        party.provide();
        party.has_pending_wakeups();
        Arc::new(Self {
            set: Mutex::new(false),
            changed: Condvar::new(),
            party,
        })
    }

    fn set(&self) {
        *self.set.lock().unwrap() = true;
        self.changed.notify_all();
        // As in `Resource::provided`.
        self.party.provide();
    }

    fn is_set(&self) -> bool {
        *self.set.lock().unwrap()
    }

    fn sleep(&self) {
        let mut set = self.set.lock().unwrap();
        while !*set {
            set = self.changed.wait(set).unwrap();
        }
    }
}

/// Does the same as `Resource::wait` up to the look, which happens if the flag is not set. Returns whether a
/// deadlock was reported.
fn wait(slot: &'static Slot, all: &[&'static Slot], flag: &Flag) -> bool {
    let _waiter = Waiter::at(flag.party);
    let version = flag.party.version();
    if flag.is_set() {
        return false;
    }
    let lock = (std::ptr::from_ref(ident()), LockTraits::NONE);
    let need = WaitKind::Other(WaitReason::Event);
    slot.wait.publish(&WaitRequest {
        party: flag.party,
        version,
        ..WaitRequest::lock(need, false, lock, Location::caller())
    });
    let reported = look(slot, all);
    if !reported {
        flag.sleep();
    }
    slot.wait.clear();
    reported
}

/// Does the same as `check_resource_wait`, in a process with these threads alone.
fn look(slot: &'static Slot, all: &[&'static Slot]) -> bool {
    let all = Snapshots::of(all);
    let Some(me) = all.place_of(slot) else {
        return false;
    };
    let mut judge = Reducer::closed(&all);
    match judge.of(&all, me) {
        Judgement::Stuck(states) | Judgement::StuckInTest(states) => {
            claim(&all, &states.closed_set(me)).is_some()
        }
        Judgement::Moves | Judgement::DependsOnUntracked => false,
    }
}

#[test]
fn neither_a_satisfied_waiter_nor_its_provider_is_reported() {
    model::check(None, || {
        drop(crate::detector::state::lock());
        let seats = [Seat::new(), Seat::new()];
        let slots: [&'static Slot; 2] = [seats[0].slot(), seats[1].slot()];
        let (question, answer) = (Flag::new(), Flag::new());
        let (asked, replied) = (Arc::clone(&question), Arc::clone(&answer));
        let replies = thread::spawn(move || {
            assert!(!wait(slots[1], &slots, &asked));
            replied.set();
        });
        question.set();
        assert!(!wait(slots[0], &slots, &answer));
        replies.join().unwrap();
    });
}

#[test]
fn of_two_threads_that_wait_for_what_no_thread_provides_one_reports_it() {
    model::check(None, || {
        drop(crate::detector::state::lock());
        let seats = [Seat::new(), Seat::new()];
        let slots: [&'static Slot; 2] = [seats[0].slot(), seats[1].slot()];
        let (a, b) = (Flag::new(), Flag::new());
        let (there, here) = (Arc::clone(&a), Arc::clone(&b));
        let reported = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&reported);
        let other = thread::spawn(move || {
            if wait(slots[1], &slots, &there) {
                count.fetch_add(1, Ordering::Relaxed);
                // The reporting thread unwinds, and the wait of the other one ends.
                here.set();
            }
        });
        if wait(slots[0], &slots, &b) {
            reported.fetch_add(1, Ordering::Relaxed);
            a.set();
        }
        other.join().unwrap();
        assert_eq!(reported.load(Ordering::Relaxed), 1);
    });
}
