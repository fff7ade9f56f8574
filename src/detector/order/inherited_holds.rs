//! Inherited holds: a parent that holds a lock from before a spawn until after the join has the acquisitions
//! of the child within that critical section.
//!
//! Whether a child is joined under the lock is known only at the join. So the child records its acquisitions,
//! hands the log over at its end, and the joining thread adds it to the graph. The parent marks the holds
//! under which it spawned; the release of a marked hold says that the logs are useless from then on, and has the clock
//! of the parent: what the child does after it has acquired that lock comes after the release. A pool that starts its
//! workers under a lock pays for them until it releases the lock, and for some acquisitions of each worker more.
//!
//! The log gives edges, and never excuses a cycle: that the parent guarded the child is known too late for
//! the nested acquisitions that were already checked meanwhile.

use crate::detector::order::promote::promote;
use crate::detector::{check_session, describe, happens_before, publish};
use crate::engine::acquisition::{Acquisition, InheritedHold};
use crate::engine::mode::Mode;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edge::LeafEdge;
use crate::tracking::thread::current;
use crate::tracking::thread::inherited_holds::{AcquisitionLog, NestedAcquisition, ParentHolds};
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::slot::Slot;

/// Returns what the calling thread holds above a thread that it is about to start; `None` for nothing.
pub(crate) fn above() -> Option<ParentHolds> {
    let slot = current::open();
    if slot.is_detached() {
        return None;
    }
    slot.maintain();
    let further = with_own(slot, |own| {
        let notes = own.notes.as_ref().filter(|notes| notes.is_watching());
        notes.map_or(Vec::new(), AcquisitionLog::above)
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
    let mut above = Vec::new();
    for (h, was_marked) in held.iter().zip(&marked) {
        let hold = with_own(slot, |own| own.marks.mark(h.ident, h.info(), *was_marked));
        above.push((h.info(), hold));
    }
    Some(ParentHolds {
        holder: slot.thread()?,
        held: above,
        further,
    })
}

/// Records that the calling thread was started under `above`.
pub(crate) fn begin(slot: &'static Slot, above: &ParentHolds) {
    with_own(slot, |own| {
        own.notes = Some(AcquisitionLog::under(above));
        // The acquisitions of locks cached in it were not logged.
        own.first.clear();
    });
    slot.set_surrounded(true);
}

/// Records that the calling thread is about to release a hold under which it started threads.
pub(crate) fn release(slot: &'static Slot, ident: *const Ident) {
    let clock = happens_before::hand_over(slot);
    with_own(slot, |own| own.marks.end(ident, Some(clock)));
}

/// Orders the calling thread after the release of a lock by the thread that started it under that lock: it has acquired
/// the lock by a call that waits for as long as it takes. One that gives up could go on before the release.
pub(crate) fn acquired(slot: &'static Slot, ident: &Ident, mode: Mode) {
    let clock = with_own(slot, |own| own.notes.as_mut()?.acquired(ident.id(), mode));
    if let Some(clock) = clock {
        happens_before::acquire_segment(slot, &clock);
    }
}

/// Ends the log of the calling thread and returns its acquisitions so far.
pub(crate) fn end() -> Vec<NestedAcquisition> {
    let slot = current::open();
    if slot.is_detached() {
        return Vec::new();
    }
    let notes = with_own(slot, |own| own.notes.take());
    settle(slot);
    notes.map(|notes| notes.taken).unwrap_or_default()
}

/// Lets the thread use the fast path again if no acquisition is to be looked at any more.
fn settle(slot: &'static Slot) {
    if !with_own(slot, |own| own.is_surrounded()) {
        slot.set_surrounded(false);
    }
}

/// Logs an acquisition for the join, if a join may need it.
pub(in crate::detector) fn note(slot: &'static Slot, ident: &'static Ident, context: &LeafEdge) {
    let Some(go_on) = with_own(slot, |own| own.notes.as_ref().map(AcquisitionLog::go_on)) else {
        return;
    };
    if !go_on {
        // The log is kept: if it is full, a joining thread may still be within the section.
        return settle(slot);
    }
    let taken = NestedAcquisition {
        lock: ident.id(),
        context: context.clone(),
    };
    let is_new = with_own(slot, |own| {
        own.notes.as_mut().is_some_and(|notes| notes.add(taken))
    });
    let graph = check_session::graph_of(slot);
    if is_new && (graph.is_own() || !ident.contexts.is_promoted()) {
        // A leaf could not be found again by its id, which is all that the log keeps of it.
        let found = {
            let mut state = graph.lock();
            let findings = promote(&mut state, ident);
            describe::cycles(slot, &state, &findings, None)
        };
        let _ = publish::publish(slot, found);
    }
}

/// Records that the calling thread has joined the one that was started under `above` and has `taken`.
pub(crate) fn joined(above: &ParentHolds, taken: Vec<NestedAcquisition>) {
    let slot = current::open();
    if taken.is_empty() || slot.is_detached() || slot.thread() != Some(above.holder) {
        return;
    }
    slot.maintain();
    let mut around = Vec::new();
    for (held, hold) in &above.held {
        let at = with_own(slot, |own| own.marks.find(hold));
        if at.is_some_and(|at| slot.is_marked(std::ptr::without_provenance(at))) {
            around.push(InheritedHold {
                held: *held,
                holder: above.holder,
            });
        }
    }
    if !around.is_empty() {
        record_in_graph(slot, &around, &taken);
    }
    // The acquisitions of the joined thread are within every hold above this one, too.
    with_own(slot, |own| {
        if let Some(notes) = &mut own.notes {
            for taken in &taken {
                notes.add(taken.clone());
            }
        }
    });
}

/// Records in the graph that all of `taken` was acquired under `around`.
fn record_in_graph(slot: &'static Slot, around: &[InheritedHold], taken: &[NestedAcquisition]) {
    let held = slot.held().unwrap_or_default();
    let graph = check_session::graph_of(slot);
    let found = {
        let mut state = graph.lock();
        state.introduce(around[0].holder, slot);
        let mut findings = Vec::new();
        for h in &held {
            findings.append(&mut promote(&mut state, h.ident()));
        }
        for NestedAcquisition { lock, context } in taken {
            // A dropped lock leads nowhere.
            if state.lock(*lock).is_none() {
                continue;
            }
            let holding = &context.holding;
            let mut inherited = around.to_vec();
            inherited.extend_from_slice(&holding.inherited);
            findings.append(&mut state.graph.acquire(&Acquisition {
                segment: &holding.segment,
                held: &[],
                inherited: &inherited,
                // Their own edges were recorded when the lock was acquired.
                gone: &holding.held,
                lock: *lock,
                mode: context.mode,
                site: context.site,
            }));
        }
        describe::cycles(slot, &state, &findings, None)
    };
    // The caller is about to return a result, which a panic would lose.
    let _ = publish::publish(slot, found);
}
