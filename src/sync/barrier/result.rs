//! `BarrierWaitResult`: whether a thread is the leader.

use std::fmt;

/// Result of a wait at a [`Barrier`](super::Barrier), as [`std::sync::BarrierWaitResult`] is.
pub struct BarrierWaitResult(pub(super) bool);

impl BarrierWaitResult {
    /// Returns `true` for exactly one of the threads of a generation.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult")
            .field("is_leader", &self.is_leader())
            .finish()
    }
}
