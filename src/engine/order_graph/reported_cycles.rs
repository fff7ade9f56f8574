//! The cycles that were told, so that none is told twice.

use super::hash::IdMap;
use crate::engine::ids::LockId;
use crate::engine::verdict::Verdict;

/// How near a verdict on a cycle is to a deadlock; the lowest is the nearest.
pub(super) fn nearness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Inversion => 0,
        Verdict::Guarded => 1,
        Verdict::Ordered => 2,
        _ => 3,
    }
}

/// How the locks of the cycles that count relate to those of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// None of these cycles lies within the path.
    None,
    /// One does, and has all locks of the path.
    All,
    /// One does, and the path has further locks: whatever it closes to is no news.
    Fewer,
}

impl Within {
    /// How these cycles relate to the locks of a path.
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
    /// In the order of the cycle, in canonical rotation.
    locks: Box<[LockId]>,
    verdict: Verdict,
}

impl ReportedCycle {
    /// Whether the cycle goes from the one lock to the other without any between.
    fn has_edge(&self, (from, to): (LockId, LockId)) -> bool {
        let next = self.locks.iter().cycle().skip(1);
        self.locks.iter().zip(next).any(|ends| ends == (&from, &to))
    }
}

/// The cycles among live locks that were told, with the best verdict that each had.
#[derive(Debug, Default)]
pub(super) struct ReportedCycles {
    cycles: IdMap<u32, ReportedCycle>,
    /// The cycles through each lock; those forgotten with another lock are weeded out later.
    by_lock: IdMap<LockId, Vec<u32>>,
    /// The cycles of two locks, by the lower one and the higher one.
    pairs: IdMap<(LockId, LockId), u32>,
    last: u32,
}

impl ReportedCycles {
    /// The verdict with which this cycle was told.
    pub(super) fn verdict(&self, locks: &[LockId]) -> Option<Verdict> {
        self.find(locks).map(|id| self.cycles[&id].verdict)
    }

    /// The verdict with which the two ends of an edge alone were told to be a cycle.
    pub(super) fn pair(&self, (a, b): (LockId, LockId)) -> Option<Verdict> {
        let id = self.pairs.get(&(a.min(b), a.max(b)))?;
        self.cycles.get(id).map(|record| record.verdict)
    }

    /// Remembers a cycle in canonical rotation, and returns by which number.
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

    /// Drops every cycle through `lock`, which will not be seen again.
    pub(super) fn forget(&mut self, lock: LockId) {
        for id in self.by_lock.remove(&lock).unwrap_or_default() {
            if let Some(gone) = self.cycles.remove(&id)
                && let [lower, higher] = *gone.locks
            {
                self.pairs.remove(&(lower, higher));
            }
        }
    }

    /// The numbers of the inversions that were told of which this edge is a part.
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

    /// How the cycles of these numbers relate to the locks of a path.
    pub(super) fn among_within(&self, ids: &[u32], path: &[LockId]) -> Within {
        Within::of(path, ids.iter().map(|id| &*self.cycles[id].locks))
    }

    /// How all cycles that were told relate to the locks of a path, as far as they lead through
    /// `last`, which is one of them.
    pub(super) fn any_within(&self, last: LockId, path: &[LockId]) -> Within {
        let list = self.by_lock.get(&last).into_iter().flatten();
        let cycles = list.filter_map(|id| self.cycles.get(id));
        Within::of(path, cycles.map(|record| &*record.locks))
    }

    /// How many cycles a look at those through `lock` has to pass.
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

    /// The cycles through that one of these locks that has the fewest; `None` if one has none.
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
