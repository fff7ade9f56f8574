//! `BarrierWaitResult`: who leads.

use std::fmt;

/// What a thread is told at a [`Barrier`](super::Barrier), as [`std::sync::BarrierWaitResult`] is.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{Barrier, BarrierWaitResult};
///
/// let result: BarrierWaitResult = Barrier::new(1).wait();
/// assert!(result.is_leader());
/// ```
pub struct BarrierWaitResult(pub(super) bool);

impl BarrierWaitResult {
    /// Whether this thread is the one of its kind among those that went on together.
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
