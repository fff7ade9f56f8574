//! A judged cycle in the form in which it is told.

use super::classify;
use super::cycle_step::CycleStep;
use super::limits::Budget;
use crate::engine::acquisition::{Finding, Link};
use crate::engine::ids::LockId;
use crate::engine::verdict::Verdict;

/// Steps of finding out whether it is for want of a writer that a cycle is no inversion.
const STEPS: usize = 1_000;

/// The finding on a cycle, in canonical rotation, with one context for each hop.
pub(super) fn of(hops: &[CycleStep<'_>], verdict: Verdict, picks: &[u16]) -> Finding {
    let lowest = (0..hops.len())
        .min_by_key(|at| hops[*at].ends.0)
        .unwrap_or(0);
    let order = (lowest..hops.len()).chain(0..lowest);
    let guards = match verdict {
        Verdict::Guarded => classify::guards(hops, picks),
        _ => Vec::new(),
    };
    Finding {
        verdict,
        links: order.map(|at| link(&hops[at], picks[at])).collect(),
        guards,
        lacks_writers: verdict != Verdict::Inversion
            && classify::lacks_writers(hops, &mut Budget::new(STEPS)),
    }
}

fn link(hop: &CycleStep<'_>, pick: u16) -> Link {
    let context = hop.edge.get(pick.into());
    let gates = context
        .gates
        .iter()
        .flat_map(|gates| gates.around(hop.ends.0));
    Link {
        from: hop.ends.0,
        from_mode: context.from_mode,
        from_site: context.from_site,
        to: hop.ends.1,
        to_mode: context.to_mode,
        to_site: context.to_site,
        thread: context.thread(),
        gates: gates.map(|gate| gate.lock).collect(),
    }
}

/// Turns a cycle so that its lowest lock comes first.
pub(super) fn canonical(mut locks: Vec<LockId>) -> Vec<LockId> {
    let lowest = (0..locks.len()).min_by_key(|at| locks[*at]).unwrap_or(0);
    locks.rotate_left(lowest);
    locks
}
