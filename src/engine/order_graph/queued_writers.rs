//! Writers that are queued between the readers of a cycle.

use super::cycle_step::{CycleStep, Relaxed};
use super::limits::Budget;
use super::writers::{Writer, Writers};

/// Returns the distinguished writers at a position of a cycle, if a reader waits for a reader there in this choice
/// of contexts.
pub(super) fn queue_at<'a>(
    hops: &[CycleStep<'a>],
    picks: &[u16],
    at: usize,
) -> Option<&'a [Writer]> {
    let context = |at: usize| hops[at].edge.get(picks[at].into());
    let before = (at + hops.len() - 1) % hops.len();
    match hops[at].writers {
        _ if context(before).to_mode.excludes(context(at).from_mode) => None,
        Some(Writers::These(these)) => Some(these),
        Some(Writers::AnyThread) | None => None,
    }
}

/// Returns whether, at each position of a cycle at which a reader waits for a reader in this choice of
/// contexts, a writer can be queued between them: one that can run beside all threads of the cycle, and
/// beside the writers chosen at its other locks.
pub(super) fn can_queue(
    hops: &[CycleStep<'_>],
    picks: &[u16],
    waived: Relaxed,
    budget: &mut Budget,
) -> bool {
    if waived.all() {
        return true;
    }
    let beside = |writer: &Writer| {
        for (hop, pick) in hops.iter().zip(picks) {
            let context = hop.edge.get((*pick).into());
            let fits = if context.thread() == writer.thread() {
                waived.threads
            } else {
                (waived.order || !writer.is_ordered(&context.segment))
                    && (waived.gates
                        || !writer.any_gate_against(context, hop.ends.0, &mut |_| true))
            };
            if !fits {
                return false;
            }
        }
        true
    };
    let agree = |a: &Writer, b: &Writer| {
        if a.thread() == b.thread() {
            return waived.threads;
        }
        (waived.order || !a.is_ordered(&b.segment)) && (waived.gates || !a.excludes(b))
    };
    let mut queued: Vec<Vec<&Writer>> = Vec::new();
    for at in 0..hops.len() {
        let Some(these) = queue_at(hops, picks, at) else {
            continue;
        };
        if !budget.spend(these.len() * (1 + hops.len() / 16)) {
            return false;
        }
        let mut fitting = Vec::new();
        for writer in these {
            if beside(writer) {
                fitting.push(writer);
            }
        }
        queued.push(fitting);
    }
    // Backtracking, as in the choice of contexts.
    let mut chosen: Vec<usize> = Vec::with_capacity(queued.len());
    let mut next = 0;
    while chosen.len() < queued.len() {
        if !budget.spend(1) {
            return false;
        }
        let at = chosen.len();
        let fits = |new: &Writer| {
            let mut earlier = chosen.iter().enumerate();
            earlier.all(|(at, pick)| agree(queued[at][*pick], new))
        };
        match (next..queued[at].len()).find(|pick| fits(queued[at][*pick])) {
            Some(pick) => {
                chosen.push(pick);
                next = 0;
            }
            None => match chosen.pop() {
                Some(last) => next = last + 1,
                None => return false,
            },
        }
    }
    true
}
