//! Which thread goes on: the choice at each point of a schedule.

mod choose;
mod depth_first;
mod guided;
mod pct;
mod random;
mod reduction;
mod replay;
mod text;

pub(crate) use self::choose::Choose;
use self::depth_first::DepthFirst;
pub(crate) use self::guided::Guided;
use self::pct::Pct;
use self::random::Uniform;
pub(crate) use self::replay::Replay;
pub use self::text::StrategyError;

/// How an exploration chooses the thread that goes on at each point.
///
/// Displayed, and parsed, as `random`, `pct:3`, `depth-first`, `depth-first:2` or
/// `partial-order`.
///
/// # Examples
///
/// ```
/// use lockwarden::testing::explore::{Strategy, explore};
///
/// let outcome = explore(|| ()).strategy(Strategy::DepthFirst { preemptions: 2 }).run();
/// outcome.assert_clean();
/// // A build without instrumentation controls no schedule.
/// assert!(outcome.is_exhausted() || !lockwarden::status().is_on());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// Each thread that can go on is chosen with the same probability.
    #[default]
    Random,
    /// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte: "A Randomized
    /// Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010): each thread has a random
    /// priority, the highest one goes on, and at `depth` − 1 random steps the thread that runs falls
    /// below all others. A bug that needs `depth` orders between steps is found by one schedule with a
    /// probability of at least 1/(n·k^(`depth`−1)), for n threads and k steps. A deadlock of two threads
    /// over two locks has depth 2. k is taken to be the number of steps of the longest schedule so far.
    Pct {
        /// How many orders between steps a bug needs. Zero counts as one.
        depth: usize,
    },
    /// All schedules in which a thread that could go on is interrupted at most `preemptions` times
    /// ([`usize::MAX`] for no bound), one after the other. The exploration ends when there is no further
    /// one. For small tests: without a bound, their number grows exponentially in the number of steps.
    DepthFirst {
        /// How many times a thread that could go on may be interrupted in one schedule.
        preemptions: usize,
    },
    /// All schedules that differ in the order of two dependent steps, and few others, one after the other:
    /// dynamic partial-order reduction (Flanagan and Godefroid: "Dynamic Partial-Order Reduction for Model
    /// Checking Software", POPL 2005) with sleep sets. It reaches each deadlock that
    /// [`DepthFirst`](Self::DepthFirst) without a bound reaches, in far fewer schedules.
    ///
    /// Acquisitions of different locks are independent, and releases, starts, joins and ends of threads are
    /// of all but tries; every other operation depends on all. So it is for bodies whose threads share data
    /// in locks and channels, and not in atomics or by `unsafe` code: the order of what two threads do to
    /// an atomic between two such steps may be left out.
    PartialOrder,
}

impl Strategy {
    pub(crate) fn chooser(self, seed: u64) -> Box<dyn Choose> {
        match self {
            Self::Random => Box::new(Uniform::new(seed)),
            Self::Pct { depth } => Box::new(Pct::new(seed, depth)),
            Self::DepthFirst { preemptions } => Box::new(DepthFirst::new(preemptions)),
            Self::PartialOrder => Box::new(DepthFirst::reduced()),
        }
    }

    /// Whether it walks the tree of all choices.
    pub(crate) fn is_exhaustive(self) -> bool {
        matches!(self, Self::DepthFirst { .. } | Self::PartialOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schedules of threads that make so many steps each and never wait.
    fn schedules(strategy: Strategy, seed: u64, steps: &[usize], most: usize) -> Vec<Vec<usize>> {
        let mut chooser = strategy.chooser(seed);
        let mut all = Vec::new();
        while all.len() < most && chooser.begin() {
            let (mut left, mut made, mut current) = (steps.to_vec(), Vec::new(), None);
            loop {
                let options: Vec<usize> = (0..left.len()).filter(|at| left[*at] > 0).collect();
                if options.is_empty() {
                    break;
                }
                let chosen = chooser.choose(current, &options);
                left[chosen] -= 1;
                made.push(chosen);
                current = Some(chosen);
            }
            all.push(made);
        }
        all
    }

    #[test]
    fn depth_first_makes_each_schedule_once() {
        let strategy = Strategy::DepthFirst {
            preemptions: usize::MAX,
        };
        let mut all = schedules(strategy, 0, &[3, 2, 1], 1_000);
        // 6! / (3! 2! 1!)
        assert_eq!(all.len(), 60);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 60);
    }

    #[test]
    fn a_bound_on_preemptions_leaves_those_schedules_that_keep_it() {
        let preemptions = |schedule: &Vec<usize>| {
            let ends = |at: usize| !schedule[at..].contains(&schedule[at - 1]);
            let switches = (1..schedule.len()).filter(|at| schedule[*at] != schedule[*at - 1]);
            switches.filter(|at| !ends(*at)).count()
        };
        let all = Strategy::DepthFirst {
            preemptions: usize::MAX,
        };
        let one = Strategy::DepthFirst { preemptions: 1 };
        let mut wanted = schedules(all, 0, &[3, 3], 1_000);
        wanted.retain(|schedule| preemptions(schedule) <= 1);
        let mut made = schedules(one, 0, &[3, 3], 1_000);
        made.sort();
        wanted.sort();
        assert_eq!(made, wanted);
    }

    #[test]
    fn random_strategies_repeat_with_their_seed_and_differ_without() {
        for strategy in [Strategy::Random, Strategy::Pct { depth: 3 }] {
            let with = |seed| schedules(strategy, seed, &[8, 8, 8], 20);
            assert_eq!(with(1), with(1));
            assert_ne!(with(1), with(2));
        }
    }

    #[test]
    fn pct_of_depth_one_never_interrupts() {
        for schedule in schedules(Strategy::Pct { depth: 1 }, 3, &[4, 4, 4], 50) {
            let switches = schedule.windows(2).filter(|pair| pair[0] != pair[1]);
            assert_eq!(switches.count(), 2, "{schedule:?}");
        }
    }
}
