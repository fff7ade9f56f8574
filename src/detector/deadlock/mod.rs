//! Deadlocks: of a thread with itself, before it waits, and of several threads, when the last of them waits.
//!
//! A thread publishes its wait and then looks at all others. One thread of a deadlock is the last to publish,
//! and that thread sees the records of all others, so no polling is needed. The only other event that can
//! close a deadlock is the end of a thread, which looks on behalf of the threads that remain.
//!
//! The wait-for graph is reduced by `engine::wait_for`. What is found is real:
//!
//! - A waiting thread releases nothing. A published wait for a lock can be out of date only if its thread
//!   got the lock meanwhile; but then the holder released the lock, and did not wait.
//! - A thread that provides something for which others wait, other than the release of a lock, records that
//!   afterwards in the `ResourceState` of the resource. By that, a waiter that may have been satisfied, and only has not
//!   woken yet, is recognised and counts as running.
//! - A wait that any thread may end counts as deadlocked only if every thread of the process is: known to
//!   the detector, and blocked without a timeout.
//!
//! All epochs are read again at the end, under the detector's lock.
//!
//! A reader that waits behind a queued writer is a special case: only the lock knows whether the writer was
//! queued first. If the reader is the calling thread, it tries to acquire the lock once more before it
//! reports; if it is another thread, the observed state has to last for a while.

mod description;
mod lock_cycle;
#[cfg(all(loom, test))]
mod models;
mod reduction;
pub(crate) mod reported;
mod resource_wait;
mod snapshot;
mod stuck_set;
mod thread_exit;

