//! A thread that closes a deadlock in which not all waits are for locks.

use super::reduction::Reducer;
use super::snapshot::Snapshots;
use super::stuck_set::{self, Deadlock, Detected};
use super::{description, reported, thread_exit, unbroken};
use crate::detector::publish::{self, Panic};
use crate::engine::ids::Site;
use crate::engine::wait_reason::WaitReason;
use crate::tracking::lock::ident::Ident;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::WaitKind;

/// What a thread learns that looks before it goes on waiting.
#[derive(Debug)]
pub(crate) enum Stuck {
    /// Its wait can end, or somebody else is told.
    No,
    /// It can only end if a thread does something that the detector does not know.
    DependsOnUntracked,
    /// It cannot end. That was told; this is what the configuration asks for.
    Told(Option<Panic>),
}

/// Looks whether the wait for something that is no lock, which the calling thread has just
/// published, closes a deadlock; tells so.
pub(crate) fn check_resource_wait(slot: &'static Slot, by: Option<&ResourceState>) -> Stuck {
    let moves = match by {
        None => registry::any_runs(slot.check_id()),
        Some(party) => {
            let members = party.members();
            members.unknown > 0 || members.threads.iter().any(|id| registry::runs(*id))
        }
    };
    if moves {
        return Stuck::No;
    }
    let all = Snapshots::now();
    let Some(me) = all.place_of(slot) else {
        return Stuck::No;
    };
    match stuck_set::detect(&all, &mut Reducer::new(&all), me, false, || false) {
        // Nothing is tried again, so nothing is granted.
        Detected::Nothing | Detected::Granted => Stuck::No,
        Detected::DependsOnUntracked => Stuck::DependsOnUntracked,
        Detected::Deadlock(Deadlock { set, claim, facts }) => {
            let panic = claim.tell(|| publish::publish(slot, vec![*facts]));
            let in_ring = set.is_in_ring;
            let set = set.threads;
            let need = all.threads[me].wait.map(|wait| wait.need);
            Stuck::Told(match (panic, need) {
                // Its own end would change nothing.
                (Some(panic), _) if !in_ring => {
                    let _ = thread_exit::give_away(&all, &set, panic);
                    None
                }
                (Some(panic), _) if !publish::can_unwind() => {
                    if thread_exit::give_away(&all, &set, panic).is_err() {
                        unbroken(slot);
                    }
                    None
                }
                // What one of those does that it waits for is better ended than the thread that
                // looks after them; and nothing can unwind past the end of a scope.
                (Some(panic), Some(WaitKind::Other(WaitReason::End))) => {
                    thread_exit::give_away(&all, &set, panic).err()
                }
                (Some(panic), Some(WaitKind::Other(awaited))) if !awaited.can_unwind() => {
                    let left = thread_exit::give_away(&all, &set, panic).err();
                    // An idle worker is in nobody's way, so there is no better one.
                    if let (Some(panic), WaitReason::Job) = (left, awaited) {
                        thread_exit::give_to_any(&all, &set, panic);
                    }
                    None
                }
                (panic, _) => panic,
            })
        }
    }
}

/// Whether the calling thread is the only one of `by`.
pub(crate) fn is_alone(slot: &'static Slot, by: &ResourceState) -> bool {
    let members = by.members();
    let Some(me) = slot.thread() else {
        return false;
    };
    members.unknown == 0
        && !members.threads.is_empty()
        && members.threads.iter().all(|member| *member == me)
}

/// Reports that the calling thread is about to wait for what only it could do.
pub(crate) fn alone(
    slot: &'static Slot,
    ident: &'static Ident,
    awaited: WaitReason,
    (site, since): (Site, u64),
) -> Option<Panic> {
    let found = description::alone(slot, ident, WaitKind::Other(awaited), site);
    let panic = publish::publish(slot, vec![found])?;
    // If it cannot unwind it will wait, and a look at that wait finds the report that was made just now.
    reported::remember(reported::ReportedWaits::alone(slot, since), panic.message());
    Some(panic)
}
