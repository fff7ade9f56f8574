//! Agents, in a build without instrumentation.

use super::{Clock, Lock, Resource};
use crate::engine::verdict::Verdict;
use crate::instrument::{AcquireKind, LockId, LockKind, Mode, Observation, Site, ThreadId};
use crate::report::{HeldInfo, LockInfo, ThreadInfo};

/// Something that holds locks and waits, and that is no thread.
#[derive(Debug)]
pub struct Agent(());

impl Agent {
    /// A new agent, of which nothing is recorded.
    #[inline(always)]
    #[must_use]
    pub fn new(_name: Option<&str>) -> Self {
        Self(())
    }

    /// The same.
    #[inline(always)]
    #[must_use]
    pub fn started_at(_place: Site) -> Self {
        Self(())
    }

    /// The number zero.
    #[inline(always)]
    #[must_use]
    pub fn id(&self) -> ThreadId {
        ThreadId::new(0)
    }

    /// Zero: it belongs to no check.
    #[inline(always)]
    #[must_use]
    pub fn check(&self) -> u64 {
        0
    }

    /// Nothing is ordered.
    #[inline(always)]
    pub fn set_past(&mut self, _past: Clock) {}

    /// Runs `f`.
    #[inline(always)]
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        f()
    }

    /// An agent with the number zero.
    #[must_use]
    pub fn info(&self) -> ThreadInfo {
        ThreadInfo {
            is_task: true,
            ..ThreadInfo::new(self.id())
        }
    }
}

/// One acquisition of a lock whose guards may be sent to other threads.
#[derive(Debug)]
#[must_use = "hand it back to `Lock::released_anywhere`, or the lock counts as held for ever"]
pub struct SendableHold(());

impl Lock {
    /// Tells that the calling thread has acquired the lock without waiting.
    #[inline(always)]
    pub fn acquired_sendable(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> SendableHold {
        SendableHold(())
    }

    /// Tells that the lock is about to be released, by whichever thread.
    #[inline(always)]
    pub fn released_anywhere(&self, _hold: SendableHold) {}

    /// Tells that a sendable hold has changed its mode without a release of the lock.
    #[inline(always)]
    pub fn converted_anywhere(&self, _hold: &SendableHold, _mode: Mode) {}

    /// The id alone: nothing else is kept in this build.
    #[must_use]
    #[track_caller]
    pub fn info(&self) -> LockInfo {
        LockInfo::new(
            self.id(),
            LockKind::MUTEX.noun(),
            std::panic::Location::caller(),
        )
    }
}

impl SendableHold {
    /// Whether the agent or thread that took the lock is the calling one, which is not recorded.
    #[inline(always)]
    #[must_use]
    pub fn is_here(&self) -> bool {
        true
    }
}

impl Resource {
    /// The id alone: nothing else is kept in this build.
    #[must_use]
    #[track_caller]
    pub fn info(&self) -> LockInfo {
        LockInfo::new(
            LockId::of_address(self),
            "resource",
            std::panic::Location::caller(),
        )
    }
}

/// Nothing is watched.
#[must_use]
pub fn observe_all() -> Vec<Observation> {
    Vec::new()
}

/// Nothing is watched, so nothing is reported.
pub fn report_stuck(
    _check: u64,
    _verdict: Verdict,
    _threads: Vec<ThreadInfo>,
    _locks: Vec<LockInfo>,
) -> Option<String> {
    None
}

/// Nothing is watched.
#[inline(always)]
pub fn tell_of_agents(_teller: fn() -> Vec<String>) {}

/// Nothing is watched.
#[inline(always)]
pub fn mark_observer() {}

/// Nothing is watched.
#[inline(always)]
#[must_use]
pub fn held_count() -> usize {
    0
}

/// Nothing is watched.
#[must_use]
pub fn held_by_caller() -> Vec<(LockInfo, HeldInfo, bool)> {
    Vec::new()
}
