//! Labels: the names of single instances, set at run time.
//!
//! Few locks have a label or a [sub-class](super::subclass), so both are stored in a table beside the idents and cost
//! other locks nothing.

use crate::engine::ids::LockId;
use crate::engine::order_graph::IdTable;
use crate::tracking::fork_safe::ForkSafe;

/// What the program has set for one lock.
#[derive(Debug, Default)]
pub(in crate::tracking) struct Given {
    label: Option<Box<str>>,
    pub(super) subclass: Option<u32>,
}

pub(in crate::tracking) static GIVEN: ForkSafe<IdTable<LockId, Given>> =
    ForkSafe::new(IdTable::new());

/// Sets the label of a lock, in place of an earlier one.
pub(in crate::tracking) fn set(lock: LockId, label: &str) {
    GIVEN.lock().get_or_default(lock).label = Some(label.into());
}

/// Returns the label of a lock.
pub(in crate::tracking) fn get(lock: LockId) -> Option<String> {
    let given = GIVEN.lock();
    Some(given.get(lock)?.label.as_deref()?.to_owned())
}

/// Removes the label and the sub-class of a dropped lock.
pub(in crate::tracking) fn remove(lock: LockId) {
    GIVEN.lock().remove(lock);
}
