//! Reports as `tracing` events, with fields whose names stay.
//!
//! | field | value |
//! |---|---|
//! | `verdict` | the name of the verdict |
//! | `sequence` | the number of the report in the process |
//! | `locks` | the locks of the cycle, joined by `, ` |
//! | `threads` | the threads that take part, joined by `, ` |
//! | `sites` | the places of the edges, each once, joined by `, ` |
//! | `reason`, `suggestion` | as in the report; a suggestion may be empty |
//! | `message` | the headline of the report |

use crate::config::Status;
use crate::engine::verdict::Verdict;
use crate::report::Report;

/// Emits one event: an error for a deadlock that is there, a warning for everything else.
pub(super) fn emit(report: &Report) {
    // Level and target belong to the place of the call, so there has to be one for each.
    macro_rules! event {
        ($level:expr) => {
            tracing::event!(
                target: "lockwarden",
                $level,
                verdict = report.verdict.name(),
                sequence = report.sequence,
                locks = %locks(report),
                threads = %threads(report),
                sites = %sites(report),
                reason = %report.reason,
                suggestion = report.suggestion.as_deref().unwrap_or_default(),
                "{}",
                headline(report)
            )
        };
    }
    match report.verdict {
        Verdict::Deadlock | Verdict::SelfDeadlock => event!(tracing::Level::ERROR),
        _ => event!(tracing::Level::WARN),
    }
}

/// Emits the event that says that the detector is at work, so that a log without reports proves
/// something.
pub(crate) fn started(status: &Status) {
    super::callback::guarded("the `tracing` subscriber", || {
        tracing::event!(
            target: "lockwarden",
            tracing::Level::INFO,
            on = status.is_on(),
            "lockwarden is {status}"
        );
    });
}

/// The headline without the mark that the target already is.
fn headline(report: &Report) -> String {
    let line = report.headline();
    line.strip_prefix("lockwarden: ")
        .map(str::to_owned)
        .unwrap_or(line)
}

fn locks(report: &Report) -> String {
    let mut names: Vec<String> = Vec::new();
    if report.edges.is_empty() {
        names.extend(report.locks.iter().map(|lock| report.lock_name(lock.id)));
    }
    for edge in &report.edges {
        push_new(&mut names, report.lock_name(edge.from));
    }
    names.join(", ")
}

fn threads(report: &Report) -> String {
    let names: Vec<String> = report.threads.iter().map(ToString::to_string).collect();
    names.join(", ")
}

fn sites(report: &Report) -> String {
    let mut sites: Vec<String> = Vec::new();
    for edge in &report.edges {
        push_new(&mut sites, edge.from_site.to_string());
        push_new(&mut sites, edge.to_site.to_string());
    }
    if report.edges.is_empty() {
        for thread in &report.threads {
            for held in &thread.held {
                push_new(&mut sites, held.site.to_string());
            }
            if let Some(wait) = &thread.waits {
                push_new(&mut sites, wait.site.to_string());
            }
        }
    }
    sites.join(", ")
}

fn push_new(items: &mut Vec<String>, item: String) {
    if !items.contains(&item) {
        items.push(item);
    }
}
