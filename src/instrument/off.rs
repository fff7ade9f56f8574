//! Records of a build without instrumentation: the names and signatures of the instrumented build,
//! which document them, with empty bodies.
//!
//! Every type is zero-sized and every function an empty body that is always inlined, so that a
//! lock built with them compiles to the instructions of the bare lock.

/// Public functions that do nothing, or return what is given, and are always inlined.
macro_rules! inlined {
    ($($(#[$attr:meta])* const fn $name:ident $args:tt -> $result:ty = $value:expr;)+) => {
        $(
            $(#[$attr])*
            #[inline(always)]
            pub const fn $name $args -> $result {
                $value
            }
        )+
    };
    ($($(#[$attr:meta])* fn $name:ident $args:tt $(-> $result:ty)? $(= $value:expr)?;)*) => {
        $(
            $(#[$attr])*
            #[inline(always)]
            pub fn $name $args $(-> $result)? {
                $($value)?
            }
        )*
    };
}

mod agent;
mod endpoints;
mod held;
mod join;
mod once_record;
mod resource;
mod scheduled;

use std::marker::PhantomData;

use lock_api::GuardNoSend;

pub use self::agent::{
    Acting, Agent, SendableHold, agent_blocks_with, alerts_call_program, arrive_with,
    describe_agents_with, hand_over_with, hands_over, held_by_caller, held_count, interrupt_stuck,
    is_unattached, mark_observer, moment, observe_all, report_stuck, runs_test,
};
pub use self::endpoints::{
    Endpoint, EndpointWait, Endpoints, wait_for_selection, wait_for_selection_until,
};
pub(super) use self::held::add_orders;
pub(crate) use self::held::{assert_order, held_here};
pub use self::join::{JoinRecord, RunningThread};
pub use self::once_record::OnceRecord;
pub use self::resource::idle;
pub use self::resource::{Providers, Resource};
pub use self::scheduled::{Begun, Child, Drain, Scheduled, is_abandoned, point, point_unnamed};
use crate::engine::ids::{LockId, Site};
use crate::engine::mode::{AcquireKind, Mode};
use crate::engine::sorting;
use crate::instrument::guard_marker::GuardMarker;
use crate::instrument::violation::{LockOrderViolation, LockRef, ViolationReason};
use crate::tracking::lock::kind::LockKind;
use crate::tracking::thread::remote_panic::Wake;

#[derive(Debug, Default)]
pub struct Lock(());

impl Lock {
    inlined! {
        #[must_use] const fn new(_kind: &'static LockKind) -> Self = Self(());
    }

    #[inline(always)]
    #[must_use]
    pub const fn around<T: ?Sized>(_kind: &'static LockKind) -> Self {
        Self(())
    }

    inlined! {
        #[must_use] const fn named(_kind: &'static LockKind, _name: &'static str) -> Self =
            Self(());
    }

    inlined! {
        fn set_label(&self, _label: impl AsRef<str>);
        fn nested_in(&self, _parent: &Lock);
        fn set_subclass(&self, _subclass: u32);
    }

    #[inline]
    #[must_use]
    pub fn id(&self) -> LockId {
        LockId::of_address(self)
    }

    #[inline(always)]
    pub fn acquired(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Hold {
        Hold(PhantomData)
    }

    #[inline(always)]
    pub fn acquired_known<const WRITES: bool>(
        &self,
        _mode: Mode,
        _kind: AcquireKind,
        _site: Site,
    ) -> Option<Hold> {
        Some(Hold(PhantomData))
    }

    inlined! {
        fn acquired_exclusively(&self, _site: Site) -> Option<Hold> = Some(Hold(PhantomData));
        fn acquired_at_hand(&self, _mode: Mode, _site: Site) -> Option<Hold> =
            Some(Hold(PhantomData));
        fn is_outermost(&self) -> bool = true;
        fn acquired_alone(&self, _mode: Mode, _site: Site) -> Option<Hold> =
            Some(Hold(PhantomData));
        fn acquired_remembered(&self, _mode: Mode, _site: Site) -> Option<Hold> =
            Some(Hold(PhantomData));
        fn reacquired(&self, _mode: Mode, _site: Site) -> Hold = Hold(PhantomData);
        fn attempt(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Attempt<'_> =
            Attempt(PhantomData);
        fn attempt_reacquire(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Attempt<'_> =
            Attempt(PhantomData);
        fn attempt_with_retry(
            &self,
            _retry: impl FnOnce() -> bool,
            _mode: Mode,
            _kind: AcquireKind,
            _site: Site,
        ) -> Attempt<'_> = Attempt(PhantomData);
        fn attempt_upgrade(&self, _hold: &Hold, _kind: AcquireKind, _site: Site) -> Attempt<'_> =
            Attempt(PhantomData);
        fn upgraded(&self, _hold: &Hold, _site: Site);
        fn converted(&self, _hold: &Hold, _mode: Mode);
        fn released(&self, _hold: Hold);
        fn released_upgradable(&self, _hold: Hold);
        fn released_by_any(&self, _hold: Hold);
        fn released_without_hold(&self);
        fn retired(&mut self, _held: bool);
    }
}

#[derive(Debug)]
#[must_use = "hand it back to `Lock::released`, or the lock counts as held for ever"]
pub struct Hold(PhantomData<GuardMarker>);

#[derive(Debug)]
#[must_use = "call `acquired` when the lock is had; dropping it says that the caller gave up"]
pub struct Attempt<'a>(PhantomData<(&'a Lock, GuardNoSend)>);

impl Attempt<'_> {
    inlined! {
        fn is_granted(&self) -> bool = false;
        fn acquired(self) -> Hold = Hold(PhantomData);
        fn upgraded(self, _hold: &Hold);
    }
}

#[derive(Debug, Default)]
pub struct CondvarRecord(());

impl CondvarRecord {
    inlined! {
        #[must_use] const fn new() -> Self = Self(());
        #[must_use] const fn named(_name: &'static str) -> Self = Self(());
    }

    #[inline(always)]
    pub fn set_label(&self, _label: impl AsRef<str>) {}

    #[inline(always)]
    pub fn waiting<'a>(
        &'a self,
        _lock: &'a Lock,
        _hold: &'a mut Hold,
        _kind: AcquireKind,
        _site: Site,
    ) -> WaitGuard<'a> {
        WaitGuard(PhantomData)
    }

    #[inline(always)]
    pub fn waiting_or<'a>(
        &'a self,
        _wake: Option<Wake>,
        lock: &'a Lock,
        hold: &'a mut Hold,
        kind: AcquireKind,
        site: Site,
    ) -> WaitGuard<'a> {
        self.waiting(lock, hold, kind, site)
    }

    inlined! {
        fn woken(&self, _count: usize);
        fn notify(&self, wake: impl FnOnce() -> usize) -> usize = wake();
    }
}

#[derive(Debug)]
#[must_use = "drop it when the thread is awake and holds the lock again"]
pub struct WaitGuard<'a>(PhantomData<(&'a CondvarRecord, GuardNoSend)>);

