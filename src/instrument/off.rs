//! The records of a build without instrumentation: the same names, nothing behind them.
//!
//! Every type is zero-sized and every function an empty body that is always inlined, so that a
//! lock built with them compiles to the instructions of the bare lock.

mod agent;
mod endpoints;
mod held;
mod join;
mod once_record;
mod resource;

use std::marker::PhantomData;

use lock_api::GuardNoSend;

pub use self::agent::{
    Agent, SendableHold, held_by_caller, held_count, mark_observer, observe_all, report_stuck,
};
pub(crate) use self::endpoints::{Endpoint, Endpoints};
#[cfg(feature = "channel")]
pub(crate) use self::endpoints::{wait_for_selection, wait_for_selection_until};
pub(crate) use self::held::{assert_order, held_here};
pub(crate) use self::join::JoinRecord;
pub(crate) use self::once_record::OnceRecord;
pub(crate) use self::resource::idle;
pub use self::resource::{Providers, Resource};
use super::{
    AcquireKind, GuardMarker, LockId, LockKind, LockRef, Mode, Site, Violation, ViolationReason,
};
use crate::tracking::thread::remote_panic::Wake;

/// The record of one lock instance.
///
/// See the [module](super) for how a primitive uses it.
#[derive(Debug, Default)]
pub struct Lock(());

impl Lock {
    /// The record of a lock whose class is the place of the call.
    #[inline(always)]
    #[must_use]
    pub const fn new(_kind: &'static LockKind) -> Self {
        Self(())
    }

    /// The record of a lock whose class is `name`.
    #[inline(always)]
    #[must_use]
    pub const fn named(_kind: &'static LockKind, _name: &'static str) -> Self {
        Self(())
    }

    /// Names this one instance in reports, beside the name of its class.
    #[inline(always)]
    pub fn set_label(&self, _label: impl AsRef<str>) {}

    /// Says that the lock nests in `parent`, a lock of the same class.
    #[inline(always)]
    pub fn nested_in(&self, _parent: &Lock) {}

    /// Gives the lock a sub-class.
    #[inline(always)]
    pub fn set_subclass(&self, _subclass: u32) {}

    /// The id, which ascends in the order of the address in this build: fixed for as long as the
    /// record is borrowed.
    #[inline]
    #[must_use]
    pub fn id(&self) -> LockId {
        let address = std::ptr::from_ref(self).addr() as u64;
        LockId::new(address).expect("a reference is never null")
    }

    /// Tells that the calling thread has acquired the lock without waiting.
    ///
    /// # Panics
    ///
    /// Never in this build.
    #[inline(always)]
    pub fn acquired(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Hold {
        Hold(PhantomData)
    }

    /// The fast path of [`acquired`](Self::acquired), which is always enough in this build.
    #[inline(always)]
    pub(crate) fn acquired_known<const WRITES: bool>(
        &self,
        _mode: Mode,
        _kind: AcquireKind,
        _site: Site,
    ) -> Option<Hold> {
        Some(Hold(PhantomData))
    }

    /// The second fast path, which is never needed in this build.
    #[inline(always)]
    pub(crate) fn acquired_at_hand(&self, _mode: Mode, _site: Site) -> Option<Hold> {
        Some(Hold(PhantomData))
    }

    /// Tells that the calling thread has back, without waiting, a lock that it had just let go, at
    /// a point where it cannot unwind: like [`acquired`](Self::acquired), but it only reports.
    #[inline(always)]
    pub fn reacquired(&self, _mode: Mode, _site: Site) -> Hold {
        Hold(PhantomData)
    }

    /// Tells that the calling thread is about to wait for the lock.
    ///
    /// # Panics
    ///
    /// Never in this build.
    #[inline(always)]
    pub fn attempt(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    /// Tells that the calling thread is about to wait for a lock that it has just let go, at a
    /// point where it cannot unwind: like [`attempt`](Self::attempt), but a deadlock is reported
    /// only.
    #[inline(always)]
    pub fn attempt_reacquire(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    /// Tells that the calling thread is about to wait for a lock that queued threads may keep it out
    /// of, as a writer that waits does with readers: like [`attempt`](Self::attempt), but before a
    /// deadlock behind such a queue is told, the lock is tried once more with `retry`.
    #[inline(always)]
    pub fn attempt_with_retry(
        &self,
        _retry: impl FnOnce() -> bool,
        _mode: Mode,
        _kind: AcquireKind,
        _site: Site,
    ) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    /// Tells that an upgradable hold is about to wait until it is the only one.
    ///
    /// # Panics
    ///
    /// Never in this build.
    #[inline(always)]
    pub fn attempt_upgrade(&self, _hold: &Hold, _kind: AcquireKind, _site: Site) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    /// Tells that an upgradable hold has become the exclusive one by a call at `site` that would
    /// have waited, but did not have to.
    #[inline(always)]
    pub fn upgraded(&self, _hold: &Hold, _site: Site) {}

    /// Tells that a hold has changed its mode without letting go of the lock.
    #[inline(always)]
    pub fn converted(&self, _hold: &Hold, _mode: Mode) {}

    /// Tells that the lock is about to be released.
    #[inline(always)]
    pub fn released(&self, _hold: Hold) {}

    /// Tells that the lock is about to be released from an upgradable hold.
    #[inline(always)]
    pub fn released_upgradable(&self, _hold: Hold) {}

    /// Records a release by whichever thread has the hold.
    #[inline(always)]
    pub fn released_by_any(&self, _hold: Hold) {}

    /// Records a release by the calling thread, where the hold of the acquisition is not at hand.
    #[inline(always)]
    pub fn released_without_hold(&self) {}

    /// Tells, right before the lock is dropped, whether somebody still holds it.
    #[inline(always)]
    pub(crate) fn retired(&mut self, _held: bool) {}
}

/// One recorded acquisition, to be handed back at the release.
#[derive(Debug)]
#[must_use = "hand it back to `Lock::released`, or the lock counts as held for ever"]
pub struct Hold(PhantomData<GuardMarker>);

/// An acquisition under way.
///
/// Dropped without [`acquired`](Self::acquired), it says that the caller gave up.
#[derive(Debug)]
#[must_use = "call `acquired` when the lock is had; dropping it says that the caller gave up"]
pub struct Attempt<'a>(PhantomData<(&'a Lock, GuardNoSend)>);

impl Attempt<'_> {
    /// Whether the retry of [`Lock::attempt_with_retry`] was made, and has got the lock.
    #[inline(always)]
    pub fn is_granted(&self) -> bool {
        false
    }

