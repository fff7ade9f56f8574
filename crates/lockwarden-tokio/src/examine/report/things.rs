//! The locks and other things that a report names.

use std::sync::atomic::{AtomicU64, Ordering};

use lockwarden::instrument::Site;
use lockwarden::report::{LockId, LockInfo};

/// Adds a lock to the list if it is not there; its id there.
pub(in crate::examine) fn add(locks: &mut Vec<LockInfo>, lock: LockInfo) -> LockId {
    let is_same = |other: &&LockInfo| {
        other.id == lock.id
            || (other.noun == lock.noun
                && other.created == lock.created
                && is_thing(other.id)
                && is_thing(lock.id))
    };
    if let Some(known) = locks.iter().find(is_same) {
        return known.id;
    }
    let id = lock.id;
    locks.push(lock);
    id
}

/// The ids of things that are no locks of the core begin here.
const THINGS: u64 = 1 << 61;

fn is_thing(id: LockId) -> bool {
    id.get() & THINGS != 0
}

pub(in crate::examine) fn thing_info(noun: &'static str, made: Site) -> LockInfo {
    static NEXT: AtomicU64 = AtomicU64::new(THINGS);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let id = LockId::new(number).expect("the number is not zero");
    LockInfo::new(id, noun, made)
}
