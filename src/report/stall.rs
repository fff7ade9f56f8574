//! The part of a report that only a stall has.

use std::time::Duration;

use super::activity::Activity;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;

/// A wait, a hold or a heartbeat that exceeded its limit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stall {
    /// What exceeded the limit.
    pub cause: StallCause,
    /// How long it had lasted when the report was made; for a hold, which is only polled, at least that
    /// long.
    pub lasted: Duration,
    /// The limit.
    pub limit: Duration,
    /// The threads that hold the lock that is waited for.
    pub holders: Vec<Holder>,
}

/// What exceeded its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StallCause {
    /// A wait. If several threads wait for the same lock or resource, the one that has waited longest.
    #[non_exhaustive]
    Wait {
        /// The thread that waits. Its [`ThreadInfo`](super::ThreadInfo) has the wait.
        thread: ThreadId,
        /// How many threads have waited for the same lock or resource for longer than the limit.
        waiters: usize,
    },
    /// A hold.
    #[non_exhaustive]
    Hold {
        /// The thread that holds the lock.
        thread: ThreadId,
        /// The lock.
        lock: LockId,
        /// Where the lock was acquired.
        site: Site,
    },
    /// A missed heartbeat.
    #[non_exhaustive]
    Heartbeat {
        /// The name of the heartbeat.
        name: String,
        /// Where the heartbeat was made.
        site: Site,
        /// The thread that beat last, if one has.
        thread: Option<ThreadId>,
    },
    /// No thread acquires, releases or waits for anything tracked, while some wait.
    #[non_exhaustive]
    NoProgress {
        /// How many threads wait.
        waiting: usize,
    },
}

/// A thread that holds a lock for which others wait.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Holder {
    /// The thread.
    pub thread: ThreadId,
    /// The lock.
    pub lock: LockId,
    /// The mode of the hold.
    pub mode: Mode,
    /// Where the lock was acquired.
    pub site: Site,
    /// For how long the lock has been held, at least.
    pub at_least: Duration,
    /// What the holder does now.
    pub activity: Activity,
}
