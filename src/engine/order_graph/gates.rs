//! Gate sets: the locks held around an edge.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use super::hash::IdHasher;
use crate::engine::acquisition::{HeldInfo, InheritedHold};
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::sorting;

/// Ranks modes by what they exclude: a higher one conflicts with everything that a lower one conflicts with.
pub(super) fn strength(mode: Mode) -> u8 {
    match mode {
        Mode::Shared => 0,
        Mode::Upgradable => 1,
        Mode::Exclusive => 2,
    }
}

/// A held lock, without its source location.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Gate {
    pub(super) lock: LockId,
    pub(super) mode: Mode,
    /// The thread that holds it, if that is not the acquiring thread.
    pub(super) holder: Option<ThreadId>,
}

impl From<&HeldInfo> for Gate {
    fn from(held: &HeldInfo) -> Self {
        Self {
            lock: held.lock,
            mode: held.mode,
            holder: None,
        }
    }
}

impl From<&InheritedHold> for Gate {
    fn from(inherited: &InheritedHold) -> Self {
        Self {
            holder: Some(inherited.holder),
            ..Gate::from(&inherited.held)
        }
    }
}

/// The locks that a thread held at an acquisition, ascending, each once in its strongest mode.
///
/// One set serves all edges of the acquisition: it contains the start of each edge, which is skipped when the
/// set is read for that edge. So an acquisition under n locks stores one set of n, not n sets of n - 1. The
/// requested lock is a member only if it is held already, as at an upgrade: then it excludes like any gate.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct GateSet {
    gates: Box<[Gate]>,
    /// One bit for each lock: sets without a common bit have no common lock.
    bits: u64,
}

/// Returns the bit of a lock in a set's `bits`.
fn bit(lock: LockId) -> u64 {
    1 << (lock.get() & 63)
}

impl GateSet {
    fn of(mut gates: Vec<Gate>) -> Self {
        sorting::sort_by_key(&mut gates, |gate| {
            (gate.lock, std::cmp::Reverse(strength(gate.mode)))
        });
        gates.dedup_by_key(|gate| gate.lock);
        let mut bits = 0;
        for gate in &gates {
            bits |= bit(gate.lock);
        }
        Self {
            gates: gates.into_boxed_slice(),
            bits,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.gates.len()
    }

    pub(super) fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Returns the mode and holder of `lock`, if it is in the set.
    pub(super) fn get(&self, lock: LockId) -> Option<Gate> {
        if self.bits & bit(lock) == 0 {
            return None;
        }
        let at = self
            .gates
            .binary_search_by_key(&lock, |gate| gate.lock)
            .ok()?;
        Some(self.gates[at])
    }
}

/// Returns the bits of everything that a thread holds at an edge from `from`.
pub(super) fn bits(from: LockId, gates: Option<&Arc<GateSet>>) -> u64 {
    gates.map_or(0, |gates| gates.bits) | bit(from)
}

/// Returns whether the gates of `a` are all gates of `b`, held at least as strongly there; `start`, the start
/// of an edge, does not count as a gate of `a`.
pub(super) fn within(
    a: Option<&Arc<GateSet>>,
    b: Option<&Arc<GateSet>>,
    start: Option<LockId>,
) -> bool {
    match (a, b) {
        (None, _) => true,
        (Some(a), Some(b)) if Arc::ptr_eq(a, b) => true,
        (Some(a), None) => a.gates.iter().all(|gate| Some(gate.lock) == start),
        (Some(a), Some(b)) => {
            // One gate of `a` may be the start.
            let too_many = a.gates.len() > b.gates.len() + 1;
            if too_many || a.bits & !(b.bits | start.map_or(0, bit)) != 0 {
                return false;
            }
            // Both lists ascend. Plain indices, since a full edge spends most of its time in this loop.
            let (mine, theirs) = (&*a.gates, &*b.gates);
            let mut at = 0;
            for gate in mine {
                let id = gate.lock.get();
                while at < theirs.len() && theirs[at].lock.get() < id {
                    at += 1;
                }
                let is_there = at < theirs.len()
                    && theirs[at].lock.get() == id
                    && strength(theirs[at].mode) >= strength(gate.mode);
                if !is_there && Some(gate.lock) != start {
                    return false;
                }
            }
            true
        }
    }
}

/// The distinct gate sets that edges refer to.
#[derive(Debug)]
pub(super) struct GateSets {
    sets: HashSet<Arc<GateSet>, BuildHasherDefault<IdHasher>>,
    /// The number of sets at which the unreferenced ones are removed.
    sweep_at: usize,
}

impl GateSets {
    pub(super) fn new() -> Self {
        Self {
            sets: HashSet::default(),
            sweep_at: 256,
        }
    }

    /// Returns the shared set of these locks; `None` for at most one lock that the thread holds itself, which
    /// is the start of the edge.
    pub(super) fn intern(&mut self, gates: Vec<Gate>) -> Option<Arc<GateSet>> {
        let set = GateSet::of(gates);
        match &*set.gates {
            [] | [Gate { holder: None, .. }] => None,
            _ => Some(self.share(set)),
        }
    }

    /// Returns the shared set of these locks where the edge does not name the one lock: `None` only for no
    /// lock.
    pub(super) fn intern_all(&mut self, gates: Vec<Gate>) -> Option<Arc<GateSet>> {
        let set = GateSet::of(gates);
        (set.len() > 0).then(|| self.share(set))
    }

    fn share(&mut self, set: GateSet) -> Arc<GateSet> {
        if let Some(known) = self.sets.get(&set) {
            return Arc::clone(known);
        }
        if self.sets.len() >= self.sweep_at {
            // The graph's own lock is held at every clone and drop of these sets, so the count is exact, and
            // one means that only this table refers to the set.
            self.sets.retain(|set| Arc::strong_count(set) > 1);
            self.sweep_at = (self.sets.len() * 2).max(256);
        }
        let set = Arc::new(set);
        self.sets.insert(Arc::clone(&set));
        set
    }
}
