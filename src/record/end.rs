//! The end of the record, at an orderly exit of the process.

use super::{recorder, times};

/// Writes the times that the process has kept, and a row that says that it ended in order, with the `status` of
/// the detector.
pub(crate) fn finish(status: &str) {
    if recorder::is_open() {
        times::write(true);
        recorder::finish(status);
    }
}
