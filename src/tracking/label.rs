//! Labels: the names of single instances, given at run time.
//!
//! Few locks have one, so they stand in a table beside the idents and cost the others nothing.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::engine::ids::LockId;

static LABELS: Mutex<Option<HashMap<LockId, Box<str>>>> = Mutex::new(None);

/// Names a lock, in place of an earlier name.
pub(super) fn set(lock: LockId, label: &str) {
    LABELS
        .lock()
        .get_or_insert_default()
        .insert(lock, label.into());
}

/// The label of a lock.
pub(super) fn get(lock: LockId) -> Option<String> {
    LABELS
        .lock()
        .as_ref()?
        .get(&lock)
        .map(|label| label.to_string())
}

/// Forgets the label of a lock that is dropped.
pub(super) fn remove(lock: LockId) {
    if let Some(labels) = LABELS.lock().as_mut() {
        labels.remove(&lock);
    }
}

/// Keeps the table still across a fork.
pub(super) fn before_fork() {
    std::mem::forget(LABELS.lock());
}

/// Lets the table go again.
///
/// # Safety
///
/// `before_fork` ran in this thread.
#[allow(unsafe_code)]
pub(super) unsafe fn after_fork() {
    // SAFETY: the lock is held, by the guard that `before_fork` forgot.
    unsafe { LABELS.force_unlock(Default::default()) };
}
