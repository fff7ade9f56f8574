//! A thread that closes a deadlock in which not all waits are for locks.

use super::snapshot::Snapshots;
use super::standstill::Judge;
use super::stuck_set::{self, Deadlock, Detected};
use super::{facts, left, told, unbroken};
use crate::detector::publish::{self, Panic};
use crate::engine::awaited::Awaited;
use crate::engine::ids::Site;
use crate::tracking::ident::Ident;
use crate::tracking::party::Party;
use crate::tracking::registry;
use crate::tracking::slot::Slot;
use crate::tracking::wait::Need;

/// What a thread learns that looks before it goes on waiting.
#[derive(Debug)]
pub(crate) enum Stuck {
    /// Its wait can end, or somebody else is told.
    No,
    /// It can only end if a thread does something that the detector does not know.
    UpToStrangers,
    /// It cannot end. That was told; this is what the configuration asks for.
    Told(Option<Panic>),
}

/// Looks whether the wait for something that is no lock, which the calling thread has just
/// published, closes a deadlock; tells so.
pub(crate) fn look_elsewhere(slot: &'static Slot, by: Option<&Party>) -> Stuck {
    let moves = match by {
        None => registry::any_runs(slot.scope()),
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
    match stuck_set::detect(&all, &mut Judge::new(&all), me, false, || false) {
        // Nothing is tried again, so nothing is granted.
        Detected::Nothing | Detected::Granted => Stuck::No,
        Detected::DependsOnUntracked => Stuck::UpToStrangers,
        Detected::Deadlock(Deadlock { set, claim, facts }) => {
            let panic = claim.tell(|| publish::publish(slot, vec![facts]));
            let in_ring = set.is_in_ring;
            let set = set.threads;
            let need = all.threads[me].wait.map(|wait| wait.need);
            Stuck::Told(match (panic, need) {
                // Its own end would change nothing.
                (Some(panic), _) if !in_ring => {
                    let _ = left::give_away(&all, &set, panic);
                    None
                }
                (Some(panic), _) if !publish::can_unwind() => {
                    if left::give_away(&all, &set, panic).is_err() {
                        unbroken(slot);
                    }
                    None
                }
                // What one of those does that it waits for is better ended than the thread that
                // looks after them; and nothing can unwind past the end of a scope.
                (Some(panic), Some(Need::Other(Awaited::End))) => {
                    left::give_away(&all, &set, panic).err()
                }
                (Some(panic), Some(Need::Other(awaited))) if !awaited.can_unwind() => {
                    let left = left::give_away(&all, &set, panic).err();
                    // An idle worker is in nobody's way, so there is no better one.
                    if let (Some(panic), Awaited::Job) = (left, awaited) {
                        left::give_to_any(&all, &set, panic);
                    }
                    None
                }
                (panic, _) => panic,
            })
        }
    }
}

/// Whether the calling thread is the only one of `by`.
pub(crate) fn is_alone(slot: &'static Slot, by: &Party) -> bool {
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
    awaited: Awaited,
    (site, since): (Site, u64),
) -> Option<Panic> {
    let found = facts::alone(slot, ident, Need::Other(awaited), site);
    let panic = publish::publish(slot, vec![found])?;
    // If it cannot unwind it will wait, and a look at that wait finds the report that was made just now.
    told::remember(told::Waits::alone(slot, since), panic.message());
    Some(panic)
}
