//! Probabilistic concurrency testing.

use super::Choose;
use crate::engine::random::Random;

/// Chooses the option with the highest priority, and changes priorities at a few random steps.
pub(crate) struct Pct {
    random: Random,
    depth: usize,
    /// The priority of each thread that was seen in this schedule; the highest one goes on.
    priorities: Vec<Option<u64>>,
    /// The steps after which the thread that made them falls below all others.
    changes: Vec<usize>,
    step: usize,
    /// How many priorities were lowered in this schedule.
    lowered: u64,
    /// The last choice, and how many times in succession it was made while there were others.
    alone: (usize, usize),
    /// The number of steps of the longest schedule.
    longest: usize,
}

/// Lowered priorities lie below this, and random ones above.
const LOWEST_AT_RANDOM: u64 = 1 << 32;

/// A thread that goes on for so many steps while others could waits in a loop, with a limit that each
/// time is over: it falls below all others.
const MOST_ALONE: usize = 500;

impl Pct {
    pub(crate) fn new(seed: u64, depth: usize) -> Self {
        Self {
            random: Random::new(seed),
            depth,
            priorities: Vec::new(),
            changes: Vec::new(),
            step: 0,
            lowered: 0,
            alone: (0, 0),
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

    fn lower(&mut self, thread: usize) {
        self.priority(thread);
        self.lowered += 1;
        self.priorities[thread] = Some(LOWEST_AT_RANDOM - self.lowered);
    }
}

impl Choose for Pct {
    fn begin(&mut self) -> bool {
        self.longest = self.longest.max(self.step);
        self.priorities.clear();
        (self.step, self.lowered, self.alone) = (0, 0, (0, 0));
        let steps = self.longest;
        self.changes.clear();
        for _ in 1..self.depth {
            self.changes.push(1 + self.random.below(steps));
        }
        true
    }

    fn choose(&mut self, current: Option<usize>, options: &[usize]) -> usize {
        if let Some(current) = current
            && self.changes.contains(&self.step)
        {
            self.lower(current);
        }
        self.step += 1;
        if self.alone.1 > MOST_ALONE {
            self.lower(self.alone.0);
            self.alone.1 = 0;
        }
        let mut chosen = options[0];
        for &thread in options {
            // Of two with the same priority, the later one.
            if self.priority(thread) >= self.priority(chosen) {
                chosen = thread;
            }
        }
        self.alone = match self.alone {
            (last, count) if last == chosen && options.len() > 1 => (last, count + 1),
            _ => (chosen, 0),
        };
        chosen
    }

    fn take_back(&mut self, _thread: usize) {
        self.step -= 1;
    }
}
