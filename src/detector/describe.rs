//! Describes findings: adds names, modes, source locations and stacks.

use std::collections::HashSet;

use super::counters;
use super::lock_info::lock_info;
use super::order::declared;
use super::state::{self, DetectorState};
use crate::engine::acquisition::{Finding, InheritedHold};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::sorting;
use crate::engine::verdict::Verdict;
use crate::report::{
    Basis, Edge, Facts, HeldInfo, LockInfo, Stack, ThreadInfo, WaitInfo, WaitsFor,
};
use crate::tracking::lock::ident::Ident;
use crate::tracking::process::reacquired;
use crate::tracking::process::registry;
use crate::tracking::thread::current;
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::slot::{HeldLock, Slot};
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::Unwinding;

/// Returns the locks that the calling thread holds, each with its mode and the location of its acquisition;
/// `slot` is the thread's.
pub(crate) fn held_here(slot: &'static Slot) -> Vec<(&'static Ident, HeldInfo)> {
    let held = slot.held().unwrap_or_default();
    held.iter().map(|h| (h.ident(), held_info(h))).collect()
}

/// Returns the locks that another thread holds around the calling one; `slot` is the thread's.
pub(crate) fn inherited_here(slot: &'static Slot) -> Vec<(LockInfo, InheritedHold)> {
    let inherited = with_own(slot, |own| own.inherited.clone());
    if inherited.is_empty() {
        return Vec::new();
    }
    let state = state::lock();
    let known = |around: &InheritedHold| Some((state.lock(around.held.lock)?.clone(), *around));
    inherited.iter().filter_map(known).collect()
}

fn held_info(held: &HeldLock) -> HeldInfo {
    HeldInfo {
        lock: held.ident().id(),
        mode: held.mode,
        site: held.site,
    }
}

/// The list of locks of a report, in the order of their first mention, each once.
#[derive(Default)]
pub(super) struct Locks(Vec<LockInfo>);

impl Locks {
    pub(super) fn add(&mut self, ident: &Ident) {
        if !self.0.iter().any(|info| info.id == ident.id()) {
            self.0.push(lock_info(ident));
        }
    }

    /// Returns the list.
    pub(super) fn into_list(self) -> Vec<LockInfo> {
        self.0
    }

    fn add_known(&mut self, state: &DetectorState, id: LockId) {
        if !self.0.iter().any(|info| info.id == id)
            && let Some(info) = state.lock(id)
        {
            self.0.push(info.clone());
        }
    }
}

/// Describes a thread that is the caller or is blocked, and adds the locks it holds.
pub(super) fn thread(slot: &Slot, locks: &mut Locks) -> ThreadInfo {
    let held = slot.held().unwrap_or_default();
    for h in &held {
        locks.add(h.ident());
    }
    ThreadInfo {
        name: slot.name(),
        held: held.iter().map(held_info).collect(),
        spawned: slot.spawned(),
        panicking: unwinding(slot) == Unwinding::Panics,
        ending: unwinding(slot) == Unwinding::Ends,
        is_task: slot.life.is_agent(),
        left_by_fork: slot.life.is_left_by_fork(),
        ..ThreadInfo::new(slot.thread().unwrap_or(ThreadId::new(0)))
    }
}

/// Returns whether a thread that is the caller or is blocked can unwind.
fn unwinding(slot: &Slot) -> Unwinding {
    if std::ptr::eq(slot, current::own()) {
        return current::unwinding();
    }
    let wait = slot.wait.read();
    wait.map_or(Unwinding::Can, |wait| wait.unwinding)
}

/// Describes another thread, which may be running, by what the graph contains of it at this moment.
fn elsewhere(state: &DetectorState, id: ThreadId, locks: &mut Locks) -> ThreadInfo {
    let mut info = ThreadInfo {
        name: state.name(id),
        ..ThreadInfo::new(id)
    };
    let slot = registry::occupied()
        .into_iter()
        .find(|slot| slot.thread() == Some(id));
    info.ended = slot.is_none();
    info.is_task = slot.map_or_else(|| state.is_task(id), |slot| slot.life.is_agent());
    info.spawned = slot.and_then(Slot::spawned);
    for h in slot.and_then(|slot| slot.held()).unwrap_or_default() {
        if let Some(lock) = state.lock_at(h.ident) {
            locks.add_known(state, lock);
            info.held.push(HeldInfo {
                lock,
                mode: h.mode,
                site: h.site,
            });
        }
    }
    info
}

/// Describes a wait for a lock that has not begun.
fn waits(ident: &Ident, mode: Mode, site: Site) -> WaitInfo {
    WaitInfo {
        what: WaitsFor::Lock {
            lock: ident.id(),
            mode,
        },
        site,
        since: None,
        by: None,
        again: reacquired::of(site),
        counts: None,
    }
}

