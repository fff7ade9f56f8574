//! The order of classes: what is learnt from one pair of locks holds for the next pair.
//!
//! The same engine as for instances, with the ids of classes for nodes. Gates stay instances: two
//! locks of one class do not exclude each other. Two locks of the same class give no edge: they nest in
//! ascending order of their sub-classes and ids, which is an order on which all threads agree, and an
//! acquisition that goes against it is told.

use std::sync::atomic::Ordering;

use crate::detector::order::declared;
use crate::detector::state;
use crate::detector::state::DetectorState;
use crate::detector::{check_session, describe, publish};
use crate::engine::acquisition::{Acquisition, Finding, Held};
use crate::engine::ids::{LockId, Site};
use crate::engine::mode::{Mode, ReadPolicy};
use crate::engine::verdict::Verdict;
use crate::record;
use crate::report::{Basis, Facts, LockInfo};
use crate::runtime::threads::{attach, with_own};
use crate::shim::fork_safe::ForkSafe;
use crate::tracking::lock::class;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edges::HeldSnapshot;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::slot::{HeldLock, Slot};

/// Takes in the classes of a nested acquisition; `key` is the thread's.
///
/// Costs a look into the thread's own cache for each held lock when the context is known.
pub(in crate::detector) fn learn(
    slot: &'static Slot,
    key: u64,
    held: &[HeldLock],
    holding: &HeldSnapshot,
    ident: &'static Ident,
    mode: Mode,
    site: Site,
) -> Vec<Facts> {
    let to = ident.class();
    let (mut unknown, mut alike) = (Vec::new(), Vec::new());
    for (at, h) in held.iter().enumerate() {
        let from = describe::ident_of(h).class();
        if from.id == to.id {
            alike.extend(is_against_ids(h, ident, mode).then_some(at));
            continue;
        }
        // As for instances, a read beside an upgradable hold adds nothing.
        let covers = |o: &HeldLock| std::ptr::eq(o.ident, h.ident) && o.mode == Mode::Upgradable;
        if h.mode == Mode::Shared && held.iter().any(covers) {
            continue;
        }
        // The context without the lock itself: the thread, its segment, and the other held locks.
        let gates = key.wrapping_sub(lockset_hash::share(describe::ident_of(h).tag(), h.mode));
        let pair = lockset_hash::mix(from.id.get() << 32 ^ to.id.get());
        let context = lockset_hash::known(gates ^ lockset_hash::share(pair, h.mode), mode);
        if !with_own(slot, |own| own.has_classes(context)) {
            unknown.push((at, from));
        }
    }
    if unknown.is_empty() && alike.is_empty() {
        return Vec::new();
    }
    if record::is_recording() {
        record_edges(slot, held, &unknown, to, mode, site);
    }
    let graph = check_session::graph_of(slot);
    let mut state = graph.lock();
    enter(&mut state, to);
    let mut findings = Vec::new();
    for (at, from) in unknown {
        enter(&mut state, from);
        let gates: Vec<Held> = holding
            .held
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, gate)| *gate)
            .collect();
        findings.extend(state.classes.acquire(&Acquisition {
            thread: holding.segment.thread(),
            segment: &holding.segment,
            held: &[Held {
                lock: from.id,
                mode: held[at].mode,
                site: held[at].site,
            }],
            inherited: &[],
            gone: &gates,
            lock: to.id,
            mode,
            site,
        }));
    }
    findings.retain(|finding| is_new(&mut state, finding));
    let mut facts = tell(slot, &state, findings, Some(site));
    if !alike.is_empty() && state.is_new_cycle_of(vec![to.id], Verdict::Inversion) {
        drop(state);
        let against = |at: usize| describe::against_ids(slot, ident, &held[at], mode, site);
        facts.extend(alike.first().map(|at| against(*at)));
    }
    facts
}

