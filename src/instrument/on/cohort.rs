//! The check of `testing` that threads belong to.

use crate::detector;
use crate::tracking::current;

/// The check that a thread belongs to, on its way to the threads that it starts.
#[derive(Debug)]
pub(crate) struct Cohort(u64);

impl Cohort {
    /// That of the calling thread.
    pub(crate) fn here() -> Self {
        Self(current::slot().scope())
    }

    /// That of the check with this number.
    pub(crate) fn of(number: u64) -> Self {
        Self(number)
    }

    /// The calling thread, which has just begun, belongs to it.
    pub(crate) fn enter(&self) {
        // Who belongs to the process does already.
        if self.0 != 0
            && let Some(slot) = detector::attach()
        {
            slot.set_scope(self.0);
        }
    }
}
