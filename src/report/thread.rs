//! What a report knows of one thread.

use std::fmt;
use std::time::Duration;

use super::names::{Escaped, place};
use crate::engine::counts::Counts;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::reacquisition::Reacquisition;
use crate::engine::wait_reason::WaitReason;

/// One thread of a report, as it was when the report was made.
///
/// Displayed as its name with its id, ``thread `auditor` (#3)``, or, if it has no name, `thread #3`;
/// a task of an async runtime with the word `task`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ThreadInfo {
    /// The identity of the thread.
    pub id: ThreadId,
    /// The name it was spawned with.
    pub name: Option<String>,
    /// The locks it held, in the order in which it took them.
    pub held: Vec<HeldInfo>,
    /// What it waited for, if it did.
    pub waits: Option<WaitInfo>,
    /// Whether it had ended.
    pub ended: bool,
    /// Whether it had ended by a panic or, if it had not ended, has caught a panic of a job or a
    /// callback that it ran.
    pub panicked: bool,
    /// Whether it is no thread of the system but an [`Agent`](crate::instrument::Agent): a task of
    /// an async runtime.
    pub is_task: bool,
    /// What else is known of it, a sentence without a full stop each.
    pub notes: Vec<String>,
    /// Whether it was unwinding from a panic: then what it waited for is what a destructor asked for.
    pub panicking: bool,
    /// Where it was spawned, if that was by `lockwarden::thread`.
    pub spawned: Option<Site>,
    /// Whether it is a thread of the parent, of which a fork has copied the memory and not the thread.
    pub left_by_fork: bool,
}

/// A lock that a thread held.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HeldInfo {
    /// The lock.
    pub lock: LockId,
    /// How it was held.
    pub mode: Mode,
    /// Where it had been taken.
    pub site: Site,
}

/// A wait of a thread.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WaitInfo {
    /// What it waited for.
    pub what: WaitsFor,
    /// Where it began to wait.
    pub site: Site,
    /// For how long it had been waiting, if that was measured.
    pub since: Option<Duration>,
    /// Who could have ended the wait, if that was looked for.
    pub by: Option<FreedBy>,
    /// How the lock that it waits for is taken back, if that was no call that locks.
    pub again: Option<Reacquisition>,
    /// What the primitive counted when the wait began, if it counts.
    pub counts: Option<Counts>,
}

impl WaitInfo {
    /// A wait at `site` for a lock, which it takes `by` to end.
    #[must_use]
    pub fn of_lock(lock: LockId, mode: Mode, site: Site, since: Duration, by: FreedBy) -> Self {
        Self {
            what: WaitsFor::Lock { lock, mode },
            site,
            since: Some(since),
            by: Some(by),
            again: None,
            counts: None,
        }
    }

    /// A wait at `site` for something that is no lock, which it takes `by` to end.
    #[must_use]
    pub fn of_resource(
        (resource, awaited): (LockId, WaitReason),
        site: Site,
        since: Duration,
        by: FreedBy,
    ) -> Self {
        Self {
            what: WaitsFor::Resource { resource, awaited },
            site,
            since: Some(since),
            by: Some(by),
            again: None,
            counts: None,
        }
    }

    /// The lock, or the other thing, that it was for.
    pub(crate) fn subject(&self) -> LockId {
        match self.what {
            WaitsFor::Lock { lock, .. } => lock,
            WaitsFor::Resource { resource, .. } => resource,
        }
    }
}

/// Who could have ended a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FreedBy {
    /// These threads alone.
    Threads(Vec<ThreadId>),
    /// Any thread of the process.
    Anyone,
    /// Nobody who is left.
    Nobody,
}

/// What a thread waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitsFor {
    /// A lock.
    #[non_exhaustive]
    Lock {
        /// The lock.
        lock: LockId,
        /// How it was asked for.
        mode: Mode,
    },
    /// Something that is no lock.
    #[non_exhaustive]
    Resource {
        /// The channel, the queue, the event. It is listed among the
        /// [locks](super::Report::locks) of the report.
        resource: LockId,
        /// What was waited for there.
        awaited: WaitReason,
    },
}

impl ThreadInfo {
    /// A task that runs, holds nothing and has no name.
    #[must_use]
    pub fn of_task(id: ThreadId) -> Self {
        Self {
            is_task: true,
            ..Self::new(id)
        }
    }

    /// A thread that runs, holds nothing and has no name.
    pub(crate) fn new(id: ThreadId) -> Self {
        Self {
            id,
            name: None,
            held: Vec::new(),
            waits: None,
            ended: false,
            panicked: false,
            is_task: false,
            notes: Vec::new(),
            panicking: false,
            spawned: None,
            left_by_fork: false,
        }
    }
}

impl ThreadInfo {
    /// What is special about the thread, as what follows its name.
    pub(super) fn circumstance(&self) -> String {
        let state = match (self.panicked, self.ended, self.panicking) {
            _ if self.left_by_fork => ", of the parent, which the fork left behind",
            (true, true, _) => ", which has ended by a panic",
            (true, false, _) => ", which has caught the panic of a job or a callback",
            (false, true, _) => ", which has ended",
            (false, false, true) => ", which unwinds from a panic",
            (false, false, false) => "",
        };
        match self.spawned {
            Some(site) if self.name.is_none() => format!(", spawned at {}{state}", place(site)),
            _ => state.to_owned(),
        }
    }

    /// Whether it is a worker of a pool without a job, of which nothing else is to be said.
    pub(super) fn is_idle(&self) -> bool {
        let waits_for_job = self.waits.as_ref().is_some_and(|wait| {
            matches!(
                wait.what,
                WaitsFor::Resource {
                    awaited: WaitReason::Job,
                    ..
                }
            )
        });
        waits_for_job && self.held.is_empty() && !self.panicked
    }
}

impl fmt::Display for ThreadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.is_task) {
            (Some(name), false) => write!(f, "thread `{}` (#{})", Escaped(name), self.id.get()),
            (Some(name), true) => write!(f, "task `{}` (#{})", Escaped(name), self.id.get()),
            (None, false) => write!(f, "{}", self.id),
            (None, true) => write!(f, "task #{}", self.id.get()),
        }
    }
}
