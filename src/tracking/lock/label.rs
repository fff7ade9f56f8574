//! Labels: the names of single instances, set at run time.
//!
//! Few locks have a label, so labels are stored in a table beside the idents and cost other locks nothing.

use std::collections::HashMap;

use crate::engine::ids::LockId;
use crate::tracking::fork_safe::ForkSafe;

pub(in crate::tracking) static LABELS: ForkSafe<Option<HashMap<LockId, Box<str>>>> =
    ForkSafe::new(None);

/// Sets the label of a lock, in place of an earlier one.
pub(in crate::tracking) fn set(lock: LockId, label: &str) {
    LABELS
        .lock()
        .get_or_insert_default()
        .insert(lock, label.into());
}

/// Returns the label of a lock.
pub(in crate::tracking) fn get(lock: LockId) -> Option<String> {
    LABELS
        .lock()
        .as_ref()?
        .get(&lock)
        .map(|label| label.to_string())
}

/// Removes the label of a dropped lock.
pub(in crate::tracking) fn remove(lock: LockId) {
    if let Some(labels) = LABELS.lock().as_mut() {
        labels.remove(&lock);
    }
}
