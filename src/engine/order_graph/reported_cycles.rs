//! The cycles that were reported, so that each is reported once.

use super::hash::IdMap;
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

impl Within {
    /// Returns how these cycles relate to the locks of a path.
    fn of<'a>(path: &[LockId], cycles: impl Iterator<Item = &'a [LockId]>) -> Self {
        let mut within = Within::None;
        for cycle in cycles {
            if cycle.len() <= path.len() && cycle.iter().all(|lock| path.contains(lock)) {
                if cycle.len() < path.len() {
                    return Within::Fewer;
                }
                within = Within::All;
            }
        }
        within
    }
}

#[derive(Debug)]
struct ReportedCycle {
    /// The locks in the order of the cycle, in canonical rotation.
    locks: Box<[LockId]>,
    verdict: Verdict,
}

impl ReportedCycle {
    /// Returns whether the cycle contains this edge.
    fn has_edge(&self, (from, to): (LockId, LockId)) -> bool {
        let next = self.locks.iter().cycle().skip(1);
        self.locks.iter().zip(next).any(|ends| ends == (&from, &to))
    }
}

/// The reported cycles among live locks, each with the best verdict that it was reported with.
#[derive(Debug, Default)]
pub(super) struct ReportedCycles {
    cycles: IdMap<u32, ReportedCycle>,
    /// The cycles through each lock; those removed with another lock are cleared later.
    by_lock: IdMap<LockId, Vec<u32>>,
    /// The cycles of two locks, with the lower id first.
    pairs: IdMap<(LockId, LockId), u32>,
    last: u32,
}

impl ReportedCycles {
    /// Returns the verdict with which this cycle was reported.
    pub(super) fn verdict(&self, locks: &[LockId]) -> Option<Verdict> {
        self.find(locks).map(|id| self.cycles[&id].verdict)
    }

    /// Returns the verdict with which the two ends of an edge alone were reported as a cycle.
    pub(super) fn pair(&self, (a, b): (LockId, LockId)) -> Option<Verdict> {
        let id = self.pairs.get(&(a.min(b), a.max(b)))?;
        self.cycles.get(id).map(|record| record.verdict)
    }

    /// Records a cycle in canonical rotation, and returns its number.
    pub(super) fn note(&mut self, locks: &[LockId], verdict: Verdict) -> u32 {
        if let Some(id) = self.find(locks) {
            if let Some(known) = self.cycles.get_mut(&id) {
                known.verdict = verdict;
            }
            return id;
        }
        self.last += 1;
        for lock in locks {
            let list = self.by_lock.entry(*lock).or_default();
            if list.len() == list.capacity() {
                list.retain(|id| self.cycles.contains_key(id));
                list.reserve(list.len() + 1);
            }
            list.push(self.last);
        }
        if let [lower, higher] = locks {
            self.pairs.insert((*lower, *higher), self.last);
        }
        self.cycles.insert(
            self.last,
            ReportedCycle {
                locks: locks.into(),
                verdict,
            },
        );
        self.last
    }

    /// Removes every cycle through `lock`, which has been dropped.
    pub(super) fn forget(&mut self, lock: LockId) {
        for id in self.by_lock.remove(&lock).unwrap_or_default() {
            if let Some(gone) = self.cycles.remove(&id)
                && let [lower, higher] = *gone.locks
            {
                self.pairs.remove(&(lower, higher));
            }
        }
    }

    /// Returns the numbers of the reported inversions that contain this edge.
    pub(super) fn inversions_through(&self, edge: (LockId, LockId)) -> Vec<u32> {
        let Some(list) = self.shortest(&[edge.0, edge.1]) else {
            return Vec::new();
        };
        let mut inversions = list.to_vec();
        inversions.retain(|id| {
            self.cycles
                .get(id)
                .is_some_and(|r| r.verdict == Verdict::Inversion && r.has_edge(edge))
        });
        inversions
    }

    /// Returns how the cycles with these numbers relate to the locks of a path.
    pub(super) fn among_within(&self, ids: &[u32], path: &[LockId]) -> Within {
        Within::of(path, ids.iter().map(|id| &*self.cycles[id].locks))
    }

    /// Returns how all reported cycles through `last`, which is a lock of the path, relate to the locks of
    /// the path.
    pub(super) fn any_within(&self, last: LockId, path: &[LockId]) -> Within {
        let list = self.by_lock.get(&last).into_iter().flatten();
        let cycles = list.filter_map(|id| self.cycles.get(id));
        Within::of(path, cycles.map(|record| &*record.locks))
    }

    /// Returns how many cycles a look at those through `lock` has to pass.
    pub(super) fn count(&self, lock: LockId) -> usize {
        self.by_lock.get(&lock).map_or(0, Vec::len)
    }

    fn find(&self, locks: &[LockId]) -> Option<u32> {
        if let [lower, higher] = locks {
            return self.pairs.get(&(*lower, *higher)).copied();
        }
        let same = |id: &&u32| {
            self.cycles
                .get(*id)
                .is_some_and(|known| *known.locks == *locks)
        };
        self.shortest(locks)?.iter().find(same).copied()
    }

    /// Returns the shortest of the cycle lists of these locks; `None` if one lock has no list.
    fn shortest(&self, locks: &[LockId]) -> Option<&[u32]> {
        let mut shortest: Option<&[u32]> = None;
        for lock in locks {
            let list = self.by_lock.get(lock)?;
            if shortest.is_none_or(|known| list.len() < known.len()) {
                shortest = Some(list);
            }
        }
        shortest
    }
}
