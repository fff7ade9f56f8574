//! How samples are taken: in rounds, in a random order, two subjects side by side.

use std::time::Duration;

use super::random::Random;

/// A case: a number of operations in, the time that they took out.
pub type Run = fn(u64) -> Duration;

/// One case of two subjects.
pub struct Row {
    /// What it is called.
    pub name: String,
    /// The tracked locks.
    pub ours: Run,
    /// The bare ones.
    pub bare: Run,
    /// How many operations make a sample.
    pub count: u64,
    /// The ratio not to be passed, if there is one.
    pub goal: Option<f64>,
    samples: [Vec<f64>; 2],
}

impl Row {
    /// A case whose number of operations is chosen so that a sample of the bare locks takes about
    /// `target`.
    pub fn calibrated(name: String, [ours, bare]: [Run; 2], target: Duration) -> Self {
        let mut count = 128;
        loop {
            let time = bare(count);
            if time * 4 >= target || count >= 1 << 30 {
                let factor = target.as_secs_f64() / time.as_secs_f64().max(1e-9);
                count = ((count as f64 * factor) as u64).max(2);
                return Self::counted(name, [ours, bare], count);
            }
            count *= 4;
        }
    }

    /// A case of `count` operations a sample.
    pub fn counted(name: String, [ours, bare]: [Run; 2], count: u64) -> Self {
        Self {
            name,
            ours,
            bare,
            count,
            goal: None,
            samples: [Vec::new(), Vec::new()],
        }
    }

    fn sample(&mut self, which: usize) {
        let run = [self.ours, self.bare][which];
        let time = run(self.count).as_secs_f64() * 1e9 / self.count as f64;
        self.samples[which].push(time);
    }

    /// The figures, once all rounds are done.
    pub fn figures(&self) -> Figures {
        let [ours, bare] = [&self.samples[0], &self.samples[1]].map(|samples| Spread::of(samples));
        Figures { ours, bare }
    }
}

/// The samples of one subject, in nanoseconds an operation.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub least: f64,
}

impl Spread {
    /// The spread of `samples`, of which there is at least one.
    pub fn of(samples: &[f64]) -> Self {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let half = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            (sorted[half - 1] + sorted[half]) / 2.0
        } else {
            sorted[half]
        };
        Self {
            median,
            least: sorted[0],
        }
    }
}

/// What came out of a row.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Of the tracked locks.
    pub ours: Spread,
    /// Of the bare ones.
    pub bare: Spread,
}

/// Takes `rounds` samples of every row. In each round the rows come in another order, and the two
/// subjects of a row come right after each other, in either order: whatever else the machine does
/// meanwhile meets both alike.
pub fn run(rows: &mut [Row], rounds: usize, random: &mut Random) {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    for _ in 0..rounds {
        random.shuffle(&mut order);
        for &at in &order {
            let first = random.below(2);
            rows[at].sample(first);
            rows[at].sample(1 - first);
        }
    }
}
