//! The lockset of one thread, without readers.

use std::panic::Location;
use std::sync::atomic::Ordering;

use super::{STEP, Slot};
use crate::engine::mode::Mode;
use crate::tracking::lock::class;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::process::registry;
use crate::tracking::thread::local::Local;
use crate::tracking::thread::lockset_hash;

fn slot() -> &'static Slot {
    let thread = registry::next_thread();
    let slot: &'static Slot = Box::leak(Box::new(Slot::vacant()));
    slot.occupy(thread, None, Box::new(Local::new(thread)));
    slot.set_seed(7);
    slot
}

fn lock(pool: &mut LockIdPool) -> &'static Ident {
    pool.take(class::intern(&LockKind::MUTEX, None, Location::caller()))
}

fn push(slot: &Slot, ident: &Ident) {
    slot.add(ident, Mode::Exclusive, Location::caller());
}

#[test]
fn the_count_of_changes_wraps_around() {
    let (slot, mut pool) = (slot(), LockIdPool::default());
    let [a, b] = [lock(&mut pool), lock(&mut pool)];
    slot.state.store(!(STEP - 1), Ordering::Relaxed);
    push(slot, a);
    slot.state
        .store(slot.state() | !(STEP - 1), Ordering::Relaxed);
    push(slot, b);
    assert!(slot.remove(a));
    slot.state
        .store(slot.state() | !(STEP - 1), Ordering::Relaxed);
    assert!(slot.pop(b));
    assert_eq!(Slot::depth(slot.state()), 0);
}

#[test]
fn the_key_is_the_sum_of_the_held_locks_in_any_order() {
    let (slot, mut pool) = (slot(), LockIdPool::default());
    let [a, b, c] = [lock(&mut pool), lock(&mut pool), lock(&mut pool)];
    for ident in [a, b, c] {
        push(slot, ident);
    }
    slot.convert(a, Mode::Shared);
    assert!(slot.remove(b));
    slot.set_seed(9);
    let expected = 9u64
        .wrapping_add(lockset_hash::share(a.tag(), Mode::Shared))
        .wrapping_add(c.tag());
    assert_eq!(slot.key(), expected);
    assert!(slot.pop(c) && slot.pop(a));
    assert_eq!(slot.key(), 9);
}

#[test]
fn a_hold_of_a_dropped_lock_does_not_count_as_one_of_the_next_lock() {
    let (slot, mut pool) = (slot(), LockIdPool::default());
    let [a, forgotten] = [lock(&mut pool), lock(&mut pool)];
    push(slot, a);
    push(slot, forgotten);
    pool.give(forgotten, false);
    let next = lock(&mut pool);
    assert!(std::ptr::eq(next, forgotten));
    // This moves the entry of the forgotten hold.
    assert!(slot.remove(a));
    slot.maintain();
    assert!(slot.held().unwrap().is_empty());
}

#[test]
fn a_slot_that_is_used_again_lists_nothing() {
    let (slot, mut pool) = (slot(), LockIdPool::default());
    let a = lock(&mut pool);
    push(slot, a);
    slot.release_from_elsewhere(a);
    assert!(slot.held().unwrap().is_empty());
    slot.vacate();
    let thread = registry::next_thread();
    slot.occupy(thread, None, Box::new(Local::new(thread)));
    assert_eq!(Slot::depth(slot.state()), 0);
    assert!(slot.held().unwrap().is_empty());
}

/// Observes the slot: for each hold its id and whether it was there before.
#[cfg(target_pointer_width = "64")]
fn look(slot: &Slot) -> Vec<(u64, bool)> {
    let pin = crate::tracking::lock::pin::Pin::new();
    let watched = slot.watched(&pin, true, |ident| ident.id().get());
    let seen = |(hold, id): (super::HeldLock, u64)| (id, hold.seen);
    watched.unwrap().into_iter().map(seen).collect()
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_hold_is_the_same_one_until_the_lock_is_acquired_again() {
    let (slot, mut pool) = (slot(), LockIdPool::default());
    let [a, b, c] = [lock(&mut pool), lock(&mut pool), lock(&mut pool)];
    let [at_a, at_b, at_c] = [a, b, c].map(|ident| ident.id().get());
    push(slot, a);
    push(slot, b);
    assert_eq!(look(slot), [(at_a, false), (at_b, false)]);
    // Later holds above a hold do not affect it.
    push(slot, c);
    assert_eq!(look(slot), [(at_a, true), (at_b, true), (at_c, false)]);
    // It stays the same hold when one below it is removed, and in another mode.
    assert!(slot.remove(a));
    slot.convert(b, Mode::Shared);
    assert_eq!(look(slot), [(at_b, true), (at_c, true)]);
    assert!(slot.pop(c));
    push(slot, c);
    assert_eq!(look(slot), [(at_b, true), (at_c, false)]);
}

#[test]
fn the_content_is_the_hash_of_what_is_held_however_it_came_to_be() {
    let (slot, mut pool) = (slot(), LockIdPool::default());
    let all: Vec<&Ident> = (0..4).map(|_| lock(&mut pool)).collect();
    let mut last = (0, 0);
    let mut check = |slot: &Slot| {
        let held = slot.held().unwrap();
        let tag = |h: &super::HeldLock| {
            all.iter()
                .find(|ident| std::ptr::eq(**ident, h.ident))
                .unwrap()
                .tag()
        };
        let expected = lockset_hash::content(held.iter().map(|h| (tag(h), h.mode, h.site)));
        assert_eq!(slot.content(&mut last), expected);
        assert_eq!(slot.content(&mut (0, 0)), expected);
    };
    for ident in &all {
        push(slot, ident);
        check(slot);
    }
    slot.convert(all[1], Mode::Shared);
    check(slot);
    assert!(slot.remove(all[2]));
    check(slot);
    slot.set_seed(9);
    check(slot);
    assert!(slot.pop(all[3]) && slot.remove(all[0]) && slot.remove(all[1]));
    check(slot);
}