    /// Tells that the lock is had.
    #[inline(always)]
    pub fn acquired(self) -> Hold {
        Hold(PhantomData)
    }

    /// Tells that the upgrade of `hold` is done.
    #[inline(always)]
    pub fn upgraded(self, _hold: &Hold) {}
}

/// The record of one condition variable.
#[derive(Debug, Default)]
pub struct CondvarRecord(());

impl CondvarRecord {
    /// The record of a condition variable whose class is the place of the call.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// The record of a condition variable whose class is `name`.
    #[inline(always)]
    #[must_use]
    pub const fn named(_name: &'static str) -> Self {
        Self(())
    }

    /// Names this one instance in reports, beside the name of its class.
    #[inline(always)]
    pub fn set_label(&self, _label: impl AsRef<str>) {}

    /// Tells that the calling thread is about to let go of `lock`, which it holds by `hold`, and
    /// to sleep until it is notified and has the lock again.
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

    /// The same, of a thread that can be woken by `wake` if its wait will never end.
    #[inline(always)]
    pub(crate) fn waiting_or<'a>(
        &'a self,
        _wake: Option<Wake>,
        lock: &'a Lock,
        hold: &'a mut Hold,
        kind: AcquireKind,
        site: Site,
    ) -> WaitGuard<'a> {
        self.waiting(lock, hold, kind, site)
    }

    /// Notes that `count` waiters were woken without a notification.
    #[inline(always)]
    pub(crate) fn woken(&self, _count: usize) {}

    /// Lets `wake` wake one waiter, or all, and say how many it has woken; returns that. In another
    /// build, nothing is done if nobody waits.
    #[inline(always)]
    pub fn notify(&self, wake: impl FnOnce() -> usize) -> usize {
        wake()
    }
}

/// A thread asleep on a condition variable. Dropping it says that the thread is awake and holds
/// the lock again; the hold that was lent is then the record of the new acquisition.
#[derive(Debug)]
#[must_use = "drop it when the thread is awake and holds the lock again"]
pub struct WaitGuard<'a>(PhantomData<(&'a CondvarRecord, GuardNoSend)>);

impl WaitGuard<'_> {
    /// Tells that a notification has ended the wait, and neither its time nor chance has.
    #[inline(always)]
    pub fn notified(&mut self) {}
}

/// Tells that the calling thread has caught a panic of a job or a callback.
#[inline(always)]
pub fn caught_panic() {}

/// All that has happened up to one point in the life of a thread, for another thread to learn of.
#[derive(Clone, Debug)]
#[must_use = "hand it to the thread that goes on from here"]
pub struct Clock(());

impl Clock {
    /// All that has happened up to here.
    #[inline(always)]
    pub fn release() -> Self {
        Self(())
    }

    /// All that has happened up to here, of which nothing is kept in this build.
    #[inline(always)]
    pub fn here_if_known() -> Self {
        Self(())
    }

    /// Nothing.
    #[inline(always)]
    pub(crate) const fn unknown() -> Self {
        Self(())
    }

    /// All that the calling thread ever does, for whoever joins it: it is at its end.
    #[inline(always)]
    pub(crate) fn at_exit() -> Self {
        Self(())
    }

    /// Whether the detector was on when it was taken. There is nothing to learn of it, and nothing
    /// to look for.
    #[inline(always)]
    pub(crate) fn is_known(&self) -> bool {
        false
    }

    /// The calling thread has learnt of it: what follows comes after it.
    #[inline(always)]
    pub fn acquire(&self) {}

