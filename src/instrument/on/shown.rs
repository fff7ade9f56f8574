//! The publication of a wait in the slot of its thread.

use crate::engine::wait_reason::WaitReason;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{WaitKind, WaitRequest};

/// Published wait; dropping it ends the publication.
pub(super) struct Shown(&'static Slot);

impl Shown {
    /// Publishes the wait of the calling thread, whose slot this is.
    pub(super) fn new(slot: &'static Slot, request: &WaitRequest) -> Self {
        if matches!(
            request.need,
            WaitKind::Other(WaitReason::Message | WaitReason::Time)
        ) {
            slot.rests.begin();
        }
        slot.wait.publish(request);
        Self(slot)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.rests.end();
        self.0.wait.clear();
    }
}
