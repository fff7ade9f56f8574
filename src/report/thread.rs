//! The description of a thread in a report.

use std::fmt;
use std::time::Duration;

use super::escape::Escaped;
use super::place::{is_own, place};
use super::stack::{Call, Stack};
pub use crate::engine::acquisition::HeldInfo;
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
    /// The name of the thread.
    pub name: Option<String>,
    /// The locks that the thread held, in the order of acquisition.
    pub held: Vec<HeldInfo>,
    /// The wait of the thread, if it waited.
    pub waits: Option<WaitInfo>,
    /// Whether the thread had ended.
    pub ended: bool,
    /// Whether the thread had ended by a panic or, if it had not ended, has caught a panic of a job or
    /// a callback that it ran.
    pub panicked: bool,
    /// Whether this is not a thread of the system but an [`Agent`](crate::instrument::Agent): a task of
    /// an async runtime.
    pub is_task: bool,
    /// Whether the thread sleeps, or the task waits, until another one ends a wait that is not watched; a note says more.
    pub is_asleep: bool,
    /// Further sentences about the thread, each without a full stop.
    pub notes: Vec<String>,
    /// Whether the thread was unwinding from a panic: its wait was then that of a destructor.
    pub panicking: bool,
    /// Whether the thread had returned, or was ending the process, and was destroying its thread-locals: its wait
    /// was then that of a destructor or of a handler of `atexit`.
    pub ending: bool,
    /// Where the thread was spawned, if that was by `lockwarden::thread`.
    pub spawned: Option<Site>,
    /// Whether this is a thread of the parent process: a fork copies its memory and not the thread.
    pub left_by_fork: bool,
    /// The stack of the thread where it waits, if it is one of a deadlock that another thread found, on Linux and
    /// Android with the feature `signals`.
    pub stack: Option<Stack>,
}

/// A wait of a thread.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WaitInfo {
    /// What the thread waited for.
    pub what: WaitsFor,
    /// Where the wait began.
    pub site: Site,
    /// The duration of the wait, if it was measured.
    pub since: Option<Duration>,
    /// Which threads could have ended the wait, if that was determined.
    pub by: Option<FreedBy>,
    /// How the lock is reacquired, if that is not a call that locks.
    pub again: Option<Reacquisition>,
    /// The counts of the resource when the wait began, if it has any.
    pub counts: Option<Counts>,
}

impl WaitInfo {
    /// Returns a wait at `site` for a lock, which only `by` can end.
    #[must_use]
    pub fn of_lock(lock: LockId, mode: Mode, site: Site, since: Duration, by: FreedBy) -> Self {
        Self::new(WaitsFor::Lock { lock, mode }, site, Some(since), by)
    }

    /// Returns a wait at `site` for a resource, which only `by` can end; `since` is its duration, if that is known.
    #[must_use]
    pub fn of_resource(
        (resource, awaited): (LockId, WaitReason),
        site: Site,
        since: Option<Duration>,
        by: FreedBy,
    ) -> Self {
        Self::new(WaitsFor::Resource { resource, awaited }, site, since, by)
    }

    fn new(what: WaitsFor, site: Site, since: Option<Duration>, by: FreedBy) -> Self {
        Self {
            what,
            site,
            since,
            by: Some(by),
            again: None,
            counts: None,
        }
    }

    /// Returns what the thread waits for at a resource; `None` of a wait for a lock.
    pub(super) fn reason(&self) -> Option<WaitReason> {
        match self.what {
            WaitsFor::Lock { .. } => None,
            WaitsFor::Resource { awaited, .. } => Some(awaited),
        }
    }

    pub(crate) fn subject(&self) -> LockId {
        match self.what {
            WaitsFor::Lock { lock, .. } => lock,
            WaitsFor::Resource { resource, .. } => resource,
        }
    }
}

/// The threads that could have ended a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FreedBy {
    /// Only these threads.
    Threads(Vec<ThreadId>),
    /// Any thread of the process.
    AnyThread,
    /// No remaining thread.
    NoThread,
}

/// The object of a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitsFor {
    /// A lock.
    #[non_exhaustive]
    Lock {
        /// The lock.
        lock: LockId,
        /// The mode of the request.
        mode: Mode,
    },
    /// A resource that is not a lock.
    #[non_exhaustive]
    Resource {
        /// The channel, the queue, the event. It is one of the [locks](super::Report::locks) of the
        /// report.
        resource: LockId,
        /// What the thread waited for there.
        awaited: WaitReason,
    },
}

impl ThreadInfo {
    /// Returns a task that runs, holds nothing and has no name.
    #[must_use]
    pub fn of_task(id: ThreadId) -> Self {
        Self {
            is_task: true,
            ..Self::new(id)
        }
    }

    /// Returns a thread that runs, holds nothing and has no name.
    pub(crate) fn new(id: ThreadId) -> Self {
        Self {
            id,
            name: None,
            held: Vec::new(),
            waits: None,
            ended: false,
            panicked: false,
            is_task: false,
            is_asleep: false,
            notes: Vec::new(),
            panicking: false,
            ending: false,
            spawned: None,
            left_by_fork: false,
            stack: None,
        }
    }

    /// Returns where the thread was spawned, which follows its number if it has no name.
    pub(super) fn origin(&self) -> impl fmt::Display {
        fmt::from_fn(move |f| match (self.spawned, &self.name) {
            (Some(site), None) => write!(f, ", spawned at {}", place(site)),
            _ => Ok(()),
        })
    }

    /// Returns the call of the program's own code in which the thread sleeps in a wait that is not watched, or waits at a line of
    /// a dependency. Looks up the names of its stack.
    pub(super) fn called_in(&self) -> Option<Call> {
        let waits_in_dependency = || {
            let wait = self.waits.as_ref();
            wait.is_some_and(|wait| !is_own(wait.site.file()))
        };
        let stack = self.stack.as_ref()?;
        (self.is_asleep || waits_in_dependency()).then(|| stack.own_caller())?
    }

    /// Returns the state that follows the origin.
    pub(super) fn state(&self) -> &'static str {
        match (self.panicked, self.ended, self.panicking) {
            _ if self.left_by_fork => ", of the parent, which the fork left behind",
            (true, true, _) => ", which has ended by a panic",
            (true, false, _) => ", which has caught the panic of a job or a callback",
            (false, true, _) => ", which has ended",
            (false, false, true) => ", which unwinds from a panic",
            _ if self.ending => {
                ", which has returned or ends the process, and destroys its thread-locals"
            }
            (false, false, false) => "",
        }
    }

    /// Returns the state, or nothing if the thread has ended: whether the thread of an earlier edge has ended when the
    /// report is made depends on microseconds.
    pub(super) fn state_before_end(&self) -> &'static str {
        if self.ended { "" } else { self.state() }
    }

    pub(super) fn holds(&self, lock: LockId) -> bool {
        self.held.iter().any(|held| held.lock == lock)
    }

    /// Returns whether this is a worker of a pool without a job, whose line has no further details.
    pub(super) fn is_idle(&self) -> bool {
        let waits = self.waits.as_ref();
        let for_job = waits.is_some_and(|wait| wait.reason() == Some(WaitReason::Job));
        for_job && self.held.is_empty() && !self.panicked
    }
}

impl fmt::Display for ThreadInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.is_task { "task" } else { "thread" };
        match &self.name {
            Some(name) => write!(f, "{noun} `{}` (#{})", Escaped(name), self.id.get()),
            None => write!(f, "{noun} #{}", self.id.get()),
        }
    }
}
