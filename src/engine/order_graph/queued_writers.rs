//! Writers that are queued between the readers of a cycle.

use super::cycle_step::{CycleStep, Relaxed};
use super::limits::Budget;
use super::writers::{Writer, Writers};

/// Returns the positions, in a choice of contexts, at which a reader waits for a reader, with the
/// distinguished writers there.
pub(super) fn queues<'a>(
    hops: &'a [CycleStep<'_>],
    picks: &'a [u16],
) -> impl Iterator<Item = &'a [Writer]> + 'a {
    let context = |at: usize| hops[at].edge.get(picks[at].into());
    (0..hops.len()).filter_map(move |at| {
        let before = (at + hops.len() - 1) % hops.len();
        match hops[at].writers {
            _ if context(before).to_mode.excludes(context(at).from_mode) => None,
            Some(Writers::These(these)) => Some(&these[..]),
            Some(Writers::AnyThread) | None => None,
        }
    })
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
    let mut queued: Vec<Vec<&Writer>> = Vec::new();
    for these in queues(hops, picks) {
        if !budget.spend(these.len() * (1 + hops.len() / 16)) {
            return false;
        }
        let fitting = these.iter().filter(|writer| {
            hops.iter().zip(picks).all(|(hop, pick)| {
                let context = hop.edge.get((*pick).into());
                if context.thread() == writer.thread() {
                    return waived.threads;
                }
                (waived.order || !writer.is_ordered(&context.segment))
                    && (waived.gates || writer.gates_against(context, hop.ends).next().is_none())
            })
        });
        queued.push(fitting.collect());
    }
    let agree = |a: &Writer, b: &Writer| {
        if a.thread() == b.thread() {
            return waived.threads;
        }
        (waived.order || !a.is_ordered(&b.segment)) && (waived.gates || !a.excludes(b))
    };
    // Backtracking, as in the choice of contexts.
    let mut chosen: Vec<usize> = Vec::with_capacity(queued.len());
    let mut next = 0;
    while chosen.len() < queued.len() {
        if !budget.spend(1) {
            return false;
        }
        let at = chosen.len();
        let fits = |new: &&Writer| {
            let earlier = chosen.iter().zip(&queued);
            earlier
                .map(|(pick, of)| of[*pick])
                .all(|old| agree(old, new))
        };
        match (next..queued[at].len()).find(|pick| fits(&queued[at][*pick])) {
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
