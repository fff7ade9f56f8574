//! Describes findings: adds names, modes, source locations and stacks.

use super::counters;
use super::lock_info::{lock_info, wait_info};
use super::order::declared;
use super::state::{self, DetectorState};
use crate::engine::acquisition::{Finding, InheritedHold};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::lists;
use crate::engine::sorting;
use crate::engine::verdict::Verdict;
use crate::report::{Basis, Edge, Facts, HeldInfo, LockInfo, Stack, ThreadInfo, WaitInfo};
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::request::Request;
use crate::tracking::process::reacquired;
use crate::tracking::process::registry;
use crate::tracking::thread::current;
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::slot::{Flag, HeldLock, Slot};
use crate::tracking::thread::wait::{Unwinding, WaitKind};

/// Returns the locks that the calling thread holds, each with its mode and the location of its acquisition;
/// `slot` is the thread's.
pub(crate) fn held_here(slot: &'static Slot) -> Vec<(&'static Ident, HeldInfo)> {
    let mut here = Vec::new();
    for held in &slot.held().unwrap_or_default() {
        here.push((held.ident(), held.info()));
    }
    here
}

/// Returns the locks that another thread holds around the calling one; `slot` is the thread's.
pub(crate) fn inherited_here(slot: &'static Slot) -> Vec<(LockInfo, InheritedHold)> {
    let inherited = with_own(slot, |own| own.inherited.clone());
    if inherited.is_empty() {
        return Vec::new();
    }
    let state = state::lock();
    let mut here = Vec::new();
    for around in &inherited {
        if let Some(info) = state.lock(around.held.lock) {
            here.push((info.clone(), *around));
        }
    }
    here
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
    let mut held = Vec::new();
    for hold in &slot.held().unwrap_or_default() {
        locks.add(hold.ident());
        held.push(hold.info());
    }
    ThreadInfo {
        name: slot.name(),
        held,
        spawned: slot.spawned(),
        panicking: unwinding(slot) == Unwinding::Panics,
        ending: unwinding(slot) == Unwinding::Ends,
        is_task: slot.life.has(Flag::Agent),
        left_by_fork: slot.life.has(Flag::LeftByFork),
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
    let mut info = state.thread(id);
    let Some(slot) = registry::occupied_by(id) else {
        info.ended = true;
        return info;
    };
    for h in &slot.held().unwrap_or_default() {
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
pub(super) fn waits(asked: Request) -> WaitInfo {
    WaitInfo {
        again: reacquired::of(asked.site),
        ..wait_info(asked.ident.id(), WaitKind::Lock(asked.mode), asked.site)
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
    let (mut described, mut ignored, mut stack) = (Vec::new(), 0, None);
    for finding in findings {
        if counters::is_wanted(slot, finding.verdict) {
            let stack = stack.get_or_insert_with(Stack::capture).clone();
            let mut facts = cycle(slot, state, finding, closed_at, stack);
            declared::settle(&mut facts, closed_at);
            described.push(facts);
        } else {
            ignored += 1;
        }
    }
    counters::ignore(ignored);
    described
}

fn cycle(
    slot: &'static Slot,
    state: &DetectorState,
    finding: &Finding,
    closed_at: Option<Site>,
    stack: Stack,
) -> Facts {
    let me = slot.thread();
    let mut locks = Locks::default();
    let mut edges = Vec::new();
    for link in &finding.links {
        locks.add_known(state, link.from);
        edges.push(Edge {
            from: link.from,
            from_mode: link.from_mode,
            from_site: link.from_site,
            to: link.to,
            to_mode: link.to_mode,
            to_site: link.to_site,
            from_again: reacquired::of(link.from_site),
            to_again: reacquired::of(link.to_site),
            thread: link.thread,
            gates: link.gates.clone(),
            stack: state.stack((link.from, link.to), link.from_site, link.to_site),
        });
    }
    for link in &finding.links {
        for gate in &link.gates {
            locks.add_known(state, *gate);
        }
    }
    for guard in &finding.guards {
        locks.add_known(state, *guard);
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
        stack: Some(stack),
        ..Facts::of(finding.verdict)
    }
}

/// Describes the order that a request gives under a held lock.
pub(super) fn edge(holds: &HeldLock, asked: Request, thread: ThreadId) -> Edge {
    Edge {
        from: holds.ident().id(),
        from_mode: holds.mode,
        from_site: holds.site,
        to: asked.ident.id(),
        to_mode: asked.mode,
        to_site: asked.site,
        from_again: reacquired::of(holds.site),
        to_again: reacquired::of(asked.site),
        thread,
        gates: Vec::new(),
        stack: None,
    }
}

/// Describes a request of the calling thread for a lock, and one hold of it that causes the finding.
pub(super) fn alone(
    verdict: Verdict,
    slot: &'static Slot,
    first: &HeldLock,
    asked: Request,
) -> Facts {
    let mut locks = Locks::default();
    locks.add(asked.ident);
    let me = thread(slot, &mut locks);
    let edge = edge(first, asked, me.id);
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
pub(super) fn self_deadlock(slot: &'static Slot, first: &HeldLock, asked: Request) -> Facts {
    let mut facts = alone(Verdict::SelfDeadlock, slot, first, asked);
    facts.threads[0].waits = Some(waits(asked));
    facts
}

/// Describes a request of the calling thread for a lock under another one of the same class, against their
/// order.
pub(super) fn against_ids(slot: &'static Slot, outer: &HeldLock, asked: Request) -> Facts {
    let mut facts = alone(Verdict::Inversion, slot, outer, asked);
    facts.basis = Basis::Classes;
    let from = lock_info(outer.ident());
    // The locks of the edges come first.
    facts.locks.retain(|lock| lock.id != from.id);
    facts.locks.insert(0, from);
    facts
}

/// The most reports about the abandoned locks of one thread, and the most holds that each of these reports shows. Each
/// costs a look at all holds.
const ABANDONED: usize = 32;

/// Describes the end of the calling thread while it holds locks: one finding for each lock, and one for all locks of a
/// class that it took at one place. Each shows the other locks, too.
pub(crate) fn abandoned(slot: &'static Slot, left: &[HeldLock]) -> Vec<Facts> {
    let (mut seen, mut found) = (Vec::<&HeldLock>::new(), Vec::new());
    for hold in left {
        let is_alike = |other: &&HeldLock| {
            let alike = other.ident().class().id == hold.ident().class().id;
            other.ident == hold.ident || (alike && other.site == hold.site)
        };
        if lists::any(&seen, &is_alike) || seen.len() == ABANDONED {
            continue;
        }
        seen.push(hold);
        let mut locks = Locks::default();
        locks.add(hold.ident());
        let mut me = thread(slot, &mut locks);
        me.ended = true;
        sorting::sort_by_key(&mut me.held, |info| info.lock != hold.ident().id());
        me.held.truncate(ABANDONED);
        found.push(Facts {
            locks: locks.0,
            threads: vec![me],
            ..Facts::of(Verdict::Abandoned)
        });
    }
    found
}

/// Describes a request of the calling thread for a lock that an ended thread still holds.
pub(super) fn abandoned_and_awaited(
    (gone, hold): (&'static Slot, HeldLock),
    slot: &'static Slot,
    asked: Request,
) -> Option<Facts> {
    let mut facts = abandoned(gone, &[hold]).pop()?;
    let mut locks = Locks(std::mem::take(&mut facts.locks));
    let mut me = thread(slot, &mut locks);
    me.waits = Some(waits(asked));
    facts.locks = locks.0;
    facts.threads.push(me);
    facts.stack = Some(Stack::capture());
    Some(facts)
}