use self::reduction::Reducer;
pub(crate) use self::resource_wait::{Stuck, alone, check_resource_wait, is_alone};
use self::snapshot::Snapshots;
use self::stuck_set::Detected;
pub(crate) use self::thread_exit::{provider_left, thread_ended};
use super::describe;
use super::publish::Panic;
use super::state;
use crate::config::{self, Action};
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::engine::verdict::Verdict;
#[cfg(all(loom, test))]
use crate::engine::wait_for;
use crate::engine::wait_reason::WaitReason;
use crate::report::{Basis, Facts};
use crate::shim::AtomicU64;
use crate::sink;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::thread::slot::{HeldLock, Slot};
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::{PublishedWait, WaitKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The number of threads that wait for something that is no lock. While there are none, only a thread that
/// holds a lock can close a deadlock.
static RESOURCE_WAITS: AtomicUsize = AtomicUsize::new(0);

/// A wait of a thread for something that is no lock, until this is dropped.
#[derive(Debug)]
pub(crate) struct ResourceWait(());

impl ResourceWait {
    pub(crate) fn new() -> Self {
        // Relaxed: the wait is published afterwards, with a sequentially consistent fence, and the thread
        // that reads the count has published its own wait with the same fence.
        RESOURCE_WAITS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for ResourceWait {
    fn drop(&mut self) {
        RESOURCE_WAITS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns whether some thread waits for something that is no lock.
pub(crate) fn any_resource_wait() -> bool {
    RESOURCE_WAITS.load(Ordering::Relaxed) > 0
}

/// Returns whether the calling thread's own holds keep its request from ever being granted.
pub(crate) fn with_itself(
    slot: &'static Slot,
    ident: &'static Ident,
    need: WaitKind,
    mode: Mode,
    site: Site,
) -> Option<Facts> {
    if ident.class().kind.is_sendable() {
        // The guard may be in another thread by now.
        return None;
    }
    let held = slot.held()?;
    let own = held
        .iter()
        .find(|h| std::ptr::eq(h.ident, ident) && conflicts(need, h.mode))?;
    Some(describe::self_deadlock(slot, ident, own, mode, site))
}

/// Returns whether a hold in `mode` blocks a request `need` for the same lock.
pub(super) fn conflicts(need: WaitKind, mode: Mode) -> bool {
    match need {
        WaitKind::Lock(Mode::Exclusive) => true,
        WaitKind::Lock(Mode::Shared) => mode == Mode::Exclusive,
        WaitKind::Lock(Mode::Upgradable) => mode != Mode::Shared,
        // The upgradable hold is the caller's own.
        WaitKind::Upgrade => mode == Mode::Shared,
        WaitKind::Other(_) => false,
    }
}

/// The result of a look at all threads.
pub(crate) enum Look {
    /// No deadlock that the calling thread is a part of and has to report.
    Nothing,
    /// The apparent deadlock was none: the retry has acquired the lock.
    Granted,
    /// A deadlock that the calling thread has closed, to be reported while the claim is kept.
    Deadlock(Box<Facts>, Claim),
}

/// Checks whether the wait for a lock that the calling thread has just published closes a deadlock.
pub(crate) fn look(
    slot: &'static Slot,
    record: &LockRecord,
    retry: &mut dyn FnMut() -> bool,
) -> Look {
    if owner_runs(slot, record) {
        return Look::Nothing;
    }
    let all = Snapshots::now();
    let Some(me) = all.place_of(slot) else {
        return Look::Nothing;
    };
    // If the thread only waits for an existing deadlock, the threads of that deadlock report it.
    match stuck_set::detect(&all, &mut Reducer::new(&all), me, true, retry) {
        Detected::Nothing | Detected::DependsOnUntracked => Look::Nothing,
        Detected::Granted => Look::Granted,
        Detected::Deadlock(found) => Look::Deadlock(found.facts, found.claim),
    }
}

/// Claims the deadlock over locks alone that the wait of the calling thread has closed with threads of `all`;
/// returns `None` if there is none, or another thread has claimed it.
#[cfg(all(loom, test))]
pub(super) fn closed(
    slot: &'static Slot,
    record: &LockRecord,
    all: impl FnOnce() -> Vec<&'static Slot>,
) -> Option<Option<Claim>> {
    if owner_runs(slot, record) {
        return None;
    }
    let all = Snapshots::of(all());
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
        || wait.by().is_some_and(resource_wait::any_provider_runs)
}

/// Returns whether these threads stay in their waits for a while.
///
/// Between the grant of a lock and the store of its new holder lie a few instructions, in which a reader can
/// appear to wait behind a queue.
fn lasts(all: &Snapshots, threads: &[usize]) -> bool {
    (0..5).all(|_| {
        std::thread::sleep(Duration::from_millis(2));
        threads.iter().all(|&at| all.stands(at))
    })
}

/// The number of deadlocks that are claimed and not reported yet.
static UNREPORTED: AtomicUsize = AtomicUsize::new(0);

/// How long a thread delays its own finding until a deadlock is reported. Only a slow subscriber can exceed
/// it, and then the reports come in another order.
const PATIENCE: Duration = Duration::from_secs(1);

/// The exclusive right of the caller to report a deadlock; dropped when that is done.
#[derive(Debug)]
pub(crate) struct Claim {
    waits: reported::ReportedWaits,
    /// The threads of the deadlock, beside the one that closed it, that can be woken to panic; each with the
    /// epoch of its wait.
    heirs: Vec<(&'static Slot, u64)>,
    closer: &'static Slot,
}

impl Claim {
    /// Reports the deadlock for a thread that closed it by a wait for a lock. If that thread cannot unwind,
    /// another thread of the deadlock gets the panic; and if none can be woken for that, a line says that
    /// nothing will break the deadlock.
    pub(crate) fn answer(
        self,
        unwinds: bool,
        publish: impl FnOnce() -> Option<Panic>,
    ) -> Option<Panic> {
        let panic = reported::once(&self.waits, publish)?;
        if unwinds {
            return Some(panic);
        }
        for &(heir, epoch) in &self.heirs {
            let is_waiting = || heir.wait.epoch() == epoch;
            if heir.alarm.ring(panic.message().to_owned(), is_waiting) {
                let _guard = state::lock();
                pass(&self.closer.wait.reported, &heir.wait.reported, epoch);
                return None;
            }
        }
        unbroken(self.closer);
        None
    }

    /// Returns whether another thread of the deadlock can get the panic.
    pub(crate) fn has_heirs(&self) -> bool {
        !self.heirs.is_empty()
    }

    /// Lets `publish` report the deadlock, unless it is a remainder of one that was reported and answered
    /// with a panic: then the same panic is returned again.
    pub(crate) fn report(self, publish: impl FnOnce() -> Option<Panic>) -> Option<Panic> {
        reported::once(&self.waits, publish)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        UNREPORTED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits until the deadlocks that other threads have claimed are reported, so that existing deadlocks come
/// before possible ones. The caller has looked, and so has held the detector's lock after those threads.
pub(crate) fn let_another_thread_report() {
    let start = wait::now();
    // Relaxed: a claim increments it under the detector's lock.
    while UNREPORTED.load(Ordering::Relaxed) > 0 && wait::time_since(start) < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Claims the deadlock of these threads for the caller, unless one of them has moved, or is still in a
/// deadlock that it has reported. The first one is the thread that closed the deadlock.
fn claim(all: &Snapshots, threads: &[usize]) -> Option<Claim> {
    // Two threads that publish at the same moment both see the cycle: the lock lets one of them report it,
    // and the other one finds it marked.
    let _guard = state::lock();
    let reported = |at: &usize| {
        let thread = &all.threads[*at];
        // Relaxed: read and written under the detector's lock.
        let reported = thread.slot.wait.reported.load(Ordering::Relaxed);
        thread.wait.is_some_and(|wait| wait.epoch == reported)
    };
    if !threads.iter().all(|&at| all.stands(at)) || threads.iter().any(reported) {
        return None;
    }
    // Only the thread that closed it is marked: it panics, and the others may come to wait for each other
    // again without having left their present waits.
    mark(all, threads[0]);
    UNREPORTED.fetch_add(1, Ordering::Relaxed);
    // Before the report is written, so that the watchdog does not report these waits meanwhile.
    if is_reported(Verdict::Deadlock) {
        for thread in threads.iter().map(|&at| &all.threads[at]) {
            if let Some(wait) = thread.wait {
                thread.slot.wait.set_named(wait.since);
            }
        }
    }
    let others = thread_exit::victims(all, |_| true).into_iter();
    let heirs = others.filter(|at| threads[1..].contains(at));
    Some(Claim {
        waits: reported::ReportedWaits::new(all, threads),
        heirs: heirs
            .filter_map(|at| Some((all.threads[at].slot, all.threads[at].wait?.epoch)))
            .collect(),
        closer: all.threads[threads[0]].slot,
    })
}

/// Prints that a deadlock was reported which the configuration wants broken, and which cannot be broken.
fn unbroken(closer: &'static Slot) {
    if closer.check_id() == 0 {
        sink::say(
            "nothing will break this deadlock: the thread that closed it cannot unwind where it is, \
             and no other one of it waits where it can be woken",
        );
    }
}

/// Moves the mark from one wait to another. The caller holds the detector's lock.
fn pass(from: &AtomicU64, to: &AtomicU64, epoch: u64) {
    // Relaxed: read and written under the detector's lock. No wait has the epoch zero.
    from.store(0, Ordering::Relaxed);
    to.store(epoch, Ordering::Relaxed);
}

/// Returns whether the configuration reports this verdict.
pub(crate) fn is_reported(verdict: Verdict) -> bool {
    config::current().action(verdict, Basis::Instances) != Action::Ignore
}

/// Moves the mark from the thread that closed a deadlock to the one that panics in its place. Left where it
/// was, the mark would hide all later deadlocks of the first thread for as long as it has not moved.
fn pass_mark(all: &Snapshots, from: usize, to: usize) {
    let _guard = state::lock();
    if let Some(wait) = all.threads[to].wait {
        let reported = |at: usize| &all.threads[at].slot.wait.reported;
        pass(reported(from), reported(to), wait.epoch);
    }
}

/// Marks a thread as one that panics for a deadlock, for as long as it is in the same wait. The caller holds
/// the detector's lock.
fn mark(all: &Snapshots, at: usize) {
    let thread = &all.threads[at];
    if let Some(wait) = thread.wait {
        let reported = &thread.slot.wait.reported;
        reported.store(wait.epoch, Ordering::Relaxed);
    }
}
