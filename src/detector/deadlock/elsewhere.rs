//! A thread that closes a deadlock in which not all waits are for locks.

use super::snapshot::Snapshots;
use super::standstill::{Judge, Judgement, States};
use super::{Look, claim, facts, lasts, left, told, unbroken};
use crate::detector::publish::{self, Panic};
use crate::engine::awaited::Awaited;
use crate::engine::ids::Site;
use crate::tracking::ident::Ident;
use crate::tracking::party::Party;
use crate::tracking::registry;
use crate::tracking::slot::Slot;
use crate::tracking::wait::Need;

/// How often a thread looks whether a deadlock lasts, of which it is no part, before it tells of it:
/// for about a tenth of a second.
const LEFT_TO_OTHERS: u32 = 10;

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
    match Judge::new(&all).of(&all, me) {
        Judgement::Moves => Stuck::No,
        Judgement::UpToStrangers => Stuck::UpToStrangers,
        Judgement::Stuck(states) => {
            let set = states.closed_set(me);
            // A thread that only waits for a deadlock of others leaves it to them to tell, and tells
            // itself if they could not.
            let in_ring = states.is_in_ring(me);
            let rounds = if in_ring { 1 } else { LEFT_TO_OTHERS };
            let is_sure = in_ring && !is_doubtful(&all, &set);
            if !is_sure && !(0..rounds).all(|_| lasts(&all, &set)) {
                return Stuck::No;
            }
            let Some(claim) = claim(&all, &set) else {
                return Stuck::No;
            };
            let panic = claim.tell(|| {
                let found = facts::standstill(&all, states, &set);
                publish::publish(slot, vec![found])
            });
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

/// The same for a wait for a lock that is in no ring of locks.
pub(super) fn look_of_lock(
    all: &Snapshots,
    me: usize,
    states: &States,
    retry: impl FnOnce() -> bool,
) -> Look {
    if !states.is_in_ring(me) {
        // It has come to wait for a deadlock that was there before.
        return Look::Nothing;
    }
    let set = states.closed_set(me);
    if is_behind_a_queue(all, me) && retry() {
        return Look::Granted;
    }
    if is_doubtful(all, &set) && !lasts(all, &set) {
        return Look::Nothing;
    }
    match claim(all, &set) {
        Some(claim) => Look::Deadlock(Box::new(facts::standstill(all, states, &set)), claim),
        None => Look::Nothing,
    }
}

/// Whether one of these threads may be about to get the lock that it waits for.
fn is_doubtful(all: &Snapshots, set: &[usize]) -> bool {
    set.iter().any(|&at| is_behind_a_queue(all, at))
}

/// Whether a thread waits for a lock that nobody is seen to hold.
fn is_behind_a_queue(all: &Snapshots, at: usize) -> bool {
    let Some(wait) = &all.threads[at].wait else {
        return false;
    };
    all.keepers(wait).iter().any(|(_, hold)| hold.is_none())
}

/// The calling thread is about to wait for what only it could do: tells so.
pub(crate) fn alone(
    slot: &'static Slot,
    ident: &'static Ident,
    awaited: Awaited,
    by: &Party,
    (site, since): (Site, u64),
) -> Option<Panic> {
    let members = by.members();
    let me = slot.thread()?;
    if members.unknown > 0 || members.threads.is_empty() {
        return None;
    }
    if members.threads.iter().any(|member| *member != me) {
        return None;
    }
    let found = facts::alone(slot, ident, Need::Other(awaited), site);
    let panic = publish::publish(slot, vec![found])?;
    // If it cannot unwind it will wait, and a look at that wait finds the report that was made just now.
    told::remember(told::Waits::alone(slot, since), panic.message());
    Some(panic)
}
