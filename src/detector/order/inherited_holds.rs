//! Critical sections that span threads: a parent that holds a lock from before it starts a thread
//! until after it has joined it has the thread's acquisitions within that lock's section.
//!
//! That a thread will be joined under the lock is known only at the join. So the thread notes what
//! it takes, hands its notes over at its end, and whoever joins it tells the graph. What the
//! parent held marks its holds, whose release says that the notes are of no use any more: a pool
//! that starts its workers under a lock pays for that only until it lets go of the lock.
//!
//! The notes give edges, never less of a verdict: that the thread was guarded by its parent comes
//! too late for what its own nested acquisitions showed meanwhile.

use crate::detector::order::check;
use crate::detector::{check_session, describe, publish};
use crate::engine::acquisition::{Acquisition, InheritedHold};
use crate::runtime::threads::{attach, with_own};
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edges::LeafEdge;
use crate::tracking::thread::current;
use crate::tracking::thread::inherited_holds::{
    AcquisitionLog, HoldEnd, NestedAcquisition, ParentHolds,
};
use crate::tracking::thread::slot::Slot;

/// What the calling thread holds above a thread that it is about to start; `None` for nothing.
pub(crate) fn above() -> Option<ParentHolds> {
    let slot = current::open();
    if slot.is_detached() {
        return None;
    }
    slot.maintain();
    let further = with_own(slot, |own| {
        let notes = own.notes.as_ref().filter(|notes| notes.go_on());
        notes.map(|notes| notes.above.clone()).unwrap_or_default()
    });
    let held = slot.held()?;
    if held.is_empty() && further.is_empty() {
        return None;
    }
    let marked = slot.mark();
    if marked.len() != held.len() {
        // Another thread has just released one of them (`send_guard`).
        return None;
    }
    let mark = |(h, was)| {
        (
            describe::held(h),
            with_own(slot, |own| own.marks.mark(h.ident, was)),
        )
    };
    Some(ParentHolds {
        holder: slot.thread()?,
        held: held.iter().zip(marked).map(mark).collect(),
        further,
    })
}

/// The calling thread was started under `above`.
pub(crate) fn begin(above: &ParentHolds) {
    if let Some(slot) = attach() {
        let held = above.held.iter().map(|(_, over)| over);
        let notes = AcquisitionLog::new(held.chain(&above.further).cloned().collect());
        with_own(slot, |own| {
            own.notes = Some(notes);
            // What locks learnt in them was not noted.
            own.first.clear();
        });
        slot.set_surrounded(true);
    }
}

/// The calling thread ends: what it took so far.
pub(crate) fn end() -> Vec<NestedAcquisition> {
    let slot = current::open();
    if slot.is_detached() {
        return Vec::new();
    }
    let notes = with_own(slot, |own| own.notes.take());
    settle(slot);
    notes.map(AcquisitionLog::into_taken).unwrap_or_default()
}

fn settle(slot: &'static Slot) {
    slot.set_surrounded(with_own(slot, |own| own.is_surrounded()));
}

/// Notes an acquisition for the join, if one is to come that may want it.
pub(in crate::detector) fn note(
    slot: &'static Slot,
    ident: &'static Ident,
    context: impl FnOnce() -> LeafEdge,
) {
    let Some(go_on) = with_own(slot, |own| own.notes.as_ref().map(AcquisitionLog::go_on)) else {
        return;
    };
    if !go_on {
        // What was noted is kept: a joiner may still be within the section if the notes are full.
        return settle(slot);
    }
    let taken = NestedAcquisition {
        lock: ident.id(),
        context: context(),
    };
    let is_new = with_own(slot, |own| {
        own.notes.as_mut().is_some_and(|notes| notes.add(taken))
    });
    let graph = check_session::graph_of(slot);
    if is_new && (graph.is_own() || !ident.contexts.is_promoted()) {
        // A leaf could not be found again by its id, which is all that may be kept of it.
        let found = {
            let mut state = graph.lock();
            let findings = check::promote(&mut state, ident);
            describe::cycles(slot, &state, &findings, None)
        };
        let _ = publish::publish(slot, found);
    }
}

/// The calling thread has joined the one that was started under `above` and has `taken`.
pub(crate) fn joined(above: &ParentHolds, taken: Vec<NestedAcquisition>) {
    let slot = current::open();
    if taken.is_empty() || slot.is_detached() || slot.thread() != Some(above.holder) {
        return;
    }
    slot.maintain();
    let lasts = |over: &HoldEnd| {
        let at = with_own(slot, |own| own.marks.find(over));
        at.is_some_and(|at| slot.is_marked(std::ptr::without_provenance(at)))
    };
    let around: Vec<InheritedHold> = above
        .held
        .iter()
        .filter(|(_, over)| lasts(over))
        .map(|(held, _)| InheritedHold {
            held: *held,
            holder: above.holder,
        })
        .collect();
    if !around.is_empty() {
        tell(slot, &around, &taken);
    }
    // What the thread took is within whatever is held above this one, too.
    with_own(slot, |own| {
        if let Some(notes) = &mut own.notes {
            taken.into_iter().for_each(|taken| {
                notes.add(taken);
            });
        }
    });
}

/// Tells the graph that all of `taken` was taken under `around`.
fn tell(slot: &'static Slot, around: &[InheritedHold], taken: &[NestedAcquisition]) {
    let held = slot.held().unwrap_or_default();
    let graph = check_session::graph_of(slot);
    let found = {
        let mut state = graph.lock();
        state.introduce(around[0].holder, slot);
        let mut findings = Vec::new();
        for h in &held {
            findings.extend(check::promote(&mut state, describe::ident_of(h)));
        }
        for NestedAcquisition { lock, context } in taken {
            // A lock that is gone leads nowhere.
            if state.lock(*lock).is_none() {
                continue;
            }
            let holding = &context.holding;
            let inherited: Vec<InheritedHold> = [around, &holding.inherited].concat();
            findings.extend(state.graph.acquire(&Acquisition {
                thread: holding.segment.thread(),
                segment: &holding.segment,
                held: &[],
                inherited: &inherited,
                // Their own edges were told when the lock was taken.
                gone: &holding.held,
                lock: *lock,
                mode: context.mode,
                site: context.site,
            }));
        }
        describe::cycles(slot, &state, &findings, None)
    };
    // The caller has a result in its hands, which a panic would lose.
    let _ = publish::publish(slot, found);
}
