//! The order of lock classes: an order seen on one pair of locks holds for every pair of the same classes.
//!
//! The engine is the same as for instances, with the ids of classes as nodes. Gates stay instances: two locks
//! of one class do not exclude each other. Two locks of the same class give no edge: they nest in ascending
//! order of their sub-classes and ids, which is the same for all threads, and an acquisition against that
//! order is reported.

use std::sync::atomic::Ordering;

use crate::detector::state::DetectorState;
use crate::detector::{check_session, describe};
use crate::engine::acquisition::{Acquisition, Finding, HeldInfo};
use crate::engine::ids::{LockId, Site};
use crate::engine::mode::{Mode, ReadPolicy};
use crate::engine::verdict::Verdict;
use crate::record;
use crate::report::{Basis, Facts, LockInfo};
use crate::sink;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edge::LeafEdge;
use crate::tracking::lock::request::Request;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::own::{quietly, with_own};
use crate::tracking::thread::slot::{HeldLock, Slot};

/// Records the classes of a nested acquisition; `key` is the thread's, and `content` the hash by which other threads
/// repeat it.
///
/// Costs a look-up in the thread's own cache for each held lock when the context is known.
pub(in crate::detector) fn learn(
    slot: &'static Slot,
    key: u64,
    held: &[HeldLock],
    ident: &'static Ident,
    context: &LeafEdge,
    content: Option<u64>,
) -> Vec<Facts> {
    let (holding, mode, site) = (&context.holding, context.mode, context.site);
    let to = ident.class();
    let (mut unknown, mut alike) = (Vec::new(), None);
    for (at, h) in held.iter().enumerate() {
        let from = h.ident().class();
        if from.id == to.id {
            if alike.is_none() && is_against_ids(h, ident, mode) {
                alike = Some(h);
            }
            continue;
        }
        // As for instances, a read beside an upgradable hold adds nothing.
        let covers = |o: &HeldLock| std::ptr::eq(o.ident, h.ident) && o.mode == Mode::Upgradable;
        if h.mode == Mode::Shared && held.iter().any(covers) {
            continue;
        }
        // The context without the lock itself: the thread, its segment, and the other held locks.
        let gates = key.wrapping_sub(lockset_hash::share(h.ident().tag(), h.mode));
        let pair = lockset_hash::mix(from.id.get() << 32 ^ to.id.get());
        let context = lockset_hash::known(gates ^ lockset_hash::share(pair, h.mode), mode);
        if !with_own(slot, |own| own.has_classes(context)) {
            unknown.push(at);
        }
    }
    if unknown.is_empty() && alike.is_none() {
        return Vec::new();
    }
    let is_recorded = is_recorded(slot);
    if is_recorded {
        record_edges(slot, held, &unknown, to, mode, site);
    }
    let graph = check_session::graph_of(slot);
    let mut state = graph.lock();
    enter(&mut state, to);
    // Not those of `holding`, which can have been recorded in another order of acquisition, or without a lock whose
    // guard another thread was about to release.
    let (mut all, mut froms) = (Vec::new(), Vec::new());
    for hold in held {
        let one = hold.info();
        let lock = hold.ident().class().id;
        all.push(one);
        froms.push(HeldInfo { lock, ..one });
    }
    let mut findings = Vec::new();
    for &at in &unknown {
        enter(&mut state, held[at].ident().class());
        let mut gates = Vec::new();
        for (place, gate) in all.iter().enumerate() {
            if place != at {
                gates.push(*gate);
            }
        }
        findings.append(&mut state.classes.acquire(&Acquisition {
            segment: &holding.segment,
            held: &froms[at..=at],
            inherited: &[],
            gone: &gates,
            lock: to.id,
            mode,
            site,
        }));
    }
    if let Some(content) = content.filter(|_| !is_recorded) {
        let request = HeldInfo {
            lock: to.id,
            mode,
            site,
        };
        state
            .classes
            .keep((&froms, &all), request, &holding.segment, content);
    }
    retain_new(&mut state, &mut findings);
    let mut facts = describe_cycles(slot, &state, findings, Some(site));
    if let Some(outer) = alike
        && state.is_new_cycle_of(vec![to.id.get()], Verdict::Inversion)
    {
        drop(state);
        facts.push(describe::against_ids(
            slot,
            outer,
            Request { ident, mode, site },
        ));
    }
    facts
}

