//! A model without cleverness: every context is kept, every cycle and every choice is tried.

use crate::engine::clock::Segment;
use crate::engine::mode::Mode::{self, Exclusive, Shared, Upgradable};
use crate::engine::mode::ReadPolicy;

/// One edge in one context, as it was recorded.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) segment: Segment,
    /// All that is held around the edge, its start among it.
    pub(super) held: Vec<(usize, Mode)>,
    pub(super) from: (usize, Mode),
    pub(super) to: (usize, Mode),
}

/// All that was recorded of a few locks.
pub(super) struct Model {
    pub(super) policies: Vec<ReadPolicy>,
    pub(super) written: Vec<bool>,
    pub(super) taken: Vec<Taken>,
}

impl Model {
    /// All cycles that are inversions, each as its locks from the lowest one on.
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
            if self.conflict(first.from.0, last.to.1, first.from.1) {
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

    /// Whether one who asks can be made to wait by one who holds.
    fn conflict(&self, lock: usize, asked: Mode, held: Mode) -> bool {
        let readers = self.policies[lock] == ReadPolicy::WriterBlocksReaders && self.written[lock];
        (readers && held == Shared) || exclude(asked, held)
    }

    /// Whether two threads can be at these two places at once.
    fn agree(&self, a: &Taken, b: &Taken) -> bool {
        let lock_of_both = a
            .held
            .iter()
            .any(|x| b.held.iter().any(|y| x.0 == y.0 && exclude(x.1, y.1)));
        a.from.0 != b.from.0
            && a.segment.thread() != b.segment.thread()
            && !a.segment.before(&b.segment)
            && !b.segment.before(&a.segment)
            && !lock_of_both
    }
}

fn exclude(a: Mode, b: Mode) -> bool {
    match (a, b) {
        (Exclusive, _) | (_, Exclusive) | (Upgradable, Upgradable) => true,
        (Shared | Upgradable, Shared) | (Shared, Upgradable) => false,
    }
}

/// Whether all locks of one cycle are among those of another, which has more.
pub(super) fn is_part(shorter: &[usize], longer: &[usize]) -> bool {
    shorter.len() < longer.len() && shorter.iter().all(|lock| longer.contains(lock))
}

/// The pairs of locks that follow each other in a cycle.
pub(super) fn edges(cycle: &[usize]) -> impl Iterator<Item = (usize, usize)> + '_ {
    let next = cycle.iter().cycle().skip(1);
    cycle.iter().copied().zip(next.copied())
}
