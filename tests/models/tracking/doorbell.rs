//! A lock that another thread releases is off the lockset of its holder, or the holder will see the wake
//! flag.

use loom::thread;

use super::{Seat, ident, sites};
use crate::engine::mode::Mode;
use crate::shim::model;
use crate::tracking::lock::ident::Ident;
use crate::tracking::thread::slot::Slot;

fn push(slot: &Slot, ident: &'static Ident) {
    slot.add(ident, Mode::Exclusive, sites()[0]);
}

/// Returns whether the release of `ident` by another thread has reached the thread that listed it.
fn is_settled(slot: &Slot, ident: &'static Ident) -> bool {
    let depth = Slot::depth(slot.state());
    // Other threads never see it.
    let held = slot.held().unwrap();
    assert!(!held.iter().any(|h| std::ptr::eq(h.ident, ident)));
    // The thread itself has removed it, or will at its next acquisition.
    depth == 0 || !slot.has_room(depth)
}

#[test]
fn the_wake_flag_is_seen_beside_maintenance() {
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
fn two_concurrent_wake_flags_are_both_seen() {
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
