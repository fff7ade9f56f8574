//! Deadlocks: of a thread with itself, before it waits, and of several, as the last of them does.
//!
//! A thread publishes what it waits for and then looks. Of the threads of a deadlock one is the
//! last to publish, and that one sees the records of all others, so nothing needs to poll. What can
//! close a deadlock beside that is the end of a thread, which looks too, for those that it leaves
//! behind.
//!
//! Who waits for whom is reduced by [`waitfor`]. What is seen is real:
//!
//! - A thread that waits does not let go of anything. A record of a wait for a lock can be out of
//!   date only if its thread got the lock meanwhile; but then the holder let go of it, and did not
//!   wait.
//! - Whoever provides something to those who wait for something else than a lock says so at its
//!   [`ResourceState`](crate::tracking::process::resource_state::ResourceState) afterwards. A waiter that may have been satisfied, and
//!   only has not woken yet, is known by that and counts as one that runs.
//! - A wait that anyone may end counts as stuck only if every thread of the process is: known to
//!   the detector, and blocked without a limit.
//!
//! All epochs are read again at the end, under the detector's lock.
//!
//! A reader that waits behind a queued writer is another matter: only the lock knows whether the
//! writer was there first. If the reader is the calling thread, it tries once more before it
//! believes that; if it is another one, what was seen has to last for a while.

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
use crate::report::{Basis, Facts};
use crate::sink;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::WaitKind;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// How many threads wait for something that is no lock. While there are none, only a thread that
/// holds a lock can close a deadlock.
static RESOURCE_WAITS: AtomicUsize = AtomicUsize::new(0);

/// A thread that waits for something that is no lock, for as long as this lives.
#[derive(Debug)]
pub(crate) struct ResourceWait(());

