//! A thread or an agent, seen from outside.

use crate::engine::ids::ThreadId;
use crate::report::{LockInfo, ThreadInfo};

/// One thread or agent, as [`observe_all`](crate::instrument::observe_all) saw it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Observation {
    /// Who it is, what it holds and what it waits for.
    pub thread: ThreadInfo,
    /// The locks that it holds, and what it waits for.
    pub locks: Vec<LockInfo>,
    /// Whether what it holds stood still while it was read; if not, it is not listed.
    pub is_held_known: bool,
    /// The operating system's id of the thread, where that is known.
    pub os_id: Option<u32>,
    /// The number of the check of [`testing`](crate::testing) that it belongs to; zero if it belongs
    /// to none.
    pub check: u64,
    /// Whether what it waits for is a lock whose guards may be sent to other threads, so that the
    /// holder need not be the one that took it.
    pub may_wander: bool,
    /// Whether the wait ends by itself, at a deadline.
    pub is_timed: bool,
    /// Whether what it waits for, if that is no lock, was [`provided`](crate::instrument::Resource::provided) since the
    /// wait was published, or it was notified at its condition variable: the thread may go on as soon as it has a processor.
    pub is_provided: bool,
    /// Whether it is a thread of lockwarden, or one that was
    /// [marked](crate::instrument::mark_observer) as one that looks after others.
    pub is_observer: bool,
    /// The thread whose end it waits for, if it joins one.
    pub joins: Option<ThreadId>,
    /// The [`moment`](crate::instrument::moment) since which each value that the thread has received was given to it by
    /// a watched message, for which [`hands_over`](crate::instrument::hands_over) was called: that at which its
    /// present sleep began, for a time or until a message comes, or the thirty-second such sleep. None for a thread that
    /// was not started by [`thread`](crate::thread), or has ever been parked or waited at a condition variable: it may
    /// have been woken for what lies in shared memory.
    pub in_sight_since: Option<u64>,
    /// Changes with everything that the thread does with tracked primitives.
    pub progress: u64,
}
