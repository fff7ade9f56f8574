//! Publishes findings: to sinks, to check sessions, as panics.

use super::check_session;
use super::check_session::CheckSession;
use super::counters;
use super::panic::Panic;
use super::writing::Writing;
use crate::config::{self, Action};
use crate::engine::verdict::Verdict;
use crate::record;
use crate::report::{Basis, Facts, Report};
use crate::sink::{self, Then};
use crate::suppress;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::thread::own::{aside, quietly, with_own};
use crate::tracking::thread::slot::Slot;

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

/// Reports agents that cannot go on, as another crate has found out: to the check of `testing` with this number, or to
/// the process if that is zero.
pub(crate) fn publish_stuck(slot: &'static Slot, check: u64, facts: Facts) -> Option<Panic> {
    publish_to(
        slot,
        check_session::of_number(check).as_deref(),
        vec![facts],
    )
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
            counters::ignore(1);
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
            if trial.is_none() && config.stderr {
                say_if_it_hangs(&report);
            }
            counters::suppress();
            continue;
        }
        report.sequence = counters::next();
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
            panic = Some(Panic::of_message(headline));
        }
    }
    panic
}

/// Writes one line about a suppressed deadlock: most rules are meant for orders that could lead to one, and the program
/// would hang without a word.
fn say_if_it_hangs(report: &Report) {
    if matches!(report.verdict, Verdict::Deadlock | Verdict::SelfDeadlock) {
        let subject = report.subject();
        sink::say(&format!(
            "{subject}; a rule suppresses it, so nothing breaks it"
        ));
    }
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
pub(crate) fn publish_stall(slot: Option<&'static Slot>, facts: Facts) -> Option<Published> {
    let config = config::current();
    let wanted = config.action(facts.verdict, facts.basis);
    if wanted == Action::Ignore {
        counters::ignore(1);
        return None;
    }
    let mut report = Report::new(0, facts);
    if aside(slot, || suppress::suppresses(&report)) {
        counters::suppress();
        return None;
    }
    report.sequence = counters::next();
    counters::count(report.verdict);
    record::finding(&report);
    sink::summary::note(&report);
    // The callback, and the subscriber; the text and the lines of JSON are only queued.
    let called = sink::ProgramCall::begin();
    let printed = aside(slot, || sink::emit(config, &report));
    drop(called);
    Some(Published {
        report,
        wanted,
        printed,
    })
}

/// The first report about a set of source lines, or the first one with its call path.
pub(crate) struct FirstReport {
    lines: u64,
    path: u64,
    sequence: u64,
}

/// The first reports about each set of source lines.
pub(crate) static FIRST: ForkSafe<Vec<FirstReport>> = ForkSafe::new(Vec::new());

/// The most reports about the same lines that are written in full, by different call paths.
const PATHS: usize = 8;

/// Returns the number of the first report about the same source lines. There are as many such reports as
/// pairs of source lines that nest in the program.
///
/// Where the lines are those of a type that wraps the program's locks, they are the same for every lock: then
/// only reports with the same call path repeat each other.
///
/// An inversion repeats the deadlock that has formed by its orders: the thread that closes it finds both. A deadlock
/// that is no cycle of locks repeats the one that was broken before: the workers of a pool come back to the same
/// lines with each of their jobs.
fn repeats(report: &Report) -> Option<u64> {
    let predicted = match report.verdict {
        Verdict::Deadlock if report.edges.is_empty() => {
            return first_on_lines(report, report.signature_of_waits());
        }
        // A report without an edge, about a thread that ends, repeats nothing.
        _ if report.edges.is_empty() => return None,
        Verdict::Deadlock => Verdict::Inversion,
        other => other,
    };
    let first = first_on_lines(report, report.signature_as(predicted))?;
    (report.verdict != Verdict::Deadlock).then_some(first)
}

/// Returns the number of the first report about these lines; `None` if that is this one.
fn first_on_lines(report: &Report, lines: u64) -> Option<u64> {
    let path = report.path();
    let mut reports = FIRST.lock();
    let (mut first, mut count) = (None, 0);
    for known in reports.iter().filter(|known| known.lines == lines) {
        if known.path == path {
            return Some(known.sequence);
        }
        first.get_or_insert(known.sequence);
        count += 1;
    }
    if count == PATHS {
        return first;
    }
    reports.push(FirstReport {
        lines,
        path,
        sequence: report.sequence,
    });
    None
}

/// Handles a callback or a subscriber that requests a lock its own thread holds, or that closes a deadlock.
/// No report can be written, since one is being written already, but the thread must not hang: the panic ends
/// the callback, and the caller of the callback prints that.
fn refuse(found: &[Facts]) -> Option<Panic> {
    let fatal = found
        .iter()
        .find(|facts| matches!(facts.verdict, Verdict::SelfDeadlock | Verdict::Deadlock))?;
    Some(Panic::of_message(Report::new(0, fatal.clone()).headline()))
}

#[cfg(test)]
mod tests {
    use std::panic::Location;
    use std::time::Duration;

    use super::*;
    use crate::engine::ids::{LockId, Site, ThreadId};
    use crate::engine::mode::Mode;
    use crate::engine::wait_reason::WaitReason;
    use crate::report::{Edge, FreedBy, HeldInfo, ThreadInfo, WaitInfo};

    /// A report on two locks that are taken in both orders at one place.
    fn report(verdict: Verdict, sequence: u64, site: Site) -> Report {
        let lock = |number| LockId::new(number).unwrap();
        let edge = |from, to| Edge {
            from: lock(from),
            from_mode: Mode::Exclusive,
            from_site: site,
            from_again: None,
            to: lock(to),
            to_mode: Mode::Exclusive,
            to_site: site,
            to_again: None,
            thread: ThreadId::new(from),
            gates: Vec::new(),
            stack: None,
        };
        Report {
            sequence,
            edges: vec![edge(1, 2), edge(2, 1)],
            ..Report::of(verdict)
        }
    }

    #[test]
    fn an_inversion_repeats_the_deadlock_of_its_orders_and_a_deadlock_repeats_nothing() {
        let site = Location::caller();
        let repeats = |verdict, sequence| super::repeats(&report(verdict, sequence, site));
        assert_eq!(repeats(Verdict::Deadlock, 7), None);
        assert_eq!(repeats(Verdict::Inversion, 8), Some(7));
        assert_eq!(repeats(Verdict::Deadlock, 9), None);
        assert_eq!(repeats(Verdict::RecursiveRead, 10), None);
        // A deadlock that was not reported, since the configuration ignores it, leaves nothing to repeat.
        let site = Location::caller();
        let repeats = |verdict, sequence| super::repeats(&report(verdict, sequence, site));
        assert_eq!(repeats(Verdict::Inversion, 11), None);
        assert_eq!(repeats(Verdict::Deadlock, 12), None);
        assert_eq!(repeats(Verdict::Inversion, 13), Some(11));
    }

    /// A deadlock of a thread that holds a lock at `held` and an idle one that waits at `idle`, and of one that waits for
    /// the lock at `asked`.
    fn stuck(sequence: u64, [held, idle, asked]: [Site; 3]) -> Report {
        let (lock, event) = (LockId::new(1).unwrap(), LockId::new(2).unwrap());
        let thread = |id| ThreadInfo::new(ThreadId::new(id));
        let by = FreedBy::AnyThread;
        let reason = (event, WaitReason::Notification);
        let holder = ThreadInfo {
            held: vec![HeldInfo {
                lock,
                mode: Mode::Exclusive,
                site: held,
            }],
            waits: Some(WaitInfo::of_resource(reason, idle, None, by.clone())),
            ..thread(sequence)
        };
        let waiter = ThreadInfo {
            waits: Some(WaitInfo::of_lock(
                lock,
                Mode::Exclusive,
                asked,
                Duration::ZERO,
                by,
            )),
            ..thread(sequence + 1)
        };
        Report {
            sequence,
            threads: vec![holder, waiter],
            ..Report::of(Verdict::Deadlock)
        }
    }

    #[test]
    fn a_deadlock_that_is_no_cycle_repeats_one_whose_threads_waited_for_locks_at_the_same_lines() {
        let (held, asked) = (Location::caller(), Location::caller());
        let (idle, other) = (Location::caller(), Location::caller());
        let repeats = |sequence, sites| super::repeats(&stuck(sequence, sites));
        assert_eq!(repeats(21, [held, idle, asked]), None);
        // Other threads, one of which is idle elsewhere.
        assert_eq!(repeats(31, [held, other, asked]), Some(21));
        assert_eq!(repeats(41, [held, idle, other]), None);
        assert_eq!(repeats(51, [other, idle, asked]), None);
        assert_eq!(repeats(61, [other, held, asked]), Some(51));
    }
}
