//! The trigger of deadlock detection at a wait for something that is no lock.

use super::reduction::Reducer;
use super::snapshot::Snapshots;
use super::stuck_set::{self, Detected};
use super::victim::{joins, may_unwind, unbroken};
use super::{description, reported};
use crate::detector::panic::{self, Panic};
use crate::detector::publish;
use crate::engine::ids::Site;
use crate::engine::wait_reason::WaitReason;
use crate::tracking::lock::ident::Ident;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::WaitKind;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// The result of the look of a thread that is about to continue its wait.
#[derive(Debug)]
pub(crate) enum Stuck {
    /// The wait can end, or another thread reports that it cannot.
    No,
    /// The wait can end only by an action of an untracked thread, or a parked thread does not sleep yet.
    Unsettled,
    /// The wait cannot end. That was reported; this is the panic that the configuration requests.
    Reported(Option<Panic>),
}

/// Checks whether the wait for something that is no lock, which the calling thread has just published, closes
/// a deadlock, and reports it. The thread is about to release `mutex`, if that is not null.
pub(crate) fn check_resource_wait(
    slot: &'static Slot,
    by: Option<&ResourceState>,
    mutex: *const Ident,
) -> Stuck {
    let moves = match by {
        None => registry::any_runs(slot.check_id(), mutex),
        Some(by) => any_provider_runs(by),
    };
    if moves {
        return Stuck::No;
    }
    let all = Snapshots::now();
    let Some(me) = all.place_of(slot) else {
        return Stuck::No;
    };
    match stuck_set::detect(&all, &mut Reducer::new(&all), me, false, None) {
        // There is no retry, so there is no grant.
        Detected::Nothing | Detected::Granted => Stuck::No,
        Detected::Unsettled => Stuck::Unsettled,
        Detected::Deadlock(found) => {
            let wait = all.threads[me].wait;
            let unwinds =
                panic::can_unwind() && wait.is_none_or(|wait| may_unwind(wait.need, wait.site));
            let (panic, set, claim) = found.report(slot, slot.check_id(), unwinds);
            let Some(panic) = panic else {
                return Stuck::Reported(None);
            };
            let left = match unwinds && set.is_in_ring {
                // A panic in the thread that is waited for is more useful than one in the thread that joins
                // it.
                true if joins(&all, me) => claim.heirs.give(panic, false),
                true => Err(panic),
                // The end of this thread would not end the wait of any other one, or it cannot unwind.
                false => claim.heirs.give(panic, true),
            };
            Stuck::Reported(match left {
                Ok(()) => None,
                Err(panic) if unwinds => Some(panic),
                Err(panic) => {
                    if reported::is_first_unbroken(&panic) {
                        unbroken(slot);
                    }
                    None
                }
            })
        }
    }
}

/// Returns whether some thread that can end a wait is known to run, or not known at all.
pub(super) fn any_provider_runs(by: &ResourceState) -> bool {
    let members = by.members();
    members.unknown > 0 || registry::any_of_runs(&members.threads)
}

/// Returns whether the calling thread is the only provider in `by`.
pub(crate) fn is_alone(slot: &'static Slot, by: &ResourceState) -> bool {
    let members = by.members();
    let Some(me) = slot.thread() else {
        return false;
    };
    members.unknown == 0
        && !members.threads.is_empty()
        && members.threads.iter().all(|member| *member == me)
}

/// Reports that the calling thread is about to wait for what only it could provide.
pub(crate) fn alone(
    slot: &'static Slot,
    ident: &'static Ident,
    awaited: WaitReason,
    (site, since): (Site, u64),
) -> Option<Panic> {
    let need = WaitKind::Other(awaited);
    let mut found = description::alone(slot, ident, need, site);
    let unwinds = panic::can_unwind() && may_unwind(need, site);
    found.unbreakable = !unwinds;
    let panic = publish::publish(slot, vec![found])?;
    // If the thread cannot unwind it will wait, and the look at that wait finds the report that was made
    // here.
    reported::remember(reported::ReportedWaits::alone(slot, since), panic.message());
    if !unwinds && reported::is_first_unbroken(&panic) {
        unbroken(slot);
    }
    unwinds.then_some(panic)
}
