//! What the files of the suite share.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Longer than any wait of a test that passes.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// Runs `f`, which panics, and lets the panic end here.
pub(super) fn panics(f: impl FnOnce()) {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        f();
    }));
    assert!(outcome.is_err(), "it did not panic");
}

/// Calls its function when it is dropped.
pub(super) struct OnDrop<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
