//! One report, to everyone who is to have it.

use super::{callback, stderr, tracing};
use crate::config::{Action, Config};
use crate::report::Report;

/// What is left for the caller to do when a report is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a report may have to end in a panic"]
pub(crate) enum Then {
    /// Go on.
    Continue,
    /// Panic, with the headline of the report, once everything is in order for that.
    Panic,
}

/// Gives `report` to standard error, to `tracing` and to the callback, as `config` says, and
/// aborts the process if it says that.
///
/// The caller holds no lock of the detector, and has seen to it that locks that are used from
/// here on are not watched. Nothing that a subscriber or a callback does comes back as a panic.
pub(crate) fn deliver(config: &Config, report: &Report) -> Then {
    let action = config.action(report.verdict);
    if action == Action::Ignore {
        return Then::Continue;
    }
    let last = config.get_max_reports();
    // What ends the program, or a thread of it, never goes unexplained.
    if report.sequence <= last || action > Action::Report {
        hand_out(config, report);
    } else if report.sequence == last.saturating_add(1) {
        stderr::say(&format!(
            "{last} reports were made, which is the limit (max_reports); \
             the ones from here on are only counted"
        ));
    }
    match action {
        Action::Abort => std::process::abort(),
        // A second panic would abort the process where the first one was being dealt with.
        Action::Panic if !std::thread::panicking() => Then::Panic,
        _ => Then::Continue,
    }
}

fn hand_out(config: &Config, report: &Report) {
    // Standard error first: it is ours, so it works even if what comes after does not return.
    if config.writes_stderr() {
        // The empty line at the end keeps it apart from the next one.
        stderr::write(&format!("{report}\n"));
    }
    if config.emits_tracing() {
        callback::guarded("the `tracing` subscriber", || tracing::emit(report));
    }
    if let Some(callback) = config.get_callback() {
        callback::guarded("the callback", || callback(report));
    }
}
