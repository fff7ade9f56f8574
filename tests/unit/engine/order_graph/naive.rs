//! An exhaustive model: it keeps every context and tries every cycle and every choice.

use crate::engine::clock::vector_clock::Segment;
use crate::engine::mode::Mode::{self, Exclusive, Shared, Upgradable};
use crate::engine::mode::ReadPolicy;

/// One edge in one context, as it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) segment: Segment,
    /// Everything held around the edge, its start included.
    pub(super) held: Vec<(usize, Mode)>,
    pub(super) from: (usize, Mode),
    pub(super) to: (usize, Mode),
}

/// One writer of a lock, as it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) lock: usize,
    pub(super) segment: Segment,
    /// Everything that the writer held.
    pub(super) held: Vec<(usize, Mode)>,
}

/// Everything that was recorded of a few locks.
pub(super) struct Model {
    pub(super) policies: Vec<ReadPolicy>,
    /// The locks that any thread may write at any time.
    pub(super) any_writer: Vec<bool>,
    pub(super) written: Vec<Written>,
    pub(super) taken: Vec<Taken>,
}

impl Model {
    /// Returns all cycles that are inversions, each as its locks from the lowest one on.
    pub(super) fn inversions(&self) -> Vec<Vec<usize>> {
        let mut cycles = Vec::new();
        for first in 0..self.taken.len() {
            self.lengthen(&mut vec![first], &mut cycles);
        }
        cycles.sort_unstable();
        cycles.dedup();
        cycles
    }

    fn lengthen(&self, chain: &mut Vec<usize>, cycles: &mut Vec<Vec<usize>>) {
        let (first, last) = (&self.taken[chain[0]], &self.taken[chain[chain.len() - 1]]);
        if last.to.0 == first.from.0 {
            let closes = self.conflict(first.from.0, last.to.1, first.from.1);
            if closes && self.can_queue(chain, 0, &mut Vec::new()) {
                cycles.push(chain.iter().map(|at| self.taken[*at].from.0).collect());
            }
            return;
        }
        for next in 0..self.taken.len() {
            let new = &self.taken[next];
            let fits = new.from.0 == last.to.0
                && new.from.0 > first.from.0
                && self.conflict(new.from.0, last.to.1, new.from.1)
                && chain.iter().all(|at| self.agree(&self.taken[*at], new));
            if fits {
                chain.push(next);
                self.lengthen(chain, cycles);
                chain.pop();
            }
        }
    }

    /// Returns whether a request can be blocked by a hold.
    fn conflict(&self, lock: usize, asked: Mode, held: Mode) -> bool {
        let is_written = self.any_writer[lock] || self.written.iter().any(|w| w.lock == lock);
        let readers = self.policies[lock] == ReadPolicy::WriterBlocksReaders && is_written;
        (readers && held == Shared) || exclude(asked, held)
    }

    /// Returns whether, from this link of a closed chain on, a writer exists wherever one is needed, beside
    /// the writers that are queued already.
    fn can_queue(&self, chain: &[usize], at: usize, queued: &mut Vec<usize>) -> bool {
        if at == chain.len() {
            return true;
        }
        let before = &self.taken[chain[(at + chain.len() - 1) % chain.len()]];
        let (lock, held) = self.taken[chain[at]].from;
        if exclude(before.to.1, held) || self.any_writer[lock] {
            return self.can_queue(chain, at + 1, queued);
        }
        (0..self.written.len()).any(|new| {
            let writer = &self.written[new];
            let beside = |segment: &Segment, held: &[(usize, Mode)]| {
                apart((&writer.segment, &writer.held), (segment, held))
            };
            let mut taken = chain.iter().map(|at| &self.taken[*at]);
            let mut others = queued.iter().map(|at| &self.written[*at]);
            let fits = writer.lock == lock
                && taken.all(|t| beside(&t.segment, &t.held))
                && others.all(|w| beside(&w.segment, &w.held));
            fits && {
                queued.push(new);
                let rest = self.can_queue(chain, at + 1, queued);
                queued.pop();
                rest
            }
        })
    }

    /// Returns whether two threads can be at these two places at once.
    fn agree(&self, a: &Taken, b: &Taken) -> bool {
        a.from.0 != b.from.0 && apart((&a.segment, &a.held), (&b.segment, &b.held))
    }
}

/// Returns whether two threads can be in these segments with these holds at the same time.
fn apart(a: (&Segment, &[(usize, Mode)]), b: (&Segment, &[(usize, Mode)])) -> bool {
    let (mine, theirs) = (a.1, b.1);
    let lock_of_both = mine
        .iter()
        .any(|x| theirs.iter().any(|y| x.0 == y.0 && exclude(x.1, y.1)));
    a.0.thread() != b.0.thread() && !a.0.before(b.0) && !b.0.before(a.0) && !lock_of_both
}

fn exclude(a: Mode, b: Mode) -> bool {
    match (a, b) {
        (Exclusive, _) | (_, Exclusive) | (Upgradable, Upgradable) => true,
        (Shared | Upgradable, Shared) | (Shared, Upgradable) => false,
    }
}

/// Returns whether all locks of one cycle are among those of a longer one.
pub(super) fn is_part(shorter: &[usize], longer: &[usize]) -> bool {
    shorter.len() < longer.len() && shorter.iter().all(|lock| longer.contains(lock))
}

/// Returns the pairs of adjacent locks of a cycle.
pub(super) fn edges(cycle: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let next = cycle.iter().cycle().skip(1);
    cycle.iter().copied().zip(next.copied())
}