impl WaitGuard<'_> {
    #[inline(always)]
    pub fn notified(&mut self) {}
}

#[inline(always)]
pub fn caught_panic() {}

#[derive(Clone, Debug)]
#[must_use = "hand it to the thread that goes on from here"]
pub struct Clock(());

impl Clock {
    inlined! {
        fn release() -> Self = Self(());
        fn release_if_attached() -> Self = Self(());
    }

    inlined! {
        const fn unknown() -> Self = Self(());
    }

    inlined! {
        fn at_exit() -> Self = Self(());
        fn is_known(&self) -> bool = false;
        fn acquire(&self);
        fn acquire_last(self);
    }
}

#[derive(Debug, Default)]
pub struct MergedClock(());

impl MergedClock {
    inlined! {
        #[must_use] const fn new() -> Self = Self(());
    }

    inlined! {
        fn add(&self, _past: &Clock);
        fn add_mut(&mut self, _past: &Clock);
        fn snapshot(&self) -> Self = Self(());
        fn acquire(&self);
    }
}

#[derive(Clone, Debug, Default)]
pub struct SharedMergedClock(());

impl SharedMergedClock {
    inlined! {
        fn new() -> Self = Self(());
        fn add(&self, _past: &Clock);
        fn acquire(&self);
    }
}

