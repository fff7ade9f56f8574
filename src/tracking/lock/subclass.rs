//! Sub-classes: the rank of a lock among those of its class, where its maker has given it one.
//!
//! Few locks have one, so they stand in a table beside the idents and cost the others nothing.

use std::collections::HashMap;

use crate::engine::ids::LockId;
use crate::shim::fork_safe::ForkSafe;

pub(in crate::tracking) static SUBCLASSES: ForkSafe<Option<HashMap<LockId, u32>>> =
    ForkSafe::new(None);

/// Gives a lock a sub-class, in place of an earlier one.
pub(in crate::tracking) fn set(lock: LockId, subclass: u32) {
    SUBCLASSES
        .lock()
        .get_or_insert_default()
        .insert(lock, subclass);
}

/// The sub-class of a lock that was given one.
pub(in crate::tracking) fn get(lock: LockId) -> Option<u32> {
    SUBCLASSES.lock().as_ref()?.get(&lock).copied()
}

/// Forgets the sub-class of a lock that is dropped.
pub(in crate::tracking) fn remove(lock: LockId) {
    if let Some(subclasses) = SUBCLASSES.lock().as_mut() {
        subclasses.remove(&lock);
    }
}
