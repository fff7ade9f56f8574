//! Agents, in a build without instrumentation.

use super::{Clock, Lock, Resource};
use crate::detector::observation::Observation;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::{AcquireKind, Mode};
use crate::engine::verdict::Verdict;
use crate::report::{HeldInfo, LockInfo, ThreadInfo};
use crate::tracking::lock::kind::LockKind;

#[derive(Debug)]
pub struct Agent(());

impl Agent {
    inlined! {
        #[must_use] fn new(_name: Option<&str>) -> Self = Self(());
        #[must_use] fn started_at(_place: Site) -> Self = Self(());
        fn add_anonymous();
        fn remove_anonymous();
        #[must_use] fn id(&self) -> ThreadId = ThreadId::new(0);
        #[must_use] fn check(&self) -> u64 = 0;
        fn set_past(&mut self, _past: Clock);
    }

    #[inline(always)]
    pub fn run<R>(&mut self, f: impl FnOnce() -> R) -> R {
        f()
    }

    /// # Safety
    ///
    /// Always safe: it does nothing.
    #[allow(unsafe_code)]
    #[inline(always)]
    pub unsafe fn act(&self) -> Acting {
        Acting(())
    }

    #[must_use]
    pub fn info(&self) -> ThreadInfo {
        ThreadInfo {
            is_task: true,
            ..ThreadInfo::new(self.id())
        }
    }
}

#[derive(Debug)]
#[must_use = "the thread acts as the agent until `end` is called"]
pub struct Acting(());

impl Acting {
    inlined! {
        fn as_none() -> Self = Self(());
        fn end(&self);
    }
}

inlined! {
    #[must_use] fn is_unattached() -> bool = true;
    fn arrive_with(_arrive: fn());
    #[must_use] fn moment() -> u64 = 0;
    fn hand_over_with(_hand_over: fn());
    fn agent_blocks_with(_blocks: fn());
}

#[inline(always)]
pub fn hands_over<T>() {}

#[derive(Debug)]
#[must_use = "hand it back to `Lock::released_anywhere`, or the lock counts as held for ever"]
pub struct SendableHold(());

impl Lock {
    inlined! {
        fn acquired_sendable(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> SendableHold =
            SendableHold(());
        fn released_anywhere(&self, _hold: SendableHold);
        fn released_last(&self, _hold: SendableHold) -> Result<(), SendableHold> = Ok(());
        fn converted_anywhere(&self, _hold: &SendableHold, _mode: Mode);
    }

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
    #[inline(always)]
    #[must_use]
    pub fn is_here(&self) -> bool {
        true
    }
}

impl Resource {
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

inlined! {
    #[must_use] fn observe_all() -> Vec<Observation> = Vec::new();
    fn report_stuck(
        _check: u64,
        _verdict: Verdict,
        _threads: Vec<ThreadInfo>,
        _locks: Vec<LockInfo>,
    ) -> Option<String> = None;
    fn interrupt_stuck(_stuck: &[ThreadId], _message: String, _in_test: bool) -> bool = false;
    fn describe_agents_with(_describe: fn() -> Vec<String>);
}

/// Nothing is watched.
#[inline(always)]
pub fn mark_observer() {}

inlined! {
    #[must_use] fn runs_test(_os_id: u32) -> Option<bool> = None;
    #[must_use] fn alerts_call_program() -> bool = false;
}

inlined! {
    #[must_use] fn held_count() -> usize = 0;
    #[must_use] fn held_by_caller() -> Vec<(LockInfo, HeldInfo, bool)> = Vec::new();
}
