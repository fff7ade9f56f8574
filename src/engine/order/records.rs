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

/// How the locks of a cycle that was told relate to those of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Within {
    /// No cycle that was told lies within the path.
    None,
    /// One does, and has all locks of the path.
    All,
    /// One does, and the path has further locks: whatever it closes to is no news.
    Fewer,
}

#[derive(Debug)]
struct Record {
    /// In canonical rotation.
    locks: Box<[LockId]>,
    verdict: Verdict,
}

/// The cycles among live locks that were told, with the best verdict that each had.
#[derive(Debug, Default)]
pub(super) struct Records {
    cycles: IdMap<u32, Record>,
    /// The cycles through each lock; those forgotten with another lock are weeded out later.
    by_lock: IdMap<LockId, Vec<u32>>,
    last: u32,
}

impl Records {
    /// The verdict with which this cycle was told.
    pub(super) fn verdict(&self, locks: &[LockId]) -> Option<Verdict> {
        self.find(locks).map(|id| self.cycles[&id].verdict)
    }

    /// Remembers a cycle in canonical rotation.
    pub(super) fn note(&mut self, locks: &[LockId], verdict: Verdict) {
        if let Some(known) = self.find(locks).and_then(|id| self.cycles.get_mut(&id)) {
            known.verdict = verdict;
            return;
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
        self.cycles.insert(
            self.last,
            Record {
                locks: locks.into(),
                verdict,
            },
        );
    }

    /// Drops every cycle through `lock`, which will not be seen again.
    pub(super) fn forget(&mut self, lock: LockId) {
        for id in self.by_lock.remove(&lock).unwrap_or_default() {
            self.cycles.remove(&id);
        }
    }

    /// Whether a cycle that was told and that leads through `last` lies within the `len` locks
    /// for which `on_path` holds; only inversions count if `inversions` is set.
    pub(super) fn within(
        &self,
        last: LockId,
        len: usize,
        inversions: bool,
        on_path: impl Fn(LockId) -> bool,
    ) -> Within {
        let mut within = Within::None;
        for record in self.through(last) {
            let counts = !inversions || record.verdict == Verdict::Inversion;
            if counts && record.locks.len() <= len && record.locks.iter().all(|l| on_path(*l)) {
                if record.locks.len() < len {
                    return Within::Fewer;
                }
                within = Within::All;
            }
        }
        within
    }

    /// How many cycles a look at those through `lock` has to pass.
    pub(super) fn count(&self, lock: LockId) -> usize {
        self.by_lock.get(&lock).map_or(0, Vec::len)
    }

    fn through(&self, lock: LockId) -> impl Iterator<Item = &Record> + '_ {
        let list = self.by_lock.get(&lock).into_iter().flatten();
        list.filter_map(|id| self.cycles.get(id))
    }

    fn find(&self, locks: &[LockId]) -> Option<u32> {
        let list = self.by_lock.get(locks.first()?)?;
        let same = |id: &&u32| {
            self.cycles
                .get(*id)
                .is_some_and(|known| *known.locks == *locks)
        };
        list.iter().find(same).copied()
    }
}
