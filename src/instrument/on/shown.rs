//! The publication of a wait in the slot of its thread.

use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::WaitRequest;

/// Published wait; dropping it ends the publication.
pub(super) struct Shown(&'static Slot);

impl Shown {
    /// Publishes the wait of the calling thread, whose slot this is.
    pub(super) fn new(slot: &'static Slot, request: &WaitRequest) -> Self {
        slot.wait.publish(request);
        Self(slot)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.wait.clear();
    }
}
