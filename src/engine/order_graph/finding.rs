//! The finding on a classified cycle.

use super::classify;
use super::cycle_step::CycleStep;
use super::limits::Budget;
use crate::engine::acquisition::{Finding, Link};
use crate::engine::ids::LockId;
use crate::engine::verdict::Verdict;

/// Steps of the test whether a cycle is no inversion only because no writer was seen.
const STEPS: usize = 1_000;

/// Returns the finding on a cycle, in canonical rotation, with one context for each step.
pub(super) fn of(hops: &[CycleStep<'_>], verdict: Verdict, picks: &[u16]) -> Finding {
    let lowest = lowest(&locks(hops));
    let mut links = Vec::with_capacity(hops.len());
    for at in 0..hops.len() {
        let at = (lowest + at) % hops.len();
        links.push(link(&hops[at], picks[at]));
    }
    let guards = match verdict {
        Verdict::Guarded => classify::guards(hops, picks),
        _ => Vec::new(),
    };
    Finding {
        verdict,
        links,
        guards,
        lacks_writers: verdict != Verdict::Inversion
            && classify::lacks_writers(hops, &mut Budget::new(STEPS)),
    }
}

fn link(hop: &CycleStep<'_>, pick: u16) -> Link {
    let context = hop.edge.get(pick.into());
    let mut gates = Vec::new();
    for gate in context.held(hop.ends.0).skip(1) {
        gates.push(gate.lock);
    }
    context.link(hop.ends, gates)
}

/// Returns the starts of the edges of a path.
pub(super) fn locks(hops: &[CycleStep<'_>]) -> Vec<LockId> {
    // Most callers add the end of the path.
    let mut locks = Vec::with_capacity(hops.len() + 1);
    for hop in hops {
        locks.push(hop.ends.0);
    }
    locks
}

/// Rotates a cycle so that its lowest lock comes first.
pub(super) fn canonical(locks: &[LockId]) -> Vec<LockId> {
    let (last, first) = locks.split_at(lowest(locks));
    let mut canonical = first.to_vec();
    canonical.extend_from_slice(last);
    canonical
}

/// Returns the index of the lowest lock.
fn lowest(locks: &[LockId]) -> usize {
    let mut lowest = 0;
    for (at, lock) in locks.iter().enumerate() {
        if *lock < locks[lowest] {
            lowest = at;
        }
    }
    lowest
}
