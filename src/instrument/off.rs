//! Records of a build without instrumentation: the names and signatures of the instrumented build,
//! with empty bodies.
//!
//! Every type is zero-sized and every function an empty body that is always inlined, so that a
//! lock built with them compiles to the instructions of the bare lock.

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
    Agent, SendableHold, held_by_caller, held_count, mark_observer, observe_all, report_stuck,
    tell_of_agents,
};
pub(crate) use self::endpoints::{Endpoint, Endpoints};
#[cfg(feature = "channel")]
pub(crate) use self::endpoints::{wait_for_selection, wait_for_selection_until};
pub(crate) use self::held::{assert_order, held_here};
pub(crate) use self::join::JoinRecord;
pub(crate) use self::once_record::OnceRecord;
pub(crate) use self::resource::idle;
pub use self::resource::{Providers, Resource};
pub(crate) use self::scheduled::{Child, Scheduled, is_abandoned};
use super::{
    AcquireKind, GuardMarker, LockId, LockKind, LockRef, Mode, Site, Violation, ViolationReason,
};
use crate::tracking::thread::remote_panic::Wake;

/// Detector record of one lock instance.
///
/// See the [module](super) for how a primitive uses it.
#[derive(Debug, Default)]
pub struct Lock(());

impl Lock {
    /// Creates the record of a lock whose class is the construction site, that is, the caller's
    /// line.
    #[inline(always)]
    #[must_use]
    pub const fn new(_kind: &'static LockKind) -> Self {
        Self(())
    }

    /// Creates the record of a lock whose class is `name`.
    #[inline(always)]
    #[must_use]
    pub const fn named(_kind: &'static LockKind, _name: &'static str) -> Self {
        Self(())
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    #[inline(always)]
    pub fn set_label(&self, _label: impl AsRef<str>) {}

    /// Declares that the lock nests in `parent`, a lock of the same class.
    #[inline(always)]
    pub fn nested_in(&self, _parent: &Lock) {}

    /// Sets the subclass of the lock.
    #[inline(always)]
    pub fn set_subclass(&self, _subclass: u32) {}

    /// Returns the id. In this build it is derived from the address of the record: fixed for as
    /// long as the record is borrowed.
    #[inline]
    #[must_use]
    pub fn id(&self) -> LockId {
        let address = std::ptr::from_ref(self).addr() as u64;
        LockId::new(address).expect("a reference is never null")
    }

    /// Records that the calling thread has acquired the lock without waiting.
    ///
    /// # Panics
    ///
    /// Never in this build.
    #[inline(always)]
    pub fn acquired(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Hold {
        Hold(PhantomData)
    }

    /// Fast path of [`acquired`](Self::acquired); it always succeeds in this build.
    #[inline(always)]
    pub(crate) fn acquired_known<const WRITES: bool>(
        &self,
        _mode: Mode,
        _kind: AcquireKind,
        _site: Site,
    ) -> Option<Hold> {
        Some(Hold(PhantomData))
    }

    /// Second fast path, never called in this build.
    #[inline(always)]
    pub(crate) fn acquired_at_hand(&self, _mode: Mode, _site: Site) -> Option<Hold> {
        Some(Hold(PhantomData))
    }

    /// Records that the calling thread has reacquired, without waiting, a lock that it had released
    /// before, at a point where it cannot unwind. Like [`acquired`](Self::acquired), but findings
    /// are only reported and never cause a panic.
    #[inline(always)]
    pub fn reacquired(&self, _mode: Mode, _site: Site) -> Hold {
        Hold(PhantomData)
    }

    /// Records that the calling thread is about to wait for the lock.
    ///
    /// # Panics
    ///
    /// Never in this build.
    #[inline(always)]
    pub fn attempt(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    /// Records that the calling thread is about to wait for a lock that it has just released, at a
    /// point where it cannot unwind. Like [`attempt`](Self::attempt), but a deadlock is only
    /// reported and never causes a panic.
    #[inline(always)]
    pub fn attempt_reacquire(&self, _mode: Mode, _kind: AcquireKind, _site: Site) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    /// Records that the calling thread is about to wait for a lock whose queue may block it, as a
    /// queued writer blocks readers. Like [`attempt`](Self::attempt), but calls `retry`, which
    /// tries the lock once more, before it reports a deadlock through such a queue.
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

    /// Records that an upgradable hold is about to wait until no other hold of the lock is left.
    ///
    /// # Panics
    ///
    /// Never in this build.
    #[inline(always)]
    pub fn attempt_upgrade(&self, _hold: &Hold, _kind: AcquireKind, _site: Site) -> Attempt<'_> {
        Attempt(PhantomData)
    }

    /// Records that an upgradable hold became exclusive without waiting, by a blocking call at
    /// `site`.
    #[inline(always)]
    pub fn upgraded(&self, _hold: &Hold, _site: Site) {}

    /// Records that a hold has changed its mode without a release of the lock.
    #[inline(always)]
    pub fn converted(&self, _hold: &Hold, _mode: Mode) {}

    /// Records that the lock is about to be released.
    #[inline(always)]
    pub fn released(&self, _hold: Hold) {}

    /// Records that the lock is about to be released from an upgradable hold.
    #[inline(always)]
    pub fn released_upgradable(&self, _hold: Hold) {}

    /// Records a release by the thread that owns the hold, which may differ from the acquiring one.
    #[inline(always)]
    pub fn released_by_any(&self, _hold: Hold) {}

    /// Records a release by the calling thread, where the hold is not available.
    #[inline(always)]
    pub fn released_without_hold(&self) {}

    /// Records, right before the lock is dropped, whether a forgotten guard still holds it.
    #[inline(always)]
    pub(crate) fn retired(&mut self, _held: bool) {}
}

/// Token of one recorded acquisition, to be passed back at the release.
#[derive(Debug)]
#[must_use = "hand it back to `Lock::released`, or the lock counts as held for ever"]
pub struct Hold(PhantomData<GuardMarker>);

/// Acquisition under way.
///
/// Dropping it without [`acquired`](Self::acquired) records that the caller gave up.
#[derive(Debug)]
#[must_use = "call `acquired` when the lock is had; dropping it says that the caller gave up"]
pub struct Attempt<'a>(PhantomData<(&'a Lock, GuardNoSend)>);

