//! The stable identifiers of alerts in JSON and in logs.

use super::backoff::Phase;
use crate::report::{Report, StallCause};

pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Began => "began",
        Phase::GoesOn => "goes_on",
        Phase::Ended => "ended",
    }
}

pub(super) fn cause(report: &Report) -> &'static str {
    match report.stall.as_ref().map(|stall| &stall.cause) {
        Some(StallCause::Wait { .. }) => "wait",
        Some(StallCause::Hold { .. }) => "hold",
        Some(StallCause::Heartbeat { .. }) => "heartbeat",
        Some(StallCause::NoProgress { .. }) => "no_progress",
        None => "deadlock",
    }
}