/// Returns whether each nested acquisition of a thread is written to the record of the process or sent to
/// `tracing`.
pub(super) fn is_recorded(slot: &'static Slot) -> bool {
    record::is_recording() || quietly(slot, sink::emits_orders)
}

/// Writes the acquisition of a lock of class `to`, under each of the held locks in `unknown`, to the record
/// of the process, and emits an event for each edge that is news.
#[cold]
fn record_edges(
    slot: &'static Slot,
    held: &[HeldLock],
    unknown: &[usize],
    to: &'static Class,
    mode: Mode,
    site: Site,
) {
    let thread = slot.name().unwrap_or_default();
    for &at in unknown {
        let news = record::edge(&record::Taken {
            held,
            at,
            to,
            to_mode: mode,
            to_site: site,
            thread: &thread,
        });
        if let Some(news) = news {
            quietly(slot, || record::emit(news));
        }
    }
}

/// Returns whether an acquisition under another lock of the same class goes against the order in which those
/// nest: that of their sub-classes, then that of their ids.
fn is_against_ids(held: &HeldLock, ident: &'static Ident, mode: Mode) -> bool {
    let outer = held.ident();
    let rank = |ident: &Ident| (ident.subclass(), ident.id());
    let passes = held.mode == Mode::Shared
        && mode == Mode::Shared
        && ident.class().kind.policy() == ReadPolicy::ReadersPass;
    !std::ptr::eq(outer, ident) && !passes && rank(outer) > rank(ident)
}

/// Adds a class to the order of classes.
pub(in crate::detector) fn enter(state: &mut DetectorState, class: &'static Class) {
    // Relaxed: a flag that is only ever set, read under the detector's lock; the thread that sets it
    // classifies the cycles again under that lock afterwards.
    let written = class.written.load(Ordering::Relaxed);
    if state.classes.add_lock(class.id, class.kind.policy()) && written {
        state.classes.allow_any_writer(class.id);
    }
    state.add_class(LockInfo {
        name: class.name,
        content: class.content,
        ..LockInfo::new(class.id, class.kind.noun(), class.place)
    });
}

/// Adds a class of which only the name is known to the order of classes.
pub(super) fn enter_named(state: &mut DetectorState, id: LockId, name: &'static str, site: Site) {
    state.classes.add_lock(id, ReadPolicy::WriterBlocksReaders);
    state.classes.allow_any_writer(id);
    state.add_class(LockInfo {
        name: Some(name),
        ..LockInfo::new(id, "lock", site)
    });
}

/// Removes cycles of classes that were found before.
pub(super) fn retain_new(state: &mut DetectorState, findings: &mut Vec<Finding>) {
    findings.retain(|finding| {
        let mut classes = Vec::new();
        for link in &finding.links {
            classes.push(link.from.get());
        }
        state.is_new_cycle_of(classes, finding.verdict)
    });
}

pub(super) fn describe_cycles(
    slot: &'static Slot,
    state: &DetectorState,
    findings: Vec<Finding>,
    site: Option<Site>,
) -> Vec<Facts> {
    let mut facts = describe::cycles(slot, state, &findings, site);
    for facts in &mut facts {
        if facts.basis != Basis::Declaration {
            facts.basis = Basis::Classes;
        }
    }
    facts
}

/// Records that a writer acquired a lock of the class for the first time.
pub(in crate::detector) fn first_write(slot: &'static Slot, class: &'static Class) -> Vec<Facts> {
    // Relaxed: the thread that sets it classifies the cycles again, under the detector's lock.
    if class.written.load(Ordering::Relaxed) || class.written.swap(true, Ordering::Relaxed) {
        return Vec::new();
    }
    let graph = check_session::graph_of(slot);
    let mut state = graph.lock();
    let mut findings = state.classes.allow_any_writer(class.id);
    retain_new(&mut state, &mut findings);
    describe_cycles(slot, &state, findings, None)
}

/// Records cycles of instances, so that the order of their classes does not report them again.
pub(in crate::detector) fn note(state: &mut DetectorState, findings: &[Finding]) {
    for finding in findings {
        let mut classes = Vec::new();
        for link in &finding.links {
            if let Some(class) = state.class_of(link.from) {
                classes.push(class.get());
            }
        }
        state.is_new_cycle_of(classes, finding.verdict);
    }
}
