//! A lock that another thread releases is off the list, or its thread will be told.

use loom::thread;

use super::{Seat, ident, sites};
use crate::engine::mode::Mode;
use crate::shim::model;
use crate::tracking::lock::ident::Ident;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::slot::Slot;

fn push(slot: &Slot, ident: &'static Ident) {
    let share = lockset_hash::share(ident.tag(), Mode::Exclusive);
    slot.add(ident, share, Mode::Exclusive, sites()[0]);
}

/// The thread listed `ident`, and somebody else has released it.
fn is_settled(slot: &Slot, ident: &'static Ident) -> bool {
    let depth = Slot::depth(slot.state());
    // Others never see it.
    let held = slot.held().unwrap();
    assert!(!held.iter().any(|h| std::ptr::eq(h.ident, ident)));
    // The thread itself has taken it off, or will at its next acquisition.
    depth == 0 || !slot.has_room(depth)
}

#[test]
fn the_doorbell_is_heard_beside_maintenance() {
    model::check(None, || {
        let lock = ident();
        let seat = Seat::new();
        let slot = seat.slot();
        push(slot, lock);
        let other = thread::spawn(move || slot.release_from_elsewhere(lock));
        slot.maintain();
        other.join().unwrap();
        assert!(is_settled(slot, lock));
        slot.maintain();
        assert_eq!(Slot::depth(slot.state()), 0);
    });
}

#[test]
fn two_rings_at_once_are_both_heard() {
    model::check(Some(3), || {
        let locks = [ident(), ident()];
        let seat = Seat::new();
        let slot = seat.slot();
        push(slot, locks[0]);
        push(slot, locks[1]);
        let others = locks.map(|lock| thread::spawn(move || slot.release_from_elsewhere(lock)));
        slot.maintain();
        for other in others {
            other.join().unwrap();
        }
        assert!(is_settled(slot, locks[0]) && is_settled(slot, locks[1]));
        slot.maintain();
        assert_eq!(Slot::depth(slot.state()), 0);
    });
}
