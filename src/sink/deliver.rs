//! Delivers one report to all sinks.

use std::sync::Arc;
use std::time::Duration;

use super::delivery::{self, Ticket};
use super::{callback, listener, say, stderr, tracing};
use crate::config::{Action, Config};
use crate::report::{Report, counted};

/// What the caller has to do after a report is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a report may have to end in a panic"]
pub(crate) enum Then {
    /// Continue.
    Continue,
    /// Panic, with the headline of the report, once the caller's state is consistent.
    Panic,
}

/// Passes `report` to standard error, to `tracing` and to the callback, as `config` says, and aborts
/// the process if `config` says that.
///
/// The caller holds no lock of the detector, and has suspended the tracking of its own locks. A panic
/// of a subscriber or a callback is caught. A thread of the library writes to standard error: the
/// caller waits for the text, within a bound, only if it is to panic.
pub(crate) fn deliver(config: &Config, report: &Report) -> Then {
    let action = config.action(report.verdict, report.basis);
    if action == Action::Ignore {
        return Then::Continue;
    }
    // A panic or an abort is always reported, beyond the limit too.
    let (_, text) = emit_if(config, report, action > Action::Report);
    let then = then(action);
    if let Some(text) = text.filter(|_| then == Then::Panic || !EXIT_WAITS) {
        delivery::wait_for(text, TEXT);
    }
    then
}

/// How long a thread that is about to panic waits for its text.
const TEXT: Duration = Duration::from_secs(1);

/// Whether the end of the process waits for texts that are not yet written.
const EXIT_WAITS: bool = cfg!(unix);

/// Returns what follows a report, by its action.
pub(crate) fn then(action: Action) -> Then {
    match action {
        Action::Abort => {
            delivery::flush(delivery::LAST);
            std::process::abort()
        }
        Action::Panic => Then::Panic,
        _ => Then::Continue,
    }
}

/// Delivers a report without the panic or abort of its action; returns whether its text is written to
/// standard error, or will be before any text that is printed later.
pub(crate) fn emit(config: &Config, report: &Report) -> bool {
    emit_if(config, report, false).0 && config.stderr
}

/// Delivers a report if the limit allows that, or `anyway`; returns whether it did, and the ticket of
/// its text.
fn emit_if(config: &Config, report: &Report, anyway: bool) -> (bool, Option<Ticket>) {
    let last = config.max_reports;
    let is_emitted = report.sequence <= last || anyway;
    let text = is_emitted.then(|| hand_out(config, report)).flatten();
    // Sequence numbers are unique, so this line is written once.
    if report.sequence == last.saturating_add(1) {
        say_limit(config, last);
    }
    (is_emitted, text)
}

fn hand_out(config: &Config, report: &Report) -> Option<Ticket> {
    // Standard error first: a callback or subscriber, which may not return, comes after.
    let text = if config.stderr { print(report) } else { None };
    #[cfg(feature = "json")]
    if let Some(path) = &config.json {
        add_line(path.clone(), report);
    }
    if config.tracing {
        callback::guarded("the `tracing` subscriber", &mut || tracing::emit(report));
    }
    if let Some(callback) = &config.callback {
        callback::guarded("the callback", &mut || (callback.0)(report));
    }
    listener::notify(report);
    text
}

/// Looks up the names of the stacks in the delivery thread; waits for that for `patience` at most.
pub(crate) fn resolve(report: &Report, patience: Duration) {
    let shared = Arc::new(report.clone());
    let job = Box::new(move || shared.resolve(&|| {}));
    if let Ok(ticket) = delivery::hand_over(job) {
        delivery::wait_for(ticket, patience);
    }
}

/// Queues the report as a line of JSON, written when there is time for the names of its stacks.
#[cfg(feature = "json")]
fn add_line(path: std::path::PathBuf, report: &Report) {
    let report = report.clone();
    delivery::hand_over_slow(Box::new(move || {
        callback::guarded("the line of JSON", &mut || {
            report.resolve(&delivery::catch_up);
            super::file::append(
                &path,
                &format!("{}\n", super::json::value(&report, "report")),
            );
        });
    }));
}

/// Queues the text: the body at once, then the stacks when there is time for their names.
fn print(report: &Report) -> Option<Ticket> {
    let shared = Arc::new(report.clone());
    let own = Arc::clone(&shared);
    // The empty line at the end separates it from the next text.
    let body = move |write: &dyn Fn(&str)| {
        callback::guarded("the text", &mut || match own.repeats {
            // One wrong pair of lines may run with very many pairs of locks.
            Some(first) => write(&own.brief(format_args!("report {first}"))),
            None => write(&format!("{}\n", own.body())),
        });
    };
    let job = body.clone();
    let Ok(ticket) = delivery::hand_over(Box::new(move || job(&stderr::write))) else {
        body(&stderr::write_in_time);
        return None;
    };
    if report.repeats.is_none() && report.has_stacks() {
        delivery::hand_over_slow(Box::new(move || {
            callback::guarded("the text", &mut || {
                shared.resolve(&delivery::catch_up);
                stderr::write(&format!("{}\n", shared.stacks()));
            });
        }));
    }
    Some(ticket)
}

fn say_limit(config: &Config, last: u64) {
    let (made, verb) = (
        counted(last, "report"),
        if last == 1 { "was" } else { "were" },
    );
    let words = format!(
        "{made} {verb} made, which is the limit (max_reports); the ones from here on are only counted"
    );
    if config.stderr {
        say::say(&words);
    }
    if config.tracing {
        callback::guarded("the `tracing` subscriber", &mut || tracing::warn(&words));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::engine::verdict::Verdict;
    use crate::report::Facts;

    fn report(sequence: u64, verdict: Verdict) -> Report {
        let facts = Facts::of(verdict);
        Report::new(sequence, facts)
    }

    /// A configuration that only counts.
    fn counting() -> (Config, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let config = Config::new()
            .stderr(false)
            .tracing(false)
            .callback(move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
            });
        (config, count)
    }

    #[test]
    fn each_action_does_its_own() {
        let (config, count) = counting();
        let given = || count.load(Ordering::Relaxed);
        assert_eq!(
            deliver(&config, &report(1, Verdict::Guarded)),
            Then::Continue
        );
        assert_eq!(given(), 0);
        assert_eq!(
            deliver(&config, &report(1, Verdict::Inversion)),
            Then::Continue
        );
        assert_eq!(given(), 1);
        assert_eq!(deliver(&config, &report(2, Verdict::Deadlock)), Then::Panic);
        assert_eq!(given(), 2);
    }

    #[test]
    fn beyond_the_limit_only_what_panics_is_reported() {
        let (config, count) = counting();
        let config = config.max_reports(1);
        for (sequence, verdict, given) in [
            (1, Verdict::Inversion, 1),
            (2, Verdict::Inversion, 1),
            (3, Verdict::Inversion, 1),
            (4, Verdict::SelfDeadlock, 2),
        ] {
            let _ = deliver(&config, &report(sequence, verdict));
            assert_eq!(count.load(Ordering::Relaxed), given, "{sequence}");
        }
    }

    #[test]
    fn a_panic_of_a_callback_is_caught() {
        let config = Config::new()
            .stderr(false)
            .tracing(false)
            .callback(|_| panic!("on purpose, and caught"));
        assert_eq!(deliver(&config, &report(1, Verdict::Stall)), Then::Continue);
    }
}
