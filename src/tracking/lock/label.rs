//! Labels and sub-classes: the names of single instances, and their ranks among the locks of a class, as the program
//! sets them at run time.
//!
//! Few locks have one of them, so they are stored in a table beside the idents and cost other locks nothing.

use crate::engine::ids::LockId;
use crate::engine::order_graph::IdTable;
use crate::tracking::fork_safe::ForkSafe;

/// What the program has set for one lock.
#[derive(Debug, Default)]
pub(in crate::tracking) struct Given {
    label: Option<Box<str>>,
    subclass: Option<u32>,
}

pub(in crate::tracking) static GIVEN: ForkSafe<IdTable<LockId, Given>> =
    ForkSafe::new(IdTable::new());

/// Sets the label of a lock, in place of an earlier one.
pub(super) fn set(lock: LockId, label: &str) {
    GIVEN.lock().get_or_default(lock).label = Some(label.into());
}

pub(super) fn get(lock: LockId) -> Option<String> {
    let given = GIVEN.lock();
    Some(given.get(lock)?.label.as_deref()?.to_owned())
}

/// Sets the sub-class of a lock, in place of an earlier one.
pub(super) fn set_subclass(lock: LockId, subclass: u32) {
    GIVEN.lock().get_or_default(lock).subclass = Some(subclass);
}

/// Returns the sub-class of a lock, if one was set.
pub(super) fn subclass(lock: LockId) -> Option<u32> {
    GIVEN.lock().get(lock)?.subclass
}

/// Removes the label and the sub-class of a dropped lock.
pub(super) fn remove(lock: LockId) {
    GIVEN.lock().remove(lock);
}
