//! A read of the lockset of another thread returns a list that this thread once had.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use loom::sync::atomic::AtomicBool;
use loom::thread;

use super::{Seat, ident, sites};
use crate::engine::ids::Site;
use crate::engine::mode::Mode::{self, Exclusive, Shared};
use crate::shim::model;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::pin::Pin;
use crate::tracking::thread::slot::Slot;

/// A lock of the model: its entry always has this mode and this location.
#[derive(Clone, Copy)]
struct Item {
    ident: &'static Ident,
    mode: Mode,
    site: Site,
}

fn items() -> [Item; 4] {
    let modes = [Exclusive, Shared, Exclusive, Shared];
    let sites = sites();
    std::array::from_fn(|at| Item {
        ident: ident(),
        mode: modes[at],
        site: sites[at],
    })
}

fn push(slot: &Slot, item: Item) {
    slot.add(item.ident, item.mode, item.site);
}

/// Reads what another thread sees, as numbers of items; fails for an entry that mixes two.
fn read(slot: &Slot, items: &[Item]) -> Option<Vec<usize>> {
    let held = slot.held()?;
    Some(
        held.iter()
            .map(|h| {
                items
                    .iter()
                    .position(|item| {
                        std::ptr::eq(item.ident, h.ident)
                            && item.mode == h.mode
                            && std::ptr::eq(item.site, h.site)
                    })
                    .expect("an entry is of one acquisition")
            })
            .collect(),
    )
}

/// Runs `owner` beside two reads, which have to return two of `lists`, in this order.
fn beside(
    start: &'static [usize],
    lists: &'static [&'static [usize]],
    owner: fn(&Slot, &[Item; 4]),
) {
    model::check(None, move || {
        let items = items();
        let seat = Seat::new();
        let slot = seat.slot();
        for &at in start {
            push(slot, items[at]);
        }
        let reader = thread::spawn(move || {
            let seen = read(slot, &items);
            if let Some(seen) = &seen {
                assert!(lists.contains(&seen.as_slice()), "{seen:?}");
            }
        });
        owner(slot, &items);
        reader.join().unwrap();
        assert_eq!(read(slot, &items).as_deref(), lists.last().copied());
    });
}

#[test]
fn pushes_and_pops_are_seen_complete() {
    beside(&[0], &[&[0], &[0, 1], &[0, 2]], |slot, items| {
        push(slot, items[1]);
        assert!(slot.pop(items[1].ident));
        push(slot, items[2]);
    });
}

#[test]
fn a_reused_entry_never_mixes_two_holds() {
    beside(
        &[0, 1],
        &[&[0, 1], &[0], &[], &[2], &[2, 3]],
        |slot, items| {
            assert!(slot.pop(items[1].ident));
            assert!(slot.pop(items[0].ident));
            push(slot, items[2]);
            push(slot, items[3]);
        },
    );
}

#[test]
fn a_removal_below_the_top_is_seen_complete() {
    beside(&[0, 1, 2], &[&[0, 1, 2], &[1, 2]], |slot, items| {
        assert!(slot.remove(items[0].ident));
    });
}

#[test]
fn a_removal_and_a_push_are_seen_complete() {
    beside(&[0, 1], &[&[0, 1], &[1], &[1, 2]], |slot, items| {
        assert!(slot.remove(items[0].ident));
        push(slot, items[2]);
    });
}

#[test]
fn a_growing_slot_is_seen_complete() {
    beside(&[0, 1], &[&[0, 1], &[0, 1, 2], &[0, 1]], |slot, items| {
        push(slot, items[2]);
        assert!(slot.pop(items[2].ident));
    });
}

#[test]
fn a_conversion_shows_the_old_mode_or_the_new_one() {
    model::check(None, || {
        let items = items();
        let seat = Seat::new();
        let slot = seat.slot();
        push(slot, items[0]);
        push(slot, items[1]);
        let reader = thread::spawn(move || {
            if let Some(held) = slot.held() {
                assert_eq!(held.len(), 2);
                assert!(std::ptr::eq(held[0].ident, items[0].ident));
                assert!(std::ptr::eq(held[0].site, items[0].site));
            }
        });
        slot.convert(items[0].ident, Shared);
        reader.join().unwrap();
        assert_eq!(slot.held().unwrap()[0].mode, Shared);
    });
}

/// Returns whether the one lock that the slot lists is held by the hold that the last look saw.
fn look(slot: &Slot) -> Option<bool> {
    let watched = slot.watched(&Pin::new(), true, |_| ())?;
    watched.first().map(|(hold, ())| hold.seen)
}

#[test]
fn a_mark_ends_with_its_hold() {
    model::check(None, || {
        let [item, ..] = items();
        let seat = Seat::new();
        let slot = seat.slot();
        push(slot, item);
        let again = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&again);
        let reader = thread::spawn(move || {
            look(slot);
            flag.load(Ordering::Acquire)
        });
        assert!(slot.pop(item.ident));
        again.store(true, Ordering::Release);
        push(slot, item);
        let was_again = reader.join().unwrap();
        // The second hold is marked only by a look that came after it began.
        let seen = look(slot).expect("nothing moves");
        assert!(!seen || was_again);
    });
}