impl ResourceWait {
    pub(crate) fn new() -> Self {
        // Relaxed: the wait is published after it, with a sequentially consistent fence, and whoever
        // asks has published its own with the same.
        RESOURCE_WAITS.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for ResourceWait {
    fn drop(&mut self) {
        RESOURCE_WAITS.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Whether some thread waits for something that is no lock.
pub(crate) fn any_resource_wait() -> bool {
    RESOURCE_WAITS.load(Ordering::Relaxed) > 0
}

/// Whether the calling thread, by what it holds, keeps itself from ever getting what it needs.
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

/// Whether a hold in `mode` keeps a thread that needs `need` of the same lock waiting.
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

/// What a look at all threads shows.
pub(crate) enum Look {
    /// No deadlock of which the calling thread is a part and that is its to report.
    Nothing,
    /// What looked like a deadlock was none: the retry has got the lock.
    Granted,
    /// A deadlock that the calling thread has closed, to be told while the claim is kept.
    Deadlock(Box<Facts>, Claim),
}

/// Looks whether the wait for a lock that the calling thread has just published closes a deadlock.
pub(crate) fn look(slot: &'static Slot, record: &LockRecord, retry: impl FnOnce() -> bool) -> Look {
    if owner_runs(slot, record) {
        return Look::Nothing;
    }
    let all = Snapshots::now();
    let Some(me) = all.place_of(slot) else {
        return Look::Nothing;
    };
    // One that has come to wait for a deadlock that was there before leaves it to its threads.
    match stuck_set::detect(&all, &mut Reducer::new(&all), me, true, retry) {
        Detected::Nothing | Detected::DependsOnUntracked => Look::Nothing,
        Detected::Granted => Look::Granted,
        Detected::Deadlock(found) => Look::Deadlock(found.facts, found.claim),
    }
}

/// The claim to the deadlock over locks alone that the wait of the calling thread has closed with threads
/// of `all`; `None` if there is none, or another thread has claimed it.
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

/// The common case, told by one look at another thread: whoever has the lock exclusively does not
/// wait, so there is no deadlock yet. If it comes to wait later it will see this thread.
#[allow(unsafe_code)]
fn owner_runs(slot: &Slot, record: &LockRecord) -> bool {
    // Acquire pairs with the Release in `Lock::note_at` and `Lock::converted`: the slot was made, and
    // taken into use, before it was stored there.
    let owner = record.owner.load(Ordering::Acquire);
    // SAFETY: the field holds null or a slot, and slots are never freed.
    let Some(owner) = (unsafe { owner.as_ref() }) else {
        return false;
    };
    let waits = owner.wait.read().is_some() || owner.has_ended();
    if owner.is_detached() || std::ptr::eq(owner, slot) || waits {
        return false;
    }
    if !record.kind().has_readers() {
        // Every holder says that it is the owner, right after it got the lock. One that has not yet
        // runs too. To look at what the owner holds would take from it, at every contended wait, a
        // line that it writes to all the time.
        return true;
    }
    let ident = record.ident_address();
    owner.held().is_some_and(|held| {
        held.iter()
            .any(|h| std::ptr::eq(h.ident, ident) && h.mode == Mode::Exclusive)
    })
}

/// Whether these threads do not move for a while.
///
/// Between the moment in which a lock is granted and that in which its new holder says so lie a
/// few instructions: a reader that looks as if it waited behind a queue may be there.
fn lasts(all: &Snapshots, threads: &[usize]) -> bool {
    (0..5).all(|_| {
        std::thread::sleep(Duration::from_millis(2));
        threads.iter().all(|&at| all.stands(at))
    })
}

/// How many deadlocks are claimed and not told yet.
static UNREPORTED: AtomicUsize = AtomicUsize::new(0);

/// For how long a thread keeps back what it has found until a deadlock is told. Only who subscribes
/// to reports can take so long, and then they come in another order.
const PATIENCE: Duration = Duration::from_secs(1);

/// A deadlock is the caller's to tell; dropped when that is done.
#[derive(Debug)]
pub(crate) struct Claim {
    waits: reported::ReportedWaits,
    /// Those of its threads, beside the one that closed it, that can be woken to unwind; each with the
    /// epoch of its wait.
    heirs: Vec<(&'static Slot, u64)>,
    closer: &'static Slot,
}

impl Claim {
    /// The same for a thread that closed the deadlock by a wait for a lock. If it cannot unwind, another
    /// one of the deadlock is given the panic; and if none of them can be woken for that, a line says
    /// that nothing will break it.
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

    /// Lets `publish` tell the deadlock, unless it is what is left of one that was told and answered
    /// with a panic: then that is the answer again.
    pub(crate) fn tell(self, publish: impl FnOnce() -> Option<Panic>) -> Option<Panic> {
        reported::once(&self.waits, publish)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        UNREPORTED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Waits until the deadlocks are told that others have claimed: what is there comes before what
/// could be. To be called by a thread that has looked, and so has had the detector's lock after them.
pub(crate) fn let_others_tell() {
    let start = wait::now();
    // Relaxed: who claims counts it under the detector's lock.
    while UNREPORTED.load(Ordering::Relaxed) > 0 && wait::time_since(start) < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Makes the deadlock of these threads the caller's, unless one of them has moved, or has reported
/// one before that it is still in. The first one is the thread that closed it.
fn claim(all: &Snapshots, threads: &[usize]) -> Option<Claim> {
    // Two threads that publish at the same moment both see the cycle: the lock lets one of them
    // report it, and the other one finds it marked.
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
    // Only the thread that closed it is marked: it panics, and the others may come to wait for each
    // other anew, still in the waits that they are in now.
    mark(all, threads[0]);
    UNREPORTED.fetch_add(1, Ordering::Relaxed);
    // From here on, so that the watchdog does not report these waits while the report is written.
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

/// Says that a deadlock was told that the configuration wants broken, and that cannot be.
fn unbroken(closer: &'static Slot) {
    if closer.check_id() == 0 {
        sink::say(
            "nothing will break this deadlock: the thread that closed it cannot unwind where it is, \
             and no other one of it waits where it can be woken",
        );
    }
}

/// The panic goes from the wait with the one mark to that with the other. Called with the detector's
/// lock held.
fn pass(from: &AtomicU64, to: &AtomicU64, epoch: u64) {
    // Relaxed: read and written under the detector's lock. No wait has the epoch zero.
    from.store(0, Ordering::Relaxed);
    to.store(epoch, Ordering::Relaxed);
}

/// Whether the configuration reports this verdict.
pub(crate) fn is_reported(verdict: Verdict) -> bool {
    config::current().action(verdict, Basis::Instances) != Action::Ignore
}

/// The thread that closed a deadlock does not panic for it, but another one does in its place: the
/// mark goes to that one. Left where it was, it would hide all deadlocks that the first one comes to
/// be in after that without having moved.
fn pass_mark(all: &Snapshots, from: usize, to: usize) {
    let _guard = state::lock();
    if let Some(wait) = all.threads[to].wait {
        let reported = |at: usize| &all.threads[at].slot.wait.reported;
        pass(reported(from), reported(to), wait.epoch);
    }
}

/// Marks a thread as one that panics for a deadlock, as long as it is in the same wait. To be called
/// with the detector's lock held.
fn mark(all: &Snapshots, at: usize) {
    let thread = &all.threads[at];
    if let Some(wait) = thread.wait {
        let reported = &thread.slot.wait.reported;
        reported.store(wait.epoch, Ordering::Relaxed);
    }
}
