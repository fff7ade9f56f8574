//! The cycles that were reported, so that each is reported once.

use std::cmp::Ordering;

use super::hash::IdMap;
use super::table::IdTable;
use crate::engine::ids::LockId;
use crate::engine::verdict::Verdict;

/// Ranks a verdict on a cycle by how near it is to a deadlock; the lowest is the nearest.
pub(super) fn nearness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Inversion => 0,
        Verdict::Guarded => 1,
        Verdict::Ordered => 2,
        _ => 3,
    }
}

/// The place of a reported cycle and its serial number, since places are used again.
pub(super) type CycleId = (u32, u32);

/// How reported cycles relate to the locks of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// None of these cycles lies within the path.
    None,
    /// A cycle lies within the path and has all its locks.
    All,
    /// A cycle lies within the path, which has further locks: whatever the path closes to is no news.
    Fewer,
}

#[derive(Debug)]
struct ReportedCycle {
    /// The locks in the order of the cycle, in canonical rotation; none in a vacant place.
    locks: Vec<LockId>,
    verdict: Verdict,
    /// The second part of the [`CycleId`].
    serial: u32,
}

impl ReportedCycle {
    /// Returns whether the cycle contains this edge.
    fn has_edge(&self, (from, to): (LockId, LockId)) -> bool {
        let at = self.locks.iter().position(|lock| *lock == from);
        at.is_some_and(|at| self.locks[(at + 1) % self.locks.len()] == to)
    }

    /// Returns how this cycle relates to the locks of a path.
    fn within(&self, path: &[LockId]) -> Within {
        match self.locks.len().cmp(&path.len()) {
            Ordering::Greater => Within::None,
            _ if !self.locks.iter().all(|lock| path.contains(lock)) => Within::None,
            Ordering::Equal => Within::All,
            Ordering::Less => Within::Fewer,
        }
    }
}

/// The reported cycles among live locks, each with the best verdict that it was reported with.
#[derive(Debug)]
pub(super) struct ReportedCycles {
    cycles: Vec<ReportedCycle>,
    /// The places of removed cycles, which are used again.
    vacant: Vec<u32>,
    /// The cycles through each lock; those removed with another lock are cleared later.
    lists: IdTable<LockId, Vec<CycleId>>,
    /// The places of the cycles of two locks, with the lower id first.
    pairs: IdMap<(u64, u64), u32>,
    last: u32,
}

impl ReportedCycles {
    pub(super) fn new() -> Self {
        Self {
            cycles: Vec::new(),
            vacant: Vec::new(),
            lists: IdTable::new(),
            pairs: IdMap::default(),
            last: 0,
        }
    }

    /// Returns the verdict with which this cycle was reported.
    pub(super) fn verdict(&self, locks: &[LockId]) -> Option<Verdict> {
        let cycle = self.get(self.find(locks)?)?;
        Some(cycle.verdict)
    }

    /// Returns the verdict with which the two ends of an edge alone were reported as a cycle.
    pub(super) fn pair(&self, (a, b): (LockId, LockId)) -> Option<Verdict> {
        self.verdict(&[a.min(b), a.max(b)])
    }

    /// Records a cycle in canonical rotation.
    pub(super) fn note(&mut self, locks: &[LockId], verdict: Verdict) -> CycleId {
        if let Some(id) = self.find(locks) {
            self.cycles[id.0 as usize].verdict = verdict;
            return id;
        }
        self.last += 1;
        let cycle = ReportedCycle {
            locks: locks.to_vec(),
            verdict,
            serial: self.last,
        };
        let at = match self.vacant.pop() {
            Some(at) => {
                self.cycles[at as usize] = cycle;
                at
            }
            None => {
                self.cycles.push(cycle);
                self.cycles.len() as u32 - 1
            }
        };
        let id = (at, self.last);
        for lock in locks {
            let list = self.lists.get_or_default(*lock);
            if list.len() == list.capacity() {
                list.retain(|(at, serial)| self.cycles[*at as usize].serial == *serial);
                list.reserve(list.len() + 1);
            }
            list.push(id);
        }
        if let [lower, higher] = *locks {
            self.pairs.insert((lower.get(), higher.get()), at);
        }
        id
    }

    /// Removes every cycle through `lock`, which has been dropped.
    pub(super) fn forget(&mut self, lock: LockId) {
        let Some(list) = self.lists.remove(lock) else {
            return;
        };
        for &(at, serial) in &list {
            let cycle = &mut self.cycles[at as usize];
            if cycle.serial == serial {
                if let [lower, higher] = cycle.locks[..] {
                    self.pairs.remove(&(lower.get(), higher.get()));
                }
                cycle.locks = Vec::new();
                cycle.serial = 0;
                self.vacant.push(at);
            }
        }
    }

    /// Returns the reported inversions that contain this edge.
    pub(super) fn inversions_through(&self, edge: (LockId, LockId)) -> Vec<CycleId> {
        let mut inversions = Vec::new();
        for id in self.shortest(&[edge.0, edge.1]) {
            if let Some(cycle) = self.get(*id)
                && cycle.verdict == Verdict::Inversion
                && cycle.has_edge(edge)
            {
                inversions.push(*id);
            }
        }
        inversions
    }

    /// Returns how these cycles relate to the locks of a path; those that were removed do not count.
    pub(super) fn among_within(&self, ids: &[CycleId], path: &[LockId]) -> Within {
        let mut within = Within::None;
        for id in ids {
            match self.get(*id).map(|cycle| cycle.within(path)) {
                Some(Within::All) => within = Within::All,
                Some(Within::Fewer) => return Within::Fewer,
                Some(Within::None) | None => {}
            }
        }
        within
    }

    /// Returns how all reported cycles through `last`, which is a lock of the path, relate to the locks of
    /// the path.
    pub(super) fn any_within(&self, last: LockId, path: &[LockId]) -> Within {
        self.among_within(self.list(last), path)
    }

    /// Returns how many cycles a look at those through `lock` has to pass.
    pub(super) fn count(&self, lock: LockId) -> usize {
        self.list(lock).len()
    }

    /// Returns the cycle, unless it was removed.
    fn get(&self, (at, serial): CycleId) -> Option<&ReportedCycle> {
        let cycle = &self.cycles[at as usize];
        (cycle.serial == serial).then_some(cycle)
    }

    fn find(&self, locks: &[LockId]) -> Option<CycleId> {
        if let [lower, higher] = *locks {
            let at = *self.pairs.get(&(lower.get(), higher.get()))?;
            return Some((at, self.cycles[at as usize].serial));
        }
        let is_it = |id: &&CycleId| self.get(**id).is_some_and(|cycle| cycle.locks == locks);
        self.shortest(locks).iter().find(is_it).copied()
    }

    /// Returns the shortest of the cycle lists of these locks, which is empty if one lock has none.
    fn shortest(&self, locks: &[LockId]) -> &[CycleId] {
        let mut shortest = self.list(locks[0]);
        for lock in &locks[1..] {
            let list = self.list(*lock);
            if list.len() < shortest.len() {
                shortest = list;
            }
        }
        shortest
    }

    /// Returns the cycles through a lock, and some that were removed.
    fn list(&self, lock: LockId) -> &[CycleId] {
        self.lists.get(lock).map_or(&[], Vec::as_slice)
    }
}
