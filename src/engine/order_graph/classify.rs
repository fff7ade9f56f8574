//! The verdict on one cycle: which choice of one context per edge comes nearest to a deadlock.

use super::cycle_step::{CycleStep, Relaxed};
use super::limits::Budget;
use super::queued_writers::{can_queue, queue_at};
use super::writers::Writers;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::sorting;
use crate::engine::verdict::Verdict;

/// The sets of conditions to relax, from none (a deadlock) to the most, each with its verdict. One missing
/// condition comes before two. Where two are missing, an observed order says more than a gate, and either
/// says more than too few threads.
const LADDER: [(Relaxed, Verdict); 8] = [
    // Gates, order, threads.
    (Relaxed::new(false, false, false), Verdict::Inversion),
    (Relaxed::new(true, false, false), Verdict::Guarded),
    (Relaxed::new(false, true, false), Verdict::Ordered),
    (Relaxed::new(false, false, true), Verdict::SingleThread),
    (Relaxed::new(true, true, false), Verdict::Ordered),
    (Relaxed::new(false, true, true), Verdict::Ordered),
    (Relaxed::new(true, false, true), Verdict::Guarded),
    (Relaxed::new(true, true, true), Verdict::Ordered),
];

/// Returns the verdict on a closed cycle and the contexts that support it, one index per step.
///
/// Returns `None` if no choice of contexts has conflicting modes at every lock, or if the budget ends before
/// that is known (which the budget records).
pub(super) fn classify(hops: &[CycleStep<'_>], budget: &mut Budget) -> Option<(Verdict, Vec<u16>)> {
    let enough_threads = has_enough_threads(hops);
    for &(waived, verdict) in &LADDER {
        if !waived.threads && !enough_threads {
            continue;
        }
        if let Some(picks) = choose(hops, waived, true, budget) {
            return Some((verdict, picks));
        }
        if budget.is_cut() {
            return None;
        }
    }
    None
}

/// Works as `classify`, for cycles of any length: where fewer threads than links are known, that alone
/// determines the verdict, since a search for gates and order would compare each link with each other link.
pub(super) fn classify_long(
    hops: &[CycleStep<'_>],
    budget: &mut Budget,
) -> Option<(Verdict, Vec<u16>)> {
    if has_enough_threads(hops) {
        return classify(hops, budget);
    }
    let picks = choose(hops, Relaxed::ALL, true, budget)?;
    Some((Verdict::SingleThread, picks))
}

/// Returns a choice of contexts by which an open path, or a cycle, can be part of an inversion.
///
/// `picks` is such a choice for all steps but the last; it is extended if possible, and searched anew if not.
pub(super) fn lengthen(
    hops: &[CycleStep<'_>],
    picks: &[u16],
    closed: bool,
    budget: &mut Budget,
) -> Option<Vec<u16>> {
    let waived = Relaxed::NONE;
    let last = &hops[hops.len() - 1];
    let mut longer: Vec<u16> = Vec::with_capacity(hops.len());
    longer.extend_from_slice(picks);
    for choice in last.choices() {
        if !budget.spend(1) {
            return None;
        }
        longer.push(choice as u16);
        let is_choice = fits(hops, &longer, waived, closed)
            && (!closed || can_queue(hops, &longer, waived, budget));
        if is_choice {
            return Some(longer);
        }
        longer.pop();
    }
    // No step but the last has another choice than the one that was tried.
    if hops[..hops.len() - 1]
        .iter()
        .all(|hop| hop.choices().len() == 1)
    {
        return None;
    }
    choose(hops, waived, closed, budget)
}

/// Returns whether some contexts of two adjacent edges have conflicting modes at the lock between them.
pub(super) fn can_meet(first: &CycleStep<'_>, second: &CycleStep<'_>) -> bool {
    for a in first.choices() {
        for b in second.choices() {
            if second.blocks(first.edge.get(a), second.edge.get(b)) {
                return true;
            }
        }
    }
    false
}

/// Returns the locks, ascending, that keep a cycle from being a deadlock in this choice of contexts.
pub(super) fn guards(hops: &[CycleStep<'_>], picks: &[u16]) -> Vec<LockId> {
    let mut guards = Vec::new();
    let mut note = |lock| {
        guards.push(lock);
        false
    };
    for (i, a) in hops.iter().enumerate() {
        let mine = a.edge.get(picks[i].into());
        for j in i + 1..hops.len() {
            let (b, other) = (&hops[j], hops[j].edge.get(picks[j].into()));
            if mine.thread() != other.thread() {
                mine.any_common_gate(a.ends.0, other, b.ends.0, &mut note);
            }
        }
        for writer in queue_at(hops, picks, i).unwrap_or_default() {
            for (j, b) in hops.iter().enumerate() {
                let context = b.edge.get(picks[j].into());
                if context.thread() != writer.thread() {
                    writer.any_gate_against(context, b.ends.0, &mut note);
                }
            }
        }
    }
    sorting::sort(&mut guards);
    guards.dedup();
    guards
}

/// Returns whether a cycle fails to be an inversion only because no writer was seen that could be queued
/// where one of its readers waits for another reader.
pub(super) fn lacks_writers(hops: &[CycleStep<'_>], budget: &mut Budget) -> bool {
    let mut hops = hops.to_vec();
    for hop in &mut hops {
        hop.writers = hop.writers.map(|_| &Writers::AnyThread);
    }
    choose(&hops, Relaxed::NONE, true, budget).is_some()
}

/// Returns whether there are as many threads as links: otherwise no choice can have distinct threads.
fn has_enough_threads(hops: &[CycleStep<'_>]) -> bool {
    let mut threads: Vec<ThreadId> = Vec::with_capacity(hops.len());
    for hop in hops {
        for choice in hop.choices() {
            threads.push(hop.edge.get(choice).thread());
        }
    }
    sorting::sort(&mut threads);
    threads.dedup();
    threads.len() >= hops.len()
}

/// Chooses one context per step by backtracking, without recursion.
fn choose(
    hops: &[CycleStep<'_>],
    waived: Relaxed,
    closed: bool,
    budget: &mut Budget,
) -> Option<Vec<u16>> {
    let start = |at: usize| hops[at].choices().start as u16;
    let mut picks: Vec<u16> = Vec::with_capacity(hops.len());
    picks.push(start(0));
    loop {
        let compared = if waived.all() { 0 } else { picks.len() / 16 };
        if !budget.spend(1 + compared) {
            return None;
        }
        if fits(hops, &picks, waived, closed) {
            if picks.len() < hops.len() {
                picks.push(start(picks.len()));
                continue;
            }
            if !closed || can_queue(hops, &picks, waived, budget) {
                return Some(picks);
            }
        }
        loop {
            let at = picks.len().checked_sub(1)?;
            if usize::from(picks[at]) + 1 < hops[at].choices().end {
                picks[at] += 1;
                break;
            }
            picks.pop();
        }
    }
}

/// Returns whether the last pick is compatible with all earlier picks, and, where it closes the cycle, with
/// the first one.
fn fits(hops: &[CycleStep<'_>], picks: &[u16], waived: Relaxed, closed: bool) -> bool {
    let at = picks.len() - 1;
    let context = |at: usize| hops[at].edge.get(picks[at].into());
    let new = context(at);
    if at > 0 && !hops[at].blocks(context(at - 1), new) {
        return false;
    }
    if closed && at + 1 == hops.len() && !hops[0].blocks(new, context(0)) {
        return false;
    }
    if waived.all() {
        return true;
    }
    for earlier in 0..at {
        let old = context(earlier);
        let fits = if old.thread() == new.thread() {
            waived.threads
        } else {
            let (old_from, new_from) = (hops[earlier].ends.0, hops[at].ends.0);
            (waived.order || !old.is_ordered(new))
                && (waived.gates || !old.any_common_gate(old_from, new, new_from, &mut |_| true))
        };
        if !fits {
            return false;
        }
    }
    true
}