impl Attempt<'_> {
    /// Returns whether the retry of [`Lock::attempt_with_retry`] has acquired the lock.
    #[inline(always)]
    pub fn is_granted(&self) -> bool {
        false
    }

    /// Records that the lock is acquired.
    #[inline(always)]
    pub fn acquired(self) -> Hold {
        Hold(PhantomData)
    }

    /// Records that the upgrade of `hold` is done.
    #[inline(always)]
    pub fn upgraded(self, _hold: &Hold) {}
}

/// Detector record of one condition variable.
#[derive(Debug, Default)]
pub struct CondvarRecord(());

impl CondvarRecord {
    /// Creates the record of a condition variable whose class is the construction site, that is,
    /// the caller's line.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Creates the record of a condition variable whose class is `name`.
    #[inline(always)]
    #[must_use]
    pub const fn named(_name: &'static str) -> Self {
        Self(())
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    #[inline(always)]
    pub fn set_label(&self, _label: impl AsRef<str>) {}

    /// Records that the calling thread is about to release `lock`, which it holds by `hold`, and to
    /// sleep until it is notified and has reacquired the lock.
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

    /// Does what [`waiting`](Self::waiting) does; if the wait will never end, `wake` wakes the
    /// thread.
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

    /// Records that `count` waiters were woken without a notification.
    #[inline(always)]
    pub(crate) fn woken(&self, _count: usize) {}

    /// Calls `wake`, which wakes one waiter or all, and returns the number of woken waiters that
    /// `wake` returned. In an instrumented build it does nothing if there is no waiter.
    #[inline(always)]
    pub fn notify(&self, wake: impl FnOnce() -> usize) -> usize {
        wake()
    }
}

/// Wait for a condition variable under way. Dropping it records that the thread is awake and holds
/// the lock again; the hold that was passed to [`CondvarRecord::waiting`] then is that of the new
/// acquisition.
#[derive(Debug)]
#[must_use = "drop it when the thread is awake and holds the lock again"]
pub struct WaitGuard<'a>(PhantomData<(&'a CondvarRecord, GuardNoSend)>);

impl WaitGuard<'_> {
    /// Records that a notification has ended the wait, rather than a timeout or a spurious wakeup.
    #[inline(always)]
    pub fn notified(&mut self) {}
}

/// Records that the calling thread has caught a panic of a job or a callback.
#[inline(always)]
pub fn caught_panic() {}

/// Released clock of a thread: a point in its execution, to be acquired by another thread.
#[derive(Clone, Debug)]
#[must_use = "hand it to the thread that goes on from here"]
pub struct Clock(());

impl Clock {
    /// Releases the clock of the calling thread at this point.
    #[inline(always)]
    pub fn release() -> Self {
        Self(())
    }

    /// Creates an empty value.
    #[inline(always)]
    pub fn release_if_attached() -> Self {
        Self(())
    }

    /// Creates an empty value.
    #[inline(always)]
    pub(crate) const fn unknown() -> Self {
        Self(())
    }

    /// Returns the final clock of the calling thread, which is about to end, for the thread that
    /// joins it.
    #[inline(always)]
    pub(crate) fn at_exit() -> Self {
        Self(())
    }

    /// Returns whether the detector was on at the release: never in this build, so there is no
    /// clock to acquire or to compare.
    #[inline(always)]
    pub(crate) fn is_known(&self) -> bool {
        false
    }

    /// Acquires the clock: all that the calling thread does from here on happens after the release.
    #[inline(always)]
    pub fn acquire(&self) {}

    /// Acquires the clock and consumes it.
    #[inline(always)]
    pub(crate) fn acquire_last(self) {}
}

/// Merged clocks of several threads, for a thread that continues after all of them.
#[derive(Debug, Default)]
pub struct MergedClock(());

