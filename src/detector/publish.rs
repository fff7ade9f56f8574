//! From what was found to those who want to know.

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
use crate::runtime::threads::with_own;
use crate::shim::fork_safe::ForkSafe;
use crate::sink::{self, Then};
use crate::suppress;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::Slot;

static REPORTS: AtomicU64 = AtomicU64::new(0);
static UNREPORTED: AtomicU64 = AtomicU64::new(0);
static SUPPRESSED: AtomicU64 = AtomicU64::new(0);

/// How many findings were suppressed.
pub(crate) fn suppressed() -> u64 {
    SUPPRESSED.load(Ordering::Relaxed)
}

/// How many reports were made, and how many findings the configuration ignored.
pub(crate) fn counts() -> (u64, u64) {
    (
        REPORTS.load(Ordering::Relaxed),
        UNREPORTED.load(Ordering::Relaxed),
    )
}

/// A panic that a report asks for, to be raised when everything is in order for it.
#[derive(Debug)]
#[must_use = "the configuration asked for a panic"]
pub(crate) struct Panic(String);

impl Panic {
    /// The panic that another thread was asked to raise in the calling one.
    pub(crate) fn of_message(message: String) -> Self {
        Self(message)
    }

    pub(super) fn message(&self) -> &str {
        &self.0
    }

    /// Its message, for another thread to raise it.
    pub(crate) fn into_message(self) -> String {
        self.0
    }

    /// Raises it out of the call at `site`, unless the thread [cannot unwind](can_unwind).
    ///
    /// The program's panic hook is not called. The report has said more than it could, and it may
    /// want a lock that the thread holds: that of standard error, or one of the deadlock. In its
    /// place, and like the standard one, a line on standard error says which thread panics where. In
    /// a check there is none, since the check has the message.
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

/// Whether the calling thread can unwind: it is not panicking, since a second panic would abort the
/// process where the first one was being dealt with, and not destroying its thread-locals, out of
/// which nothing may unwind.
///
/// Whether there is a frame below that may not unwind, as one of `extern "C"`, cannot be known.
pub(crate) fn can_unwind() -> bool {
    !std::thread::panicking() && !current::is_leaving()
}

/// Raises the panic out of the call at `site`, if there is one and the caller can unwind.
pub(crate) fn end_in(panic: Option<Panic>, may_panic: bool, site: Site) {
    if let Some(panic) = panic
        && may_panic
    {
        panic.raise(site);
    }
}

/// Whether a finding with this verdict is of use: it is reported, or counted by the check of the thread.
pub(super) fn is_wanted(slot: &'static Slot, verdict: Verdict) -> bool {
    let config = config::current();
    let bases = [Basis::Instances, Basis::Classes, Basis::Declaration];
    slot.check_id() != 0
        || bases
            .iter()
            .any(|basis| config.action(verdict, *basis) != Action::Ignore)
}

/// Counts findings that are not wanted.
pub(super) fn ignore(count: usize) {
    UNREPORTED.fetch_add(count as u64, Ordering::Relaxed);
}

/// Reports what was found, as the configuration says. The caller holds no lock of the detector;
/// its own use of tracked locks is not looked at meanwhile.
///
/// What a thread of a check finds goes to that check, and to no sink: a test that expects a finding
/// prints nothing. A panic that the configuration asks for happens all the same, since it breaks
/// the deadlock; and nobody is aborted without having been told why.
pub(crate) fn publish(slot: &'static Slot, found: Vec<Facts>) -> Option<Panic> {
    if found.is_empty() {
        return None;
    }
    publish_to(slot, check_session::of(slot).as_deref(), found)
}

/// The same, for `trial` to have; without one, for everybody.
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
            // What classes alone show is of use to nobody who has not asked for it.
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
    /// What the configuration wants done about it beside.
    pub(crate) wanted: Action,
    /// Whether the text of the report stands on standard error.
    pub(crate) printed: bool,
}

/// Reports a stall, from the watchdog's thread. `None` if nobody wants to hear of it.
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
    let printed = aside(slot, || sink::tell(config, &report));
    Some(Published {
        report,
        wanted,
        printed,
    })
}

/// Runs `f`, which may do anything, without looking at its use of tracked locks, if the calling
/// thread has a slot.
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

/// How many reports about the same lines are made in full, by different call paths.
const PATHS: usize = 8;

/// The first report about the same source lines. There are as many as the program has pairs of
/// places that nest.
///
/// Where the lines are those of a type that the program has put around its locks, they are the same for
/// everything: then those reports repeat each other that were made by the same calls.
fn repeats(report: &Report) -> Option<u64> {
    // An order that is taken is news; a thread that hangs, or ends, is so each time.
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

/// A callback or a subscriber has come back to a lock that its own thread holds, or closed a
/// deadlock. There is nobody to tell, since telling is what is going on, but it must not hang: the
/// panic ends the callback, and whoever called the callback says so.
fn refuse(found: &[Facts]) -> Option<Panic> {
    let fatal = found
        .iter()
        .find(|facts| matches!(facts.verdict, Verdict::SelfDeadlock | Verdict::Deadlock))?;
    Some(Panic(Report::new(0, fatal.clone()).headline()))
}

/// Runs `f`, which may do anything, without looking at its use of tracked locks.
pub(crate) fn quietly<R>(slot: &'static Slot, f: impl FnOnce() -> R) -> R {
    struct Busy(&'static Slot);
    impl Drop for Busy {
        fn drop(&mut self) {
            with_own(self.0, |own| own.busy -= 1);
        }
    }
    with_own(slot, |own| own.busy += 1);
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
