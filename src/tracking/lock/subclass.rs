//! Sub-classes: the rank of a lock among those of its class, where the program has set one.
//!
//! Few locks have one, so they are stored in a table beside the idents and cost other locks nothing.

use std::collections::HashMap;

use crate::engine::ids::LockId;
use crate::tracking::fork_safe::ForkSafe;

pub(in crate::tracking) static SUBCLASSES: ForkSafe<Option<HashMap<LockId, u32>>> =
    ForkSafe::new(None);

/// Sets the sub-class of a lock, in place of an earlier one.
pub(in crate::tracking) fn set(lock: LockId, subclass: u32) {
    SUBCLASSES
        .lock()
        .get_or_insert_default()
        .insert(lock, subclass);
}

/// Returns the sub-class of a lock, if one was set.
pub(in crate::tracking) fn get(lock: LockId) -> Option<u32> {
    SUBCLASSES.lock().as_ref()?.get(&lock).copied()
}

/// Removes the sub-class of a dropped lock.
pub(in crate::tracking) fn remove(lock: LockId) {
    if let Some(subclasses) = SUBCLASSES.lock().as_mut() {
        subclasses.remove(&lock);
    }
}