/// Describes cycles that the graph has found; `closed_at` is the location of the caller.
pub(super) fn cycles(
    slot: &'static Slot,
    state: &DetectorState,
    findings: &[Finding],
    closed_at: Option<Site>,
) -> Vec<Facts> {
    // To describe a finding that no sink and no check receives costs more than to find it, and an excused
    // nest has as many findings as edges.
    let (wanted, ignored): (Vec<&Finding>, Vec<&Finding>) = findings
        .iter()
        .partition(|finding| counters::is_wanted(slot, finding.verdict));
    counters::ignore(ignored.len());
    let stack = (!wanted.is_empty()).then(Stack::capture);
    wanted
        .into_iter()
        .map(|f| {
            let mut facts = cycle(slot, state, f, closed_at, stack.clone());
            declared::settle(&mut facts, closed_at);
            facts
        })
        .collect()
}

fn cycle(
    slot: &'static Slot,
    state: &DetectorState,
    finding: &Finding,
    closed_at: Option<Site>,
    stack: Option<Stack>,
) -> Facts {
    let me = slot.thread();
    let mut locks = Locks::default();
    for link in &finding.links {
        locks.add_known(state, link.from);
    }
    let edges: Vec<Edge> = finding
        .links
        .iter()
        .map(|link| Edge {
            from: link.from,
            from_mode: link.from_mode,
            from_site: link.from_site,
            to: link.to,
            to_mode: link.to_mode,
            to_site: link.to_site,
            from_again: reacquired::of(link.from_site),
            to_again: reacquired::of(link.to_site),
            thread: link.thread,
            gates: link.gates.to_vec(),
            stack: state.stack((link.from, link.to), link.from_site, link.to_site),
        })
        .collect();
    for id in finding
        .links
        .iter()
        .flat_map(|link| link.gates.iter())
        .chain(&finding.guards)
    {
        locks.add_known(state, *id);
    }
    let mut threads: Vec<ThreadInfo> = Vec::new();
    for edge in &edges {
        if threads.iter().any(|t| t.id == edge.thread) {
            continue;
        }
        threads.push(if Some(edge.thread) == me {
            thread(slot, &mut locks)
        } else {
            elsewhere(state, edge.thread, &mut locks)
        });
    }
    let closing = edges
        .iter()
        .position(|e| Some(e.thread) == me && Some(e.to_site) == closed_at);
    Facts {
        locks: locks.0,
        threads,
        edges,
        closing,
        guards: finding.guards.clone(),
        lacks_writers: finding.lacks_writers,
        stack,
        ..Facts::of(finding.verdict)
    }
}

/// Describes a finding about one thread and one lock that it already holds.
fn alone(
    verdict: Verdict,
    slot: &'static Slot,
    ident: &'static Ident,
    first: &HeldLock,
    mode: Mode,
    site: Site,
) -> Facts {
    let mut locks = Locks::default();
    locks.add(ident);
    let mut me = thread(slot, &mut locks);
    me.waits = Some(waits(ident, mode, site));
    let edge = Edge {
        from: ident.id(),
        from_mode: first.mode,
        from_site: first.site,
        to: ident.id(),
        to_mode: mode,
        to_site: site,
        from_again: reacquired::of(first.site),
        to_again: reacquired::of(site),
        thread: me.id,
        gates: Vec::new(),
        stack: None,
    };
    Facts {
        locks: locks.0,
        threads: vec![me],
        edges: vec![edge],
        closing: Some(0),
        stack: Some(Stack::capture()),
        ..Facts::of(verdict)
    }
}

/// Describes a request of the calling thread for a lock that it holds in a conflicting mode.
pub(super) fn self_deadlock(
    slot: &'static Slot,
    ident: &'static Ident,
    first: &HeldLock,
    mode: Mode,
    site: Site,
) -> Facts {
    alone(Verdict::SelfDeadlock, slot, ident, first, mode, site)
}

/// Describes a shared request of the calling thread for a lock that it holds shared.
pub(super) fn recursive_read(
    slot: &'static Slot,
    ident: &'static Ident,
    first: &HeldLock,
    mode: Mode,
    site: Site,
) -> Facts {
    let mut facts = alone(Verdict::RecursiveRead, slot, ident, first, mode, site);
    for thread in &mut facts.threads {
        thread.waits = None;
    }
    facts
}

/// Describes a request of the calling thread for a lock under another one of the same class, against their
/// order.
pub(super) fn against_ids(
    slot: &'static Slot,
    ident: &'static Ident,
    outer: &HeldLock,
    mode: Mode,
    site: Site,
) -> Facts {
    let mut facts = alone(Verdict::Inversion, slot, ident, outer, mode, site);
    facts.basis = Basis::Classes;
    let from = lock_info(outer.ident());
    for edge in &mut facts.edges {
        edge.from = from.id;
    }
    // The locks of the edges come first.
    facts.locks.retain(|lock| lock.id != from.id);
    facts.locks.insert(0, from);
    for thread in &mut facts.threads {
        thread.waits = None;
    }
    facts
}

