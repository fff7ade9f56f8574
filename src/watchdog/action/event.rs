//! Alerts as `tracing` events, with the target `lockwarden::watchdog` and stable field names.
//!
//! | field | value |
//! |---|---|
//! | `phase` | `began`, `goes_on` or `ended` |
//! | `verdict` | the name of the verdict |
//! | `cause` | `wait`, `hold`, `heartbeat`, `no_progress` or `deadlock` |
//! | `sequence` | the number of the report in the process |
//! | `lasted_ms`, `limit_ms` | in milliseconds; the limit of a deadlock is 0 |
//! | `threads`, `locks` | those of the report, joined by `, ` |
//! | `left_out` | how many stalls were not reported before this alert |
//! | `message` | the first line of the text |

use super::super::alert::Alert;
use super::super::backoff::Phase;
use super::super::labels::{cause, phase};
use crate::report::milliseconds;

/// Emits one event: of level error, or, when the stall is over, of level warning.
pub(super) fn emit(alert: &Alert) {
    let report = &alert.report;
    let verdict = report.verdict.name();
    let lasted_ms = milliseconds(alert.lasted);
    let limit_ms = report
        .stall
        .as_ref()
        .map_or(0, |stall| milliseconds(stall.limit));
    let (threads, locks) = (report.thread_list(), report.lock_list());
    // Without the prefix, which repeats the target.
    let message = alert.subject();
    // Level and target belong to the call site, so each level needs one of its own.
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: "lockwarden::watchdog",
                $level,
                phase = phase(alert.phase),
                verdict,
                cause = cause(report),
                sequence = report.sequence,
                lasted_ms,
                limit_ms,
                threads = threads.as_str(),
                locks = locks.as_str(),
                left_out = alert.left_out,
                "{message}"
            )
        };
    }
    match alert.phase {
        Phase::Began | Phase::GoesOn => event!(tracing::Level::ERROR),
        Phase::Ended => event!(tracing::Level::WARN),
    }
}
