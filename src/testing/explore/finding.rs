//! What a schedule has shown.

use std::fmt;

use crate::detector::observe::Observed;
use crate::engine::sorting;
use crate::explore::schedule::Schedule;
use crate::report::{LockInfo, Report, Verdict, place};
use crate::testing::hang::{Hang, write_threads};
use crate::tracking::thread::wait;

/// What was found, with the schedule that shows it.
///
/// Displayed as text, with the line that makes the same schedule again.
#[derive(Clone, Debug)]
pub struct Finding {
    pub(super) kind: FindingKind,
    pub(super) schedule: Schedule,
    pub(super) number: usize,
    pub(super) seed: u64,
    pub(super) exact: bool,
    pub(super) interleaving: String,
}

/// What a schedule can show.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FindingKind {
    /// The detector has reported it: a deadlock that formed, or an order of locks that can lead to one.
    /// Boxed, since reports are large.
    Report(Box<Report>),
    /// The body had not ended, and no thread could go on.
    Stuck(Stuck),
    /// The body panicked, with this message.
    Panic(String),
    /// The schedule did not end in time.
    Hang(Box<Hang>),
}

/// Threads of which none can go on: all that the body has started and that have not ended.
///
/// Displayed as text, a paragraph for each thread.
#[derive(Clone, Debug)]
pub struct Stuck {
    threads: Vec<Observed>,
    seen_at: u64,
}

impl Stuck {
    #[inline]
    pub(super) fn new(mut threads: Vec<Observed>) -> Self {
        threads.retain(|thread| !thread.has_ended);
        Self {
            threads,
            seen_at: wait::now(),
        }
    }

    /// How many threads there are.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.len()
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no thread can go on\n")?;
        write_threads(f, &self.threads, self.seen_at, None)
    }
}

impl FindingKind {
    /// Whether the schedule failed: all but a prediction of the detector.
    #[inline]
    pub(super) fn is_failure(&self) -> bool {
        match self {
            Self::Report(report) => {
                matches!(report.verdict, Verdict::Deadlock | Verdict::SelfDeadlock)
            }
            Self::Stuck(_) | Self::Panic(_) | Self::Hang(_) => true,
        }
    }

    /// Whether another schedule has shown the same. A deadlock over something other than locks is a report
    /// or a set of stuck threads, depending on what other threads the process has at that moment.
    #[inline]
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let is_stuck = |kind: &Self| matches!(kind, Self::Stuck(_));
        let alike = is_stuck(self) != is_stuck(other) && self.is_deadlock() && other.is_deadlock();
        alike || self.key() == other.key()
    }

    #[inline]
    pub(super) fn is_deadlock(&self) -> bool {
        self.is_failure() && matches!(self, Self::Report(_) | Self::Stuck(_))
    }

    #[inline]
    pub(super) fn is_hang(&self) -> bool {
        matches!(self, Self::Hang(_))
    }

    /// Whether it is a deadlock over something other than locks alone.
    #[inline]
    pub(super) fn is_stuck(&self) -> bool {
        match self {
            Self::Report(report) => self.is_deadlock() && report.edges.is_empty(),
            Self::Stuck(_) => true,
            Self::Panic(_) | Self::Hang(_) => false,
        }
    }

    /// The same for what two schedules show of the same locks at the same lines.
    #[inline]
    pub(super) fn key(&self) -> String {
        match self {
            Self::Report(report) => {
                let mut locks: Vec<String> = report.locks.iter().map(describe).collect();
                sorting::sort(&mut locks);
                locks.dedup();
                format!("{:?} {:x} {locks:?}", report.verdict, report.signature())
            }
            Self::Stuck(stuck) => {
                let mut waits = Vec::new();
                for thread in &stuck.threads {
                    if let Some(wait) = &thread.wait {
                        waits.push(format!("{} {}", place(wait.site), describe(&wait.lock)));
                    }
                }
                sorting::sort(&mut waits);
                format!("stuck {waits:?}")
            }
            Self::Panic(message) => format!("panic {message}"),
            Self::Hang(_) => "hang".to_owned(),
        }
    }
}

/// A lock, apart from its id, which differs in each schedule.
#[inline]
fn describe(lock: &LockInfo) -> String {
    format!("{:?} {:?} {}", lock.name, lock.label, place(lock.created))
}

impl Finding {
    /// What was found.
    #[must_use]
    pub fn kind(&self) -> &FindingKind {
        &self.kind
    }

    #[inline]
    pub(super) fn report(&self) -> Option<&Report> {
        match &self.kind {
            FindingKind::Report(report) => Some(report),
            _ => None,
        }
    }

    /// The schedule that has shown it, to be given to [`Explore::replay`](super::Explore::replay).
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// What the threads do in the schedule, one line for each step and a column for each thread, as in
    /// reports; empty if the schedule was not [shrunk](super::Explore::shrink). Releases are not among
    /// the steps.
    #[must_use]
    pub fn interleaving(&self) -> &str {
        &self.interleaving
    }

    /// The number of the schedule, from 1: how many it took to find this.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// Whether the schedule determines the order of all steps. If not, a thread was away from the
    /// scheduler for longer than [`Explore::patience`](super::Explore::patience) (it waited for I/O, or for a lock that is not watched, or
    /// spun), or the body did something else than in the schedule before, or it never came to an end: a
    /// replay may then go another way.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// Whether it is a deadlock that has formed, and not a prediction, a panic or a hang.
    #[inline]
    #[must_use]
    pub fn is_deadlock(&self) -> bool {
        self.kind.is_deadlock()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inexact = if self.exact { "" } else { ", inexact" };
        writeln!(
            f,
            "in schedule {} (seed {}{inexact}):",
            self.number, self.seed
        )?;
        match &self.kind {
            FindingKind::Report(report) => writeln!(f, "{}", report.to_string().trim_end())?,
            FindingKind::Stuck(stuck) => write!(f, "{stuck}")?,
            FindingKind::Panic(message) => writeln!(f, "the body panicked: {message}")?,
            FindingKind::Hang(hang) => write!(f, "{hang}")?,
        }
        if !self.interleaving.is_empty() {
            write!(f, "\nthe schedule:\n{}\n", self.interleaving)?;
        }
        let schedule = &self.schedule;
        writeln!(
            f,
            "to run it again: .replay(\"{schedule}\"), or this test alone with \
             LOCKWARDEN_EXPLORE=\"replay={schedule}\""
        )
    }
}
