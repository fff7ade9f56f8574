//! Publishes findings: to sinks, to check sessions, as panics.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::check_session;
use super::check_session::CheckSession;
use super::counters;
use super::writing::Writing;
use crate::config::{self, Action};
use crate::engine::ids::Site;
use crate::engine::verdict::Verdict;
use crate::record;
use crate::report::{Basis, Facts, Report, Stall};
use crate::sink::{self, Then};
use crate::suppress;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::thread::current;
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::slot::Slot;

static REPORTS: AtomicU64 = AtomicU64::new(0);
static UNREPORTED: AtomicU64 = AtomicU64::new(0);
static SUPPRESSED: AtomicU64 = AtomicU64::new(0);

/// Returns the number of suppressed findings.
pub(crate) fn suppressed() -> u64 {
    SUPPRESSED.load(Ordering::Relaxed)
}

/// Returns the number of reports, and the number of findings that the configuration ignored.
pub(crate) fn counts() -> (u64, u64) {
    (
        REPORTS.load(Ordering::Relaxed),
        UNREPORTED.load(Ordering::Relaxed),
    )
}

/// A panic that a report requests, to be raised when the primitive's state is consistent.
#[derive(Debug)]
#[must_use = "the configuration asked for a panic"]
pub(crate) struct Panic(String);

impl Panic {
    /// Returns the panic that another thread requested in the calling one.
    pub(crate) fn of_message(message: String) -> Self {
        Self(message)
    }

    pub(super) fn message(&self) -> &str {
        &self.0
    }

    /// Returns its message, for another thread to raise it.
    pub(crate) fn into_message(self) -> String {
        self.0
    }

    /// Raises the panic out of the call at `site`, unless the thread [cannot unwind](can_unwind).
    ///
    /// The program's panic hook is not called. The report contains more than the hook could print, and the
    /// hook may request a lock that the thread holds: that of standard error, or one of the deadlock. In its
    /// place, and like the standard hook, a line on standard error names the thread and the location of the
    /// panic. In a check there is no such line, since the check has the message.
    #[cold]
    pub(crate) fn raise(self, site: Site) {
        if !can_unwind() {
            return;
        }
        let slot = current::own();
        if slot.check_id() == 0 {
            let thread = match (slot.name(), slot.thread()) {
                (Some(name), _) => format!("`{name}`"),
                (None, Some(id)) => format!("#{}", id.get()),
                (None, None) => "without a name".to_owned(),
            };
            let message = self.0.strip_prefix("lockwarden: ").unwrap_or(&self.0);
            sink::say(&format!("thread {thread} panics at {site}: {message}"));
        }
        std::panic::resume_unwind(Box::new(self.0))
    }
}

/// Returns whether the calling thread can unwind: it is not panicking, since a second panic in a destructor
/// would abort the process, and it is not destroying its thread-locals, out of which nothing may unwind.
///
/// Whether there is a frame below that may not unwind, as one of `extern "C"`, cannot be known.
pub(crate) fn can_unwind() -> bool {
    !std::thread::panicking() && !current::is_leaving()
}

/// Raises the panic, if there is one and the caller can unwind, out of the call at `site`.
pub(crate) fn end_in(panic: Option<Panic>, may_panic: bool, site: Site) {
    if let Some(panic) = panic
        && may_panic
    {
        panic.raise(site);
    }
}

/// Returns whether a finding with this verdict is used: it is reported, or counted by the check of the
/// thread.
pub(super) fn is_wanted(slot: &'static Slot, verdict: Verdict) -> bool {
    let config = config::current();
    let bases = [Basis::Instances, Basis::Classes, Basis::Declaration];
    slot.check_id() != 0
        || bases
            .iter()
            .any(|basis| config.action(verdict, *basis) != Action::Ignore)
}

/// Counts findings that are ignored.
pub(super) fn ignore(count: usize) {
    UNREPORTED.fetch_add(count as u64, Ordering::Relaxed);
}

/// Reports findings as the configuration says. The caller holds no lock of the detector; the caller's use of
/// tracked locks is not checked meanwhile.
///
/// What a thread of a check finds goes to that check, and to no sink: a test that expects a finding prints
/// nothing. A panic that the configuration requests is raised all the same, since it breaks the deadlock; and
/// before the process is aborted, the report is written.
pub(crate) fn publish(slot: &'static Slot, found: Vec<Facts>) -> Option<Panic> {
    if found.is_empty() {
        return None;
    }
    publish_to(slot, check_session::of(slot).as_deref(), found)
}

