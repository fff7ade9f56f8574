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

/// Rotates a cycle so that its lowest lock comes first.
pub(super) fn canonical(mut locks: Vec<LockId>) -> Vec<LockId> {
    let lowest = (0..locks.len()).min_by_key(|at| locks[*at]).unwrap_or(0);
    locks.rotate_left(lowest);
    locks
}
