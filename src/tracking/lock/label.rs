//! Labels: the names of single instances, given at run time.
//!
//! Few locks have one, so they stand in a table beside the idents and cost the others nothing.

use std::collections::HashMap;

use crate::engine::ids::LockId;
use crate::shim::fork_safe::ForkSafe;

pub(in crate::tracking) static LABELS: ForkSafe<Option<HashMap<LockId, Box<str>>>> =
    ForkSafe::new(None);

/// Names a lock, in place of an earlier name.
pub(in crate::tracking) fn set(lock: LockId, label: &str) {
    LABELS
        .lock()
        .get_or_insert_default()
        .insert(lock, label.into());
}

/// The label of a lock.
pub(in crate::tracking) fn get(lock: LockId) -> Option<String> {
    LABELS
        .lock()
        .as_ref()?
        .get(&lock)
        .map(|label| label.to_string())
}

/// Forgets the label of a lock that is dropped.
pub(in crate::tracking) fn remove(lock: LockId) {
    if let Some(labels) = LABELS.lock().as_mut() {
        labels.remove(&lock);
    }
}