/// Writes the acquisition of a lock of class `to`, under each of the held locks in `unknown`, to the
/// record of the process.
#[cold]
fn record_edges(
    slot: &'static Slot,
    held: &[HeldLock],
    unknown: &[(usize, &'static Class)],
    to: &'static Class,
    mode: Mode,
    site: Site,
) {
    let thread = slot.name().unwrap_or_default();
    for (at, from) in unknown {
        let gates: Vec<&'static Class> = held
            .iter()
            .enumerate()
            .filter(|(other, _)| other != at)
            .map(|(_, gate)| describe::ident_of(gate).class())
            .collect();
        record::edge(&record::Taken {
            from,
            from_mode: held[*at].mode,
            from_site: held[*at].site,
            to,
            to_mode: mode,
            to_site: site,
            gates: &gates,
            thread: &thread,
        });
    }
}

/// Whether an acquisition under another lock of the same class goes against the order in which those
/// nest: that of their sub-classes, then that of their ids.
fn is_against_ids(held: &HeldLock, ident: &'static Ident, mode: Mode) -> bool {
    let outer = describe::ident_of(held);
    let rank = |ident: &Ident| (ident.subclass(), ident.id());
    let passes = held.mode == Mode::Shared
        && mode == Mode::Shared
        && ident.class().kind.policy() == ReadPolicy::ReadersPass;
    !std::ptr::eq(outer, ident) && !passes && rank(outer) > rank(ident)
}

/// Makes a class known to the order of classes.
pub(in crate::detector) fn enter(state: &mut DetectorState, class: &'static Class) {
    // Relaxed: a flag that only ever goes up, read under the detector's lock, under which the
    // thread that raises it afterwards judges the cycles again.
    let written = class.written.load(Ordering::Relaxed);
    if state.classes.add_lock(class.id, class.kind.policy()) && written {
        state.classes.let_anyone_write(class.id);
    }
    state.add_class(class.id, || LockInfo {
        name: class.name,
        ..LockInfo::new(class.id, class.kind.noun(), class.place)
    });
}

/// The same for one of which nothing but the name is known.
pub(in crate::detector) fn enter_named(
    state: &mut DetectorState,
    id: LockId,
    name: &'static str,
    site: Site,
) {
    state.classes.add_lock(id, ReadPolicy::WriterBlocksReaders);
    state.classes.let_anyone_write(id);
    state.add_class(id, || LockInfo {
        name: Some(name),
        ..LockInfo::new(id, "lock", site)
    });
}

fn is_new(state: &mut DetectorState, finding: &Finding) -> bool {
    state.is_new_cycle_of(
        finding.links.iter().map(|link| link.from).collect(),
        finding.verdict,
    )
}

/// The facts of cycles of classes.
fn tell(
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

/// A lock of the class was taken by a writer for the first time.
pub(in crate::detector) fn first_write(slot: &'static Slot, class: &'static Class) -> Vec<Facts> {
    // Relaxed: whoever raises it judges the cycles again, under the detector's lock.
    if class.written.load(Ordering::Relaxed) || class.written.swap(true, Ordering::Relaxed) {
        return Vec::new();
    }
    let graph = check_session::graph_of(slot);
    let mut state = graph.lock();
    let mut findings = state.classes.let_anyone_write(class.id);
    findings.retain(|finding| is_new(&mut state, finding));
    tell(slot, &state, findings, None)
}

/// Notes cycles of instances, so that their classes do not tell them again.
pub(in crate::detector) fn note(state: &mut DetectorState, findings: &[Finding]) {
    for finding in findings {
        let links = finding.links.iter();
        let classes: Vec<LockId> = links.filter_map(|link| state.class_of(link.from)).collect();
        state.is_new_cycle_of(classes, finding.verdict);
    }
}

/// The pairs that were declared, for the graphs of checks to come.
pub(crate) static DECLARED: ForkSafe<Vec<(&'static str, &'static str, Site)>> =
    ForkSafe::new(Vec::new());

/// Takes in a declared order: each name comes before all that follow it. What has broken it
/// already is reported now.
pub(crate) fn declare(names: &[&'static str], site: Site) {
    let Some(slot) = attach() else { return };
    let (mut found, mut found_in_trial) = (Vec::new(), Vec::new());
    let graph = check_session::graph_of(slot);
    for (at, first) in names.iter().enumerate() {
        for second in &names[at + 1..] {
            DECLARED.lock().push((first, second, site));
            {
                let mut state = state::lock();
                let findings = declare_pair(&mut state, first, second, site);
                found.extend(tell(slot, &state, findings, Some(site)));
            }
            if graph.is_own() {
                let mut state = graph.lock();
                let findings = declare_pair(&mut state, first, second, site);
                found_in_trial.extend(tell(slot, &state, findings, Some(site)));
            }
        }
    }
    // A declaration stands at the start of a program, where nobody expects it to panic.
    if graph.is_own() {
        let _ = publish::publish_to(slot, None, found);
        let _ = publish::publish(slot, found_in_trial);
    } else {
        let _ = publish::publish(slot, found);
    }
}

/// Takes all that was declared into a graph of which nothing is known yet.
pub(in crate::detector) fn declare_again(state: &mut DetectorState) {
    for (first, second, site) in DECLARED.lock().clone() {
        // Nothing breaks it: what contradicts another declaration was refused.
        declare_pair(state, first, second, site);
    }
}

fn declare_pair(
    state: &mut DetectorState,
    first: &'static str,
    second: &'static str,
    site: Site,
) -> Vec<Finding> {
    let (from, to) = (class::named(first), class::named(second));
    enter_named(state, from, first, site);
    enter_named(state, to, second, site);
    let mut findings = declared::declare(&mut state.classes, from, to, site);
    findings.retain(|finding| is_new(state, finding));
    findings
}