/// Publishes findings to one check session, or to the process if `trial` is `None`.
pub(super) fn publish_to(
    slot: &'static Slot,
    trial: Option<&CheckSession>,
    found: Vec<Facts>,
) -> Option<Panic> {
    if with_own(slot, |own| own.busy > 0) {
        return refuse(&found);
    }
    let config = config::current();
    let mut panic = None;
    for facts in found {
        let action = config.action(facts.verdict, facts.basis);
        if action == Action::Ignore {
            UNREPORTED.fetch_add(1, Ordering::Relaxed);
            // A finding of classes alone is of no use where none was requested.
            if let Some(trial) = trial
                && facts.basis == Basis::Instances
            {
                trial.count(Report::new(0, facts));
            }
            continue;
        }
        let mut report = Report::new(0, facts);
        if quietly(slot, || suppress::suppresses(&report)) {
            SUPPRESSED.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        report.sequence = REPORTS.fetch_add(1, Ordering::Relaxed) + 1;
        counters::count(report.verdict);
        record::finding(&report);
        let headline = report.headline();
        let then = match trial {
            Some(trial) if action < Action::Abort => {
                let then = sink::then(action);
                if then == Then::Panic {
                    trial.note_panic(&headline);
                }
                trial.report(report);
                then
            }
            _ => {
                report.repeats = repeats(&report);
                sink::summary::note(&report);
                let _writing = Writing::new();
                quietly(slot, || sink::deliver(config, &report))
            }
        };
        if then == Then::Panic && panic.is_none() {
            panic = Some(Panic(headline));
        }
    }
    panic
}

/// A stall that was reported.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) report: Report,
    /// What else the configuration requests to be done about it.
    pub(crate) wanted: Action,
    /// Whether the text of the report was written to standard error.
    pub(crate) printed: bool,
}

/// Reports a stall, from the watchdog's thread. Returns `None` if the configuration ignores stalls.
pub(crate) fn publish_stall(
    slot: Option<&'static Slot>,
    facts: Facts,
    stall: Stall,
) -> Option<Published> {
    let config = config::current();
    let wanted = config.action(facts.verdict, facts.basis);
    if wanted == Action::Ignore {
        UNREPORTED.fetch_add(1, Ordering::Relaxed);
        return None;
    }
    let mut report = Report::of_stall(facts, stall);
    if aside(slot, || suppress::suppresses(&report)) {
        SUPPRESSED.fetch_add(1, Ordering::Relaxed);
        return None;
    }
    report.sequence = REPORTS.fetch_add(1, Ordering::Relaxed) + 1;
    counters::count(report.verdict);
    record::finding(&report);
    sink::summary::note(&report);
    let printed = aside(slot, || sink::emit(config, &report));
    Some(Published {
        report,
        wanted,
        printed,
    })
}

/// Runs `f`, which may call any code, without checking its use of tracked locks, if the calling thread has a
/// slot.
pub(crate) fn aside<R>(slot: Option<&'static Slot>, f: impl FnOnce() -> R) -> R {
    match slot {
        Some(slot) => quietly(slot, f),
        None => f(),
    }
}

/// Reports about the same source lines: the call path and the number of each.
pub(crate) type Paths = Vec<(u64, u64)>;

/// The first reports about each set of source lines.
pub(crate) static FIRST: ForkSafe<Option<HashMap<u64, Paths>>> = ForkSafe::new(None);

/// The most reports about the same lines that are written in full, by different call paths.
const PATHS: usize = 8;

/// Returns the number of the first report about the same source lines. There are as many such reports as
/// pairs of source lines that nest in the program.
///
/// Where the lines are those of a type that wraps the program's locks, they are the same for every lock: then
/// only reports with the same call path repeat each other.
fn repeats(report: &Report) -> Option<u64> {
    // Only reports about orders can repeat; a thread that hangs, or ends, is news each time.
    if report.edges.is_empty()
        || matches!(report.verdict, Verdict::Deadlock | Verdict::SelfDeadlock)
    {
        return None;
    }
    let mut first = FIRST.lock();
    let lines = first.get_or_insert_default().entry(report.signature());
    let known = lines.or_default();
    let path = report.path();
    if let Some((_, sequence)) = known.iter().find(|(known, _)| *known == path) {
        return Some(*sequence);
    }
    if let Some((_, first)) = known.first().filter(|_| known.len() == PATHS) {
        return Some(*first);
    }
    known.push((path, report.sequence));
    None
}

/// Handles a callback or a subscriber that requests a lock its own thread holds, or that closes a deadlock.
/// No report can be written, since one is being written already, but the thread must not hang: the panic ends
/// the callback, and the caller of the callback prints that.
fn refuse(found: &[Facts]) -> Option<Panic> {
    let fatal = found
        .iter()
        .find(|facts| matches!(facts.verdict, Verdict::SelfDeadlock | Verdict::Deadlock))?;
    Some(Panic(Report::new(0, fatal.clone()).headline()))
}

/// Runs `f`, which may call any code, without checking its use of tracked locks.
pub(crate) fn quietly<R>(slot: &'static Slot, f: impl FnOnce() -> R) -> R {
    struct Busy(&'static Slot);
    impl Drop for Busy {
        fn drop(&mut self) {
            with_own(self.0, |own| own.busy -= 1);
        }
    }
    with_own(slot, |own| own.begin_busy());
    let _busy = Busy(slot);
    f()
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn a_thread_that_unwinds_does_not_panic_again() {
        struct RaisesWhenDropped;
        impl Drop for RaisesWhenDropped {
            fn drop(&mut self) {
                Panic::of_message("this would abort the process".to_owned())
                    .raise(Location::caller());
            }
        }
        let result = std::panic::catch_unwind(|| {
            let _raises = RaisesWhenDropped;
            panic!("on purpose, and caught");
        });
        let message = result.unwrap_err();
        assert_eq!(
            message.downcast_ref::<&str>(),
            Some(&"on purpose, and caught")
        );
        let raised = std::panic::catch_unwind(|| {
            Panic::of_message("raised".to_owned()).raise(Location::caller());
        });
        let message = raised.unwrap_err();
        assert_eq!(
            message.downcast_ref::<String>().map(String::as_str),
            Some("raised")
        );
    }
}
