//! Sub-classes: the rank of a lock among those of its class, where the program has set one.

use crate::engine::ids::LockId;
use crate::tracking::lock::label::GIVEN;
pub(in crate::tracking) use crate::tracking::lock::label::remove;

/// Sets the sub-class of a lock, in place of an earlier one.
pub(in crate::tracking) fn set(lock: LockId, subclass: u32) {
    GIVEN.lock().get_or_default(lock).subclass = Some(subclass);
}

/// Returns the sub-class of a lock, if one was set.
pub(in crate::tracking) fn get(lock: LockId) -> Option<u32> {
    GIVEN.lock().get(lock)?.subclass
}
