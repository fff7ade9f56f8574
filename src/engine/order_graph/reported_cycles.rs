//! The cycles that were reported, so that each is reported once.

use super::hash::{IdMap, LockPlaces};
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
    /// Tells the cycle from others that had the same place before.
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
        let (len, most) = (self.locks.len(), path.len());
        if len > most || !self.locks.iter().all(|lock| path.contains(lock)) {
            Within::None
        } else if len < most {
            Within::Fewer
        } else {
            Within::All
        }
    }
}

/// A list whose vacant places are used again.
#[derive(Debug)]
struct Slots<T> {
    items: Vec<T>,
    vacant: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            vacant: Vec::new(),
        }
    }
}

impl<T> Slots<T> {
    /// Adds an item, and returns its place.
    fn put(&mut self, item: T) -> u32 {
        if let Some(at) = self.vacant.pop() {
            self.items[at as usize] = item;
            return at;
        }
        self.items.push(item);
        self.items.len() as u32 - 1
    }
}

/// The reported cycles among live locks, each with the best verdict that it was reported with.
///
/// A cycle is known by its place in `cycles`, which is used again once one of its locks was removed.
#[derive(Debug, Default)]
pub(super) struct ReportedCycles {
    cycles: Slots<ReportedCycle>,
    /// The locks of the cycles, by their places in `lists`.
    locks: LockPlaces,
    /// The places and serial numbers of the cycles through each lock; those removed with another lock are cleared
    /// later.
    lists: Slots<Vec<(u32, u32)>>,
    /// The cycles of two locks, with the lower id first.
    pairs: IdMap<(LockId, LockId), u32>,
    last: u32,
}

impl ReportedCycles {
    /// Returns the verdict with which this cycle was reported.
    pub(super) fn verdict(&self, locks: &[LockId]) -> Option<Verdict> {
        let at = self.find(locks)?;
        Some(self.cycles.items[at as usize].verdict)
    }

    /// Returns the verdict with which the two ends of an edge alone were reported as a cycle.
    pub(super) fn pair(&self, (a, b): (LockId, LockId)) -> Option<Verdict> {
        let at = *self.pairs.get(&(a.min(b), a.max(b)))?;
        Some(self.cycles.items[at as usize].verdict)
    }

    /// Records a cycle in canonical rotation, and returns its place.
    pub(super) fn note(&mut self, locks: &[LockId], verdict: Verdict) -> u32 {
        if let Some(at) = self.find(locks) {
            self.cycles.items[at as usize].verdict = verdict;
            return at;
        }
        self.last += 1;
        let at = self.cycles.put(ReportedCycle {
            locks: locks.to_vec(),
            verdict,
            serial: self.last,
        });
        for lock in locks {
            if !self.locks.contains_key(lock) {
                let list = self.lists.put(Vec::new());
                self.locks.insert(*lock, list);
            }
            let list = &mut self.lists.items[self.locks[lock] as usize];
            if list.len() == list.capacity() {
                list.retain(|(at, serial)| self.cycles.items[*at as usize].serial == *serial);
                list.reserve(list.len() + 1);
            }
            list.push((at, self.last));
        }
        if let [lower, higher] = *locks {
            self.pairs.insert((lower, higher), at);
        }
        at
    }

    /// Removes every cycle through `lock`, which has been dropped.
    pub(super) fn forget(&mut self, lock: LockId) {
        let Some(list) = self.locks.remove(&lock) else {
            return;
        };
        self.lists.vacant.push(list);
        for (at, serial) in std::mem::take(&mut self.lists.items[list as usize]) {
            let cycle = &mut self.cycles.items[at as usize];
            if cycle.serial == serial {
                if let [lower, higher] = cycle.locks[..] {
                    self.pairs.remove(&(lower, higher));
                }
                cycle.locks = Vec::new();
                cycle.serial = 0;
                self.cycles.vacant.push(at);
            }
        }
    }

    /// Returns the places of the reported inversions that contain this edge.
    pub(super) fn inversions_through(&self, edge: (LockId, LockId)) -> Vec<u32> {
        let mut inversions = Vec::new();
        for (at, serial) in self.shortest(&[edge.0, edge.1]) {
            let cycle = &self.cycles.items[*at as usize];
            let is_inversion = cycle.verdict == Verdict::Inversion;
            if cycle.serial == *serial && is_inversion && cycle.has_edge(edge) {
                inversions.push(*at);
            }
        }
        inversions
    }

    /// Returns how the cycles at these places relate to the locks of a path.
    pub(super) fn among_within(&self, places: &[u32], path: &[LockId]) -> Within {
        let mut within = Within::None;
        for at in places {
            match self.cycles.items[*at as usize].within(path) {
                Within::None => {}
                Within::All => within = Within::All,
                Within::Fewer => return Within::Fewer,
            }
        }
        within
    }

    /// Returns how all reported cycles through `last`, which is a lock of the path, relate to the locks of
    /// the path.
    pub(super) fn any_within(&self, last: LockId, path: &[LockId]) -> Within {
        let mut within = Within::None;
        for (at, serial) in self.list(last) {
            let cycle = &self.cycles.items[*at as usize];
            match cycle.within(path) {
                _ if cycle.serial != *serial => {}
                Within::None => {}
                Within::All => within = Within::All,
                Within::Fewer => return Within::Fewer,
            }
        }
        within
    }

    /// Returns how many cycles a look at those through `lock` has to pass.
    pub(super) fn count(&self, lock: LockId) -> usize {
        self.list(lock).len()
    }

    /// Returns the place of a cycle.
    fn find(&self, locks: &[LockId]) -> Option<u32> {
        if let [lower, higher] = *locks {
            return self.pairs.get(&(lower, higher)).copied();
        }
        for (at, _) in self.shortest(locks) {
            // The place of another cycle, too, if this one was removed.
            if self.cycles.items[*at as usize].locks == locks {
                return Some(*at);
            }
        }
        None
    }

    /// Returns the shortest of the cycle lists of these locks, which is empty if one lock has none.
    fn shortest(&self, locks: &[LockId]) -> &[(u32, u32)] {
        let mut shortest = self.list(locks[0]);
        for lock in &locks[1..] {
            let list = self.list(*lock);
            if list.len() < shortest.len() {
                shortest = list;
            }
        }
        shortest
    }

    /// Returns the places and serial numbers of the cycles through a lock.
    fn list(&self, lock: LockId) -> &[(u32, u32)] {
        match self.locks.get(&lock) {
            Some(at) => &self.lists.items[*at as usize],
            None => &[],
        }
    }
}