    /// The same, by the only one who does.
    #[inline(always)]
    pub(crate) fn acquire_last(self) {}
}

/// The pasts of several threads, gathered for whoever goes on after all of them.
#[derive(Debug, Default)]
pub struct MergedClock(());

impl MergedClock {
    /// Nothing, as yet.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Adds what happened up to one point.
    #[inline(always)]
    pub fn add(&self, _past: &Clock) {}

    /// The same, by the only one who can.
    #[cfg(feature = "queue")]
    #[inline(always)]
    pub(crate) fn add_mut(&mut self, _past: &Clock) {}

    /// What was added so far, and nothing of what is added later.
    #[inline(always)]
    #[cfg(feature = "queue")]
    pub(crate) fn snapshot(&self) -> Self {
        Self(())
    }

    /// The calling thread has learnt of all of it: what follows comes after it.
    #[inline(always)]
    pub fn acquire(&self) {}
}

/// [`MergedClock`] that several hold together.
#[derive(Clone, Debug)]
pub(crate) struct SharedMergedClock(());

impl SharedMergedClock {
    /// Nothing, as yet.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// Adds what happened up to one point.
    #[inline(always)]
    pub(crate) fn add(&self, _past: &Clock) {}

    /// The calling thread has learnt of all of it: what follows comes after it.
    #[inline(always)]
    pub(crate) fn acquire(&self) {}
}

/// The calling thread is about to tell something with a lock of a primitive held.
#[inline(always)]
pub(crate) fn ensure_attached() {}

/// A bit for the calling thread: none, since there is nothing that it could learn.
#[inline(always)]
pub(crate) fn thread_bit() -> u64 {
    0
}

/// The record of something that is initialised once.
#[derive(Debug)]
pub(crate) struct InitClock(());

impl InitClock {
    /// Nothing was initialised yet.
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// It was there from the beginning, and there is nothing to learn.
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Self(())
    }

    /// The calling thread has initialised, and nobody can see it yet.
    #[inline(always)]
    pub(crate) fn set(&self) {}

    /// Leaves it to whoever wants to see it to run `initialise`.
    #[inline(always)]
    pub(crate) fn first(&self, _ask: impl FnOnce(), _initialise: impl FnOnce()) {}

    /// The calling thread has asked for what is initialised.
    #[inline(always)]
    pub(crate) fn acquire_asking(&self, _ask: impl FnOnce()) {}

    /// The calling thread has seen that it is initialised.
    #[inline(always)]
    pub(crate) fn acquire(&self) {}
}

/// The locks that the calling thread holds for as long as other threads run.
#[derive(Clone, Debug)]
#[must_use = "enter them in the threads that run within"]
pub struct InheritedHolds(());

impl InheritedHolds {
    /// The locks that the calling thread holds, with those that are held around it.
    #[inline(always)]
    pub fn current() -> Self {
        Self(())
    }

    /// The calling thread runs within them until the result is dropped.
    #[inline(always)]
    pub fn enter(&self) -> ScopeGuard {
        ScopeGuard(())
    }
}

/// What a parent holds above a thread, on its way from the spawn through the thread to the join.
#[derive(Debug)]
pub(crate) struct SpawnHolds(());

impl SpawnHolds {
    /// Nothing.
    #[inline(always)]
    pub(crate) fn none() -> Self {
        Self(())
    }

    /// What the calling thread holds, before it starts another.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        Self(())
    }

    /// The calling thread was started there.
    #[inline(always)]
    pub(crate) fn enter(&self) {}

    /// The calling thread comes to its end.
    #[inline(always)]
    pub(crate) fn leave(&mut self) {}

    /// The calling thread has joined the one that came from there.
    #[inline(always)]
    pub(crate) fn joined(self) {}
}

/// The check that a thread belongs to, on its way to the threads that it starts.
#[derive(Debug)]
pub(crate) struct CheckMembership(());

impl CheckMembership {
    /// That of the calling thread.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        Self(())
    }

    /// That of the check with this number.
    #[inline(always)]
    pub(crate) fn of(_number: u64) -> Self {
        Self(())
    }

    /// The calling thread, which has just begun, belongs to it.
    #[inline(always)]
    pub(crate) fn enter(self) {}
}

/// A thread that runs within the critical sections of another. Made by [`InheritedHolds::enter`].
#[derive(Debug)]
#[must_use = "the surroundings end when this is dropped"]
pub struct ScopeGuard(());

/// Below this many, comparing each with each is quicker than sorting, and allocates nothing.
const FEW: usize = 9;

/// Whether the calling thread may take all of `records` now, in the order of their ids.
///
/// This build knows of no held locks: a lock that is asked for twice is all it refuses.
pub(crate) fn check_ascending(records: &[&Lock], site: Site) -> Result<(), Violation> {
    let Some(lock) = asked_twice(records) else {
        return Ok(());
    };
    let party = LockRef::new(lock, None, Some(site));
    Err(Violation::new(
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
    ids.sort_unstable();
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
        // In an array of their own, since records without a size may share an address.
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
