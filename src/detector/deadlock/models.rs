//! A model of waits for something else than a lock: who was satisfied, and has not woken, is never
//! taken for somebody who waits for ever.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use loom::sync::{Condvar, Mutex};
use loom::thread;

use super::claim;
use super::reduction::{Judgement, Reducer};
use super::snapshot::Snapshots;
use crate::engine::wait_reason::WaitReason;
use crate::shim::model;
use crate::tracking::models::{Seat, ident};
use crate::tracking::process::resource_state::{ResourceState, Waiter};
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};

/// Something that is set once.
struct Flag {
    set: Mutex<bool>,
    changed: Condvar,
    party: &'static ResourceState,
}

impl Flag {
    fn new() -> Arc<Self> {
        let party: &'static ResourceState = Box::leak(Box::new(ResourceState::new()));
        // Older than the threads.
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
        // `Resource::provided`
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

/// `Resource::wait`, up to the look: what is left to do if the flag is not set. Whether it was told.
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
    let told = look(slot, all);
    if !told {
        flag.sleep();
    }
    slot.wait.clear();
    told
}

/// `look_elsewhere`, in a process that has these threads alone.
fn look(slot: &'static Slot, all: &[&'static Slot]) -> bool {
    let all = Snapshots::of(all.to_vec());
    let Some(me) = all.place_of(slot) else {
        return false;
    };
    let mut judge = Reducer::closed(&all);
    match judge.of(&all, me) {
        Judgement::Stuck(states) => claim(&all, &states.closed_set(me)).is_some(),
        Judgement::Moves | Judgement::DependsOnUntracked => false,
    }
}

#[test]
fn a_waiter_that_was_satisfied_is_never_told_of_nor_is_the_one_who_did_it() {
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
fn of_two_that_wait_for_what_nobody_does_one_is_told() {
    model::check(None, || {
        drop(crate::detector::state::lock());
        let seats = [Seat::new(), Seat::new()];
        let slots: [&'static Slot; 2] = [seats[0].slot(), seats[1].slot()];
        let (a, b) = (Flag::new(), Flag::new());
        let (there, here) = (Arc::clone(&a), Arc::clone(&b));
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let other = thread::spawn(move || {
            if wait(slots[1], &slots, &there) {
                count.fetch_add(1, Ordering::Relaxed);
                // Who is told unwinds, and the other one's wait ends.
                here.set();
            }
        });
        if wait(slots[0], &slots, &b) {
            told.fetch_add(1, Ordering::Relaxed);
            a.set();
        }
        other.join().unwrap();
        assert_eq!(told.load(Ordering::Relaxed), 1);
    });
}