/// The most abandoned locks of one thread that are reported one by one, and the most holds that each of these
/// reports shows. Each costs a look at all holds.
const ABANDONED: usize = 32;

/// Describes the end of the calling thread while it holds locks: one finding for each lock.
pub(crate) fn abandoned(slot: &'static Slot, left: &[HeldLock]) -> Vec<Facts> {
    // As nearly always. A set asks the system for random numbers once in each thread.
    if left.is_empty() {
        return Vec::new();
    }
    let mut seen = HashSet::new();
    left.iter()
        .filter(|h| seen.insert(h.ident))
        .take(ABANDONED)
        .map(|h| {
            let mut locks = Locks::default();
            locks.add(h.ident());
            let mut me = thread(slot, &mut locks);
            me.ended = true;
            sorting::sort_by_key(&mut me.held, |info| info.lock != h.ident().id());
            me.held.truncate(ABANDONED);
            Facts {
                locks: locks.0,
                threads: vec![me],
                ..Facts::of(Verdict::Abandoned)
            }
        })
        .collect()
}

/// Describes a request of the calling thread for a lock that an ended thread still holds.
pub(super) fn abandoned_and_awaited(
    (gone, hold): (&'static Slot, HeldLock),
    slot: &'static Slot,
    ident: &'static Ident,
    mode: Mode,
    site: Site,
) -> Option<Facts> {
    let mut facts = abandoned(gone, &[hold]).pop()?;
    let mut locks = Locks(std::mem::take(&mut facts.locks));
    let mut me = thread(slot, &mut locks);
    me.waits = Some(waits(ident, mode, site));
    facts.locks = locks.0;
    facts.threads.push(me);
    facts.stack = Some(Stack::capture());
    Some(facts)
}

/// One thread of a deadlock: what it holds that blocks the previous thread, and what it waits for.
pub(super) struct CycleThread {
    pub(super) slot: &'static Slot,
    pub(super) holds: HeldLock,
    pub(super) wants: &'static Ident,
    pub(super) mode: Mode,
    pub(super) site: Site,
    /// The start of the wait, on the clock of [`wait::now`].
    pub(super) since: u64,
}

/// A thread of a deadlock that holds no lock another thread waits for, and blocks a reader by being queued
/// for the lock ahead of it.
pub(super) struct QueuedWriter {
    pub(super) slot: &'static Slot,
    pub(super) wants: &'static Ident,
    pub(super) mode: Mode,
    pub(super) site: Site,
    /// The start of the wait, on the clock of [`wait::now`].
    pub(super) since: u64,
}

/// Describes the wait of a blocked thread for a lock, which began at `since`.
fn waits_since(ident: &Ident, mode: Mode, site: Site, since: u64) -> WaitInfo {
    WaitInfo {
        since: Some(wait::time_since(since)),
        ..waits(ident, mode, site)
    }
}

/// Describes a deadlock; the first station is the calling thread, which closed it.
pub(super) fn deadlock(stations: &[CycleThread], queued: &[QueuedWriter]) -> Facts {
    let mut locks = Locks::default();
    for station in stations {
        locks.add(station.holds.ident());
    }
    let mut threads: Vec<ThreadInfo> = stations
        .iter()
        .map(|s| {
            let mut info = thread(s.slot, &mut locks);
            info.waits = Some(waits_since(s.wants, s.mode, s.site, s.since));
            info
        })
        .collect();
    for writer in queued {
        let mut info = thread(writer.slot, &mut locks);
        locks.add(writer.wants);
        let QueuedWriter {
            wants,
            mode,
            site,
            since,
            ..
        } = *writer;
        info.waits = Some(waits_since(wants, mode, site, since));
        threads.push(info);
    }
    let mut edges: Vec<Edge> = stations
        .iter()
        .zip(&threads)
        .map(|(s, thread)| Edge {
            from: s.holds.ident().id(),
            from_mode: s.holds.mode,
            from_site: s.holds.site,
            to: s.wants.id(),
            to_mode: s.mode,
            to_site: s.site,
            from_again: reacquired::of(s.holds.site),
            to_again: reacquired::of(s.site),
            thread: thread.id,
            gates: Vec::new(),
            stack: None,
        })
        .collect();
    let first = edges
        .iter()
        .enumerate()
        .min_by_key(|(_, e)| e.from)
        .map_or(0, |(at, _)| at);
    let closing = (edges.len() - first) % edges.len().max(1);
    edges.rotate_left(first);
    Facts {
        locks: locks.0,
        threads,
        edges,
        closing: Some(closing),
        stack: Some(Stack::capture()),
        ..Facts::of(Verdict::Deadlock)
    }
}