inlined! {
    fn ensure_attached();
    #[must_use] fn thread_bit() -> u64 = 0;
}

#[derive(Debug)]
pub struct InitClock(());

impl Default for InitClock {
    fn default() -> Self {
        Self::new()
    }
}

impl InitClock {
    inlined! {
        const fn new() -> Self = Self(());
        const fn none() -> Self = Self(());
    }

    inlined! {
        fn set(&self);
        fn first(&self, _ask: impl FnOnce(), _initialise: impl FnOnce());
        fn acquire_asking(&self, _ask: impl FnOnce());
        fn acquire(&self);
    }
}

#[derive(Clone, Debug)]
#[must_use = "enter them in the threads that run within"]
pub struct InheritedHolds(());

impl InheritedHolds {
    inlined! {
        fn current() -> Self = Self(());
        fn enter(&self) -> ScopeGuard = ScopeGuard(());
    }
}

#[derive(Debug)]
pub struct SpawnHolds(());

impl SpawnHolds {
    inlined! {
        fn none() -> Self = Self(());
        fn here() -> Self = Self(());
        fn enter(&self);
        fn leave(&mut self);
        fn joined(self);
    }
}

#[derive(Debug)]
pub struct CheckMembership(());

impl CheckMembership {
    inlined! {
        fn here() -> Self = Self(());
        fn of(_number: u64) -> Self = Self(());
        fn enter(self);
    }
}

#[derive(Debug)]
#[must_use = "the surroundings end when this is dropped"]
pub struct ScopeGuard(());

const FEW: usize = 9;

pub fn check_ascending(records: &[&Lock], site: Site) -> Result<(), LockOrderViolation> {
    let Some(lock) = asked_twice(records) else {
        return Ok(());
    };
    let party = LockRef::new(lock, None, Some(site));
    Err(LockOrderViolation::new(
        ViolationReason::AskedTwice,
        party.clone(),
        party,
    ))
}

fn asked_twice(records: &[&Lock]) -> Option<LockId> {
    if records.len() < FEW {
        let ids = records.iter().map(|record| record.id());
        return ids
            .enumerate()
            .find(|(at, id)| records[..*at].iter().any(|before| before.id() == *id))
            .map(|(_, id)| id);
    }
    let mut ids: Vec<_> = records.iter().map(|record| record.id()).collect();
    sorting::sort(&mut ids);
    ids.windows(2)
        .find(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    #[test]
    fn only_a_lock_that_is_asked_for_twice_is_refused() {
        // A byte beside each record, since zero-sized records may share an address.
        let locks: [(u8, Lock); 20] = std::array::from_fn(|_| (0, Lock::new(&LockKind::MUTEX)));
        for count in [0, 1, FEW - 1, FEW, locks.len()] {
            let mut asked: Vec<&Lock> = locks[..count].iter().map(|lock| &lock.1).collect();
            assert!(check_ascending(&asked, Location::caller()).is_ok());
            if let Some(&last) = asked.last() {
                asked.insert(0, last);
                let refusal = check_ascending(&asked, Location::caller()).unwrap_err();
                assert_eq!(refusal.reason(), ViolationReason::AskedTwice);
                assert_eq!(refusal.asked().lock(), last.id());
            }
        }
    }
}
