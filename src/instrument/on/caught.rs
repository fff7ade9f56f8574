//! Record of panics that a worker thread catches.

use crate::runtime::threads;

/// Records that the calling thread has caught a panic of a job or a callback that it ran on behalf
/// of other threads, and goes on.
///
/// Other threads may wait for what that code was to do, so later reports of such waits name the
/// thread.
///
/// # Examples
///
/// ```
/// use std::panic::{catch_unwind, resume_unwind};
/// use lockwarden::instrument::caught_panic;
///
/// fn run(job: fn()) {
///     if catch_unwind(job).is_err() {
///         caught_panic();
///     }
/// }
/// run(|| resume_unwind(Box::new("a job failed")));
/// ```
pub fn caught_panic() {
    threads::note_panic(true);
}
