//! Panics that a thread catches for others.

use crate::detector;

/// Tells that the calling thread has caught a panic of a job or a callback that it ran for others, and
/// goes on.
///
/// What that code was to do may be what other threads wait for, so later reports of such waits name the
/// thread.
pub fn caught_panic() {
    detector::note_panic(true);
}
