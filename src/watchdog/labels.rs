//! The words that machines read: they stay.

use super::backoff::Phase;
use crate::report::{Report, StallCause};

/// The word for a phase.
pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Began => "began",
        Phase::GoesOn => "goes_on",
        Phase::Ended => "ended",
    }
}

/// The word for what an alert is about.
pub(super) fn cause(report: &Report) -> &'static str {
    match report.stall.as_ref().map(|stall| &stall.cause) {
        Some(StallCause::Wait { .. }) => "wait",
        Some(StallCause::Hold { .. }) => "hold",
        Some(StallCause::Heartbeat { .. }) => "heartbeat",
        Some(StallCause::NoProgress { .. }) => "no_progress",
        None => "deadlock",
    }
}
