//! Probabilistic concurrency testing.

use super::Choose;
use crate::engine::random::Random;

/// Chooses the option with the highest priority, and changes priorities at a few random steps.
#[derive(Debug)]
pub(super) struct Pct {
    random: Random,
    depth: usize,
    /// The priority of each thread that was seen in this schedule; the highest one goes on.
    priorities: Vec<Option<u64>>,
    /// The steps after which the thread that made them falls below all others.
    changes: Vec<usize>,
    step: usize,
    /// How many priorities were lowered in this schedule.
    lowered: u64,
    /// The number of steps of the longest schedule.
    longest: usize,
}

/// Lowered priorities lie below this, and random ones above.
const LOWEST_AT_RANDOM: u64 = 1 << 32;

impl Pct {
    pub(super) fn new(seed: u64, depth: usize) -> Self {
        Self {
            random: Random::new(seed),
            depth,
            priorities: Vec::new(),
            changes: Vec::new(),
            step: 0,
            lowered: 0,
            longest: 1,
        }
    }

    fn priority(&mut self, thread: usize) -> u64 {
        if self.priorities.len() <= thread {
            self.priorities.resize(thread + 1, None);
        }
        let random = &mut self.random;
        *self.priorities[thread].get_or_insert_with(|| random.next() | LOWEST_AT_RANDOM)
    }
}

impl Choose for Pct {
    fn begin(&mut self) -> bool {
        self.longest = self.longest.max(self.step);
        self.priorities.clear();
        (self.step, self.lowered) = (0, 0);
        let steps = self.longest;
        self.changes = (1..self.depth)
            .map(|_| 1 + self.random.below(steps))
            .collect();
        true
    }

    fn choose(&mut self, current: Option<usize>, options: &[usize]) -> usize {
        if let Some(current) = current
            && self.changes.contains(&self.step)
        {
            self.priority(current);
            self.lowered += 1;
            self.priorities[current] = Some(LOWEST_AT_RANDOM - self.lowered);
        }
        self.step += 1;
        let chosen = options.iter().max_by_key(|thread| self.priority(**thread));
        *chosen.expect("there is an option")
    }

    fn take_back(&mut self, _thread: usize) {
        self.step -= 1;
    }
}
