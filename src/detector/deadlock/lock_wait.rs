//! The trigger of deadlock detection at a wait for a lock.

use std::sync::atomic::Ordering;
use std::time::Duration;

#[cfg(all(loom, test))]
use super::claim::{Claim, claim};
use super::reduction::Reducer;
use super::resource_wait::any_provider_runs;
use super::snapshot::{Snapshots, conflicts};
use super::stuck_set::{self, Detected};
use crate::detector::describe;
use crate::engine::mode::Mode;
#[cfg(all(loom, test))]
use crate::engine::wait_for;
use crate::engine::wait_reason::WaitReason;
use crate::report::Facts;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::lock::request::Request;
use crate::tracking::thread::slot::{Flag, HeldLock, Slot};
use crate::tracking::thread::wait::{PublishedWait, WaitKind};

/// Returns whether the calling thread's own holds keep its request from ever being granted.
pub(crate) fn with_itself(slot: &'static Slot, need: WaitKind, asked: Request) -> Option<Facts> {
    if asked.ident.class().kind.is_sendable() {
        // The guard may be in another thread by now.
        return None;
    }
    let held = slot.held()?;
    let own = held
        .iter()
        .find(|h| std::ptr::eq(h.ident, asked.ident) && conflicts(need, h.mode))?;
    Some(describe::self_deadlock(slot, own, asked))
}

/// How often a thread looks while only an untracked thread could end its wait, or a parked thread does not sleep yet: for
/// about ten milliseconds. Once it sleeps itself, a report comes from another thread, and no panic can be raised in this one.
const LOOKS: u32 = 9;

/// The time from the first look to the second. Each pause is twice as long as the one before: a lock that is released
/// meanwhile is taken after it, so the wait is at most about twice as long as it would have been.
const FIRST_PAUSE: Duration = Duration::from_micros(50);

/// Checks whether the wait for a lock that the calling thread has just published closes a deadlock.
pub(crate) fn look(
    slot: &'static Slot,
    record: &LockRecord,
    retry: &mut dyn FnMut() -> bool,
) -> Detected {
    let mut looks = 0;
    let mut pause = FIRST_PAUSE;
    loop {
        let look = look_once(slot, record, retry);
        looks += 1;
        // The schedule of an explored thread must not depend on the time.
        let is_last = looks == LOOKS || slot.life.has(Flag::Scheduled);
        if is_last || !matches!(look, Detected::Unsettled) {
            return look;
        }
        std::thread::sleep(pause);
        pause *= 2;
    }
}

fn look_once(
    slot: &'static Slot,
    record: &LockRecord,
    retry: &mut dyn FnMut() -> bool,
) -> Detected {
    if owner_runs(slot, record) {
        return Detected::Nothing;
    }
    let all = Snapshots::now();
    let Some(me) = all.place_of(slot) else {
        return Detected::Nothing;
    };
    // If the thread only waits for an existing deadlock, the threads of that deadlock report it.
    stuck_set::detect(&all, &mut Reducer::new(&all), me, true, Some(retry))
}

/// Claims the deadlock over locks alone that the wait of the calling thread has closed with threads of `all`;
/// returns `None` if there is none, or another thread has claimed it.
#[cfg(all(loom, test))]
pub(in crate::detector) fn closed(
    slot: &'static Slot,
    record: &LockRecord,
    all: impl FnOnce() -> Vec<&'static Slot>,
) -> Option<Option<Claim>> {
    if owner_runs(slot, record) {
        return None;
    }
    let all = Snapshots::of(&all());
    let me = all.place_of(slot)?;
    if !wait_for::stuck(&all.states(true))[me] {
        return None;
    }
    let ring = all.ring_through(me)?;
    (ring.len() > 1).then(|| claim(&all, &ring))
}

/// Recognises the common cases by a look at one other thread: if the exclusive owner of the lock does not
/// wait, has released it, or waits for what a running thread provides, there is no deadlock yet. If the holder
/// waits later it will see this thread.
#[allow(unsafe_code)]
fn owner_runs(slot: &Slot, record: &LockRecord) -> bool {
    // Acquire pairs with the Release in `Lock::note_at` and `Lock::converted`: the slot was initialised, and
    // occupied, before it was stored there.
    let owner = record.owner.load(Ordering::Acquire);
    // SAFETY: the field holds null or a slot, and slots are never freed.
    let Some(owner) = (unsafe { owner.as_ref() }) else {
        return !record.kind().has_readers();
    };
    let ident = record.ident_address();
    let holds = |held: Vec<HeldLock>| {
        let is_this = |h: &HeldLock| std::ptr::eq(h.ident, ident) && h.mode == Mode::Exclusive;
        held.iter().any(is_this)
    };
    let is_other = !owner.is_detached() && !std::ptr::eq(owner, slot);
    let wait = owner.wait.read();
    let waits = wait.is_some() || owner.has_ended();
    if !record.kind().has_readers() {
        // Every holder stores itself as the owner right after it got the lock. One that has not done so yet
        // is running, too. To look at the lockset of an owner that runs would, at every contended wait, take
        // a cache line from it that it writes to constantly. If the list changes, the owner does not wait.
        let moves =
            !waits || (!owner.has_ended() && wait.is_some_and(|wait| ends_by_itself(&wait)));
        let runs = is_other && moves;
        return runs || !owner.held().is_none_or(holds);
    }
    is_other && !waits && owner.held().is_some_and(holds)
}

/// Returns whether a wait that is no lock's ends without an action of a thread that waits: by its limit, by what
/// was provided since, or by a provider that runs.
fn ends_by_itself(wait: &PublishedWait) -> bool {
    let WaitKind::Other(awaited) = wait.need else {
        return false;
    };
    if awaited == WaitReason::Notification {
        return false;
    }
    wait.timed
        || wait
            .party()
            .is_some_and(|party| party.version() != wait.version)
        || wait.by().is_some_and(any_provider_runs)
}
