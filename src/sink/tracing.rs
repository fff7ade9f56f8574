//! Reports as `tracing` events, with stable field names.
//!
//! | field | value |
//! |---|---|
//! | `verdict` | the name of the verdict |
//! | `sequence` | the number of the report in the process |
//! | `locks` | the locks of the cycle, joined by `, ` |
//! | `threads` | the threads that take part, joined by `, ` |
//! | `sites` | the places of the edges, each once, joined by `; ` |
//! | `reason`, `suggestion` | as in the report; a suggestion may be empty |
//! | `message` | the headline of the report |

use super::delivery;
use crate::config::{self, Status};
use crate::engine::verdict::Verdict;
use crate::report::{Report, place, push_new};

/// Emits one event: of level error for a deadlock that exists, of level warning for everything else.
pub(super) fn emit(report: &Report) {
    // As strings, which a log puts in quotes, and not with `Display`: a name in them cannot look like
    // another field then.
    let (locks, threads, sites) = (locks(report), report.thread_list(), sites(report));
    let suggestion = report.suggestion.as_deref().unwrap_or_default();
    // Level and target belong to the call site, so each level needs one of its own.
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: "lockwarden",
                $level,
                verdict = report.verdict.name(),
                sequence = report.sequence,
                locks = locks.as_str(),
                threads = threads.as_str(),
                sites = sites.as_str(),
                reason = report.reason.as_str(),
                suggestion,
                "{}",
                report.subject()
            )
        };
    }
    match report.verdict {
        Verdict::Deadlock | Verdict::SelfDeadlock => event!(tracing::Level::ERROR),
        _ => event!(tracing::Level::WARN),
    }
}

/// Returns whether the configuration and the subscriber ask for an event for each new lock order: target
/// `lockwarden::order`, level DEBUG.
///
/// Calls the subscriber, so the caller holds no lock of the detector.
pub(crate) fn emits_orders() -> bool {
    let mut is_enabled = false;
    if config::current().tracing {
        super::callback::guarded("the `tracing` subscriber", &mut || {
            is_enabled = tracing::enabled!(target: "lockwarden::order", tracing::Level::DEBUG);
        });
    }
    is_enabled
}

/// Emits a warning that is not a report.
pub(super) fn warn(words: &str) {
    tracing::event!(target: "lockwarden", tracing::Level::WARN, "{words}");
}

/// Queues `emit`, which emits an event, for the subscriber of the calling thread. Without a thread that could run
/// it, it runs at once.
pub(crate) fn to_subscriber(mut emit: impl FnMut() + Send + 'static) {
    let subscriber = tracing::dispatcher::get_default(Clone::clone);
    let job = Box::new(move || {
        tracing::dispatcher::with_default(&subscriber, || {
            super::callback::guarded("the `tracing` subscriber", &mut emit);
        });
    });
    if let Err(job) = delivery::hand_over(job) {
        job();
    }
}

/// Emits the event that the detector is active, so that a log without reports proves something.
pub(crate) fn started(status: &Status) {
    super::callback::guarded("the `tracing` subscriber", &mut || {
        tracing::event!(
            target: "lockwarden",
            tracing::Level::INFO,
            on = status.is_on(),
            "lockwarden is {status}"
        );
    });
}

fn locks(report: &Report) -> String {
    if report.edges.is_empty() {
        return report.lock_list();
    }
    let mut names = Vec::new();
    for edge in &report.edges {
        push_new(&mut names, report.lock_name(edge.from).to_string());
    }
    names.join(", ")
}

fn sites(report: &Report) -> String {
    let mut sites = Vec::new();
    for edge in &report.edges {
        push_new(&mut sites, place(edge.from_site).to_string());
        push_new(&mut sites, place(edge.to_site).to_string());
    }
    if report.edges.is_empty() {
        for thread in &report.threads {
            for held in &thread.held {
                push_new(&mut sites, place(held.site).to_string());
            }
            if let Some(wait) = &thread.waits {
                push_new(&mut sites, place(wait.site).to_string());
            }
        }
    }
    sites.join("; ")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::engine::ids::{LockId, ThreadId};
    use crate::engine::mode::Mode;
    use crate::report::{Edge, Facts, LockInfo, ThreadInfo};

    struct Writer(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Writer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Returns what a subscriber writes, a line for each event.
    fn written(emit: &dyn Fn()) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let own = Arc::clone(&written);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_writer(move || Writer(Arc::clone(&own)))
            .finish();
        tracing::subscriber::with_default(subscriber, emit);
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    fn report(verdict: Verdict) -> Report {
        let site = std::panic::Location::caller();
        let id = |number| LockId::new(number).expect("not zero");
        let lock = |number, name| {
            let mut lock = LockInfo::new(id(number), "Mutex", site);
            lock.name = Some(name);
            lock
        };
        let edge = |thread, from, to| Edge {
            from: id(from),
            from_mode: Mode::Exclusive,
            from_site: site,
            to: id(to),
            to_mode: Mode::Exclusive,
            to_site: site,
            thread: ThreadId::new(thread),
            from_again: None,
            to_again: None,
            gates: Vec::new(),
            stack: None,
        };
        let facts = Facts {
            locks: vec![lock(1, "ledger"), lock(2, "audit")],
            threads: [4, 5].map(|n| ThreadInfo::new(ThreadId::new(n))).to_vec(),
            edges: vec![edge(4, 1, 2), edge(5, 2, 1)],
            closing: Some(1),
            ..Facts::of(verdict)
        };
        Report::new(9, facts)
    }

    #[test]
    fn a_report_is_one_event_with_named_fields() {
        let report = report(Verdict::Inversion);
        let expected = format!(
            " WARN lockwarden: Inversion: `ledger` and `audit` are taken in both orders \
             verdict=\"Inversion\" sequence=9 locks=\"`ledger`, `audit`\" \
             threads=\"thread #4, thread #5\" sites={:?} reason={:?} suggestion={:?}\n",
            report.edges[0].from_site.to_string(),
            report.reason,
            report.suggestion.as_ref().expect("it has one")
        );
        assert_eq!(written(&|| emit(&report)), expected);
    }

    #[test]
    fn a_name_cannot_look_like_a_field() {
        let mut report = report(Verdict::Inversion);
        report.locks[0].label = Some("x\" verdict=Deadlock y=\u{202e}".to_owned());
        report.threads[0].name = Some("t sequence=1".to_owned());
        let text = written(&|| emit(&report));
        // All fields but the message, which comes first, are in quotes.
        let fields = &text[text
            .find(" verdict=\"Inversion\"")
            .expect("the first field")..];
        let mut outside = String::new();
        let (mut quoted, mut escaped) = (false, false);
        for character in fields.chars() {
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if !quoted => outside.push(character),
                _ => {}
            }
        }
        assert_eq!(
            outside.trim_end(),
            " verdict= sequence=9 locks= threads= sites= reason= suggestion="
        );
        assert!(!text.contains('\u{202e}'), "{text}");
    }

    #[test]
    fn a_real_deadlock_is_an_error() {
        let text = written(&|| {
            emit(&report(Verdict::Deadlock));
            emit(&report(Verdict::SelfDeadlock));
            started(&Status::Off(crate::config::OffReason::SwitchedOff));
        });
        let lines: Vec<&str> = text.lines().collect();
        for (line, level) in lines.iter().zip(["ERROR", "ERROR", " INFO"]) {
            assert!(line.starts_with(level), "{text}");
        }
        assert_eq!(lines.len(), 3, "{text}");
    }
}