impl MergedClock {
    /// Creates an empty merged clock.
    #[inline(always)]
    #[must_use]
    pub const fn new() -> Self {
        Self(())
    }

    /// Merges a released clock into this one.
    #[inline(always)]
    pub fn add(&self, _past: &Clock) {}

    /// Merges a released clock into this one, which no other thread can access.
    #[cfg(feature = "queue")]
    #[inline(always)]
    pub(crate) fn add_mut(&mut self, _past: &Clock) {}

    /// Returns a copy, which later additions do not change.
    #[inline(always)]
    #[cfg(feature = "queue")]
    pub(crate) fn snapshot(&self) -> Self {
        Self(())
    }

    /// Acquires the merged clock: all that the calling thread does from here on happens after the
    /// merged releases.
    #[inline(always)]
    pub fn acquire(&self) {}
}

/// [`MergedClock`] with shared ownership.
#[derive(Clone, Debug)]
pub(crate) struct SharedMergedClock(());

impl SharedMergedClock {
    /// Creates an empty merged clock.
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self(())
    }

    /// Merges a released clock into this one.
    #[inline(always)]
    pub(crate) fn add(&self, _past: &Clock) {}

    /// Acquires the merged clock: all that the calling thread does from here on happens after the
    /// merged releases.
    #[inline(always)]
    pub(crate) fn acquire(&self) {}
}

/// Attaches the calling thread to the detector.
#[inline(always)]
pub(crate) fn ensure_attached() {}

/// Returns 0: in this build no thread has a bit.
#[inline(always)]
pub(crate) fn thread_bit() -> u64 {
    0
}

/// Clock of the initialisation of a value that is initialised once.
#[derive(Debug)]
pub(crate) struct InitClock(());

impl InitClock {
    /// Creates the record of a value that is not initialised yet.
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Self(())
    }

    /// Creates the record of a value that was initialised at its construction: there is no clock to
    /// acquire.
    #[inline(always)]
    pub(crate) const fn none() -> Self {
        Self(())
    }

    /// Releases the clock of the calling thread, which has run the initialiser. No other thread can
    /// see the value yet.
    #[inline(always)]
    pub(crate) fn set(&self) {}

    /// Does nothing: the caller runs `initialise` through the wrapped primitive.
    #[inline(always)]
    pub(crate) fn first(&self, _ask: impl FnOnce(), _initialise: impl FnOnce()) {}

    /// Does nothing: in this build an access orders nothing.
    #[inline(always)]
    pub(crate) fn acquire_asking(&self, _ask: impl FnOnce()) {}

    /// Acquires the clock of the initialiser for an access that has seen the value.
    #[inline(always)]
    pub(crate) fn acquire(&self) {}
}

/// Locks that the calling thread holds for as long as other threads run.
#[derive(Clone, Debug)]
#[must_use = "enter them in the threads that run within"]
pub struct InheritedHolds(());

impl InheritedHolds {
    /// Returns the locks that the calling thread holds, and those that it has inherited itself.
    #[inline(always)]
    pub fn current() -> Self {
        Self(())
    }

    /// Makes the calling thread inherit these locks until the returned guard is dropped.
    #[inline(always)]
    pub fn enter(&self) -> ScopeGuard {
        ScopeGuard(())
    }
}

/// Locks that a parent thread holds at a spawn, passed through the child to the join.
#[derive(Debug)]
pub(crate) struct SpawnHolds(());

impl SpawnHolds {
    /// Creates an empty value.
    #[inline(always)]
    pub(crate) fn none() -> Self {
        Self(())
    }

    /// Returns the locks that the calling thread holds, before it spawns another.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        Self(())
    }

    /// Makes the calling thread, which was spawned with these locks held, inherit them.
    #[inline(always)]
    pub(crate) fn enter(&self) {}

    /// Ends the inheritance at the end of the calling thread, and collects its acquisitions.
    #[inline(always)]
    pub(crate) fn leave(&mut self) {}

    /// Records that the calling thread has joined the child: acquisitions of the child count as
    /// made under the locks that the parent held throughout.
    #[inline(always)]
    pub(crate) fn joined(self) {}
}

/// Check session that a thread belongs to, passed to the threads that it spawns.
#[derive(Debug)]
pub(crate) struct CheckMembership(());

impl CheckMembership {
    /// Returns the membership of the calling thread.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        Self(())
    }

    /// Returns the membership of the check session with this number.
    #[inline(always)]
    pub(crate) fn of(_number: u64) -> Self {
        Self(())
    }

    /// Makes the calling thread, which has just begun, a member of the session.
    #[inline(always)]
    pub(crate) fn enter(self) {}
}

/// Scope in which a thread inherits the locks of another. Returned by [`InheritedHolds::enter`].
#[derive(Debug)]
#[must_use = "the surroundings end when this is dropped"]
pub struct ScopeGuard(());

/// Below this count, comparing every pair is quicker than sorting, and allocates nothing.
const FEW: usize = 9;

/// Checks whether the calling thread may acquire all of `records` now, in the order of their ids.
///
/// This build tracks no held locks, so only a duplicate in `records` is an error.
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
