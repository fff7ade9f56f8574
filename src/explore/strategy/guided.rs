//! A schedule that is given as a sequence of runs, one thread each.

use super::Choose;
use crate::explore::schedule;

/// Lets one thread after the other go on, each up to a number of steps of its own, as far as it can.
///
/// The numbers count from the begin of the thread, so a run that is left out leaves the others what they
/// are: the next run of the same thread makes its steps, too. After the last run, the thread that made the
/// last step goes on for as long as it can.
pub(crate) struct Guided {
    /// Threads, with the number of their own steps after which the run ends.
    runs: Vec<(usize, usize)>,
    /// How many runs are over.
    over: usize,
    /// How many steps each thread has made.
    made: Vec<usize>,
    begun: bool,
}

impl Guided {
    pub(crate) fn new(runs: &[(usize, usize)]) -> Self {
        Self {
            runs: runs.to_vec(),
            over: 0,
            made: Vec::new(),
            begun: false,
        }
    }

    /// The runs of the schedule with these steps.
    pub(crate) fn runs(steps: &[usize]) -> Vec<(usize, usize)> {
        let (mut guided, mut runs) = (Self::new(&[]), schedule::runs(steps));
        for (thread, count) in &mut runs {
            let made = guided.made(*thread);
            *made += *count;
            *count = *made;
        }
        runs
    }

    fn made(&mut self, thread: usize) -> &mut usize {
        if self.made.len() <= thread {
            self.made.resize(thread + 1, 0);
        }
        &mut self.made[thread]
    }
}

impl Choose for Guided {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    fn choose(&mut self, current: Option<usize>, options: &[usize]) -> usize {
        while let Some(&(thread, until)) = self.runs.get(self.over) {
            if *self.made(thread) < until && options.contains(&thread) {
                *self.made(thread) += 1;
                return thread;
            }
            self.over += 1;
        }
        let chosen = current.filter(|current| options.contains(current));
        let chosen = chosen.unwrap_or(options[0]);
        *self.made(chosen) += 1;
        chosen
    }

    fn take_back(&mut self, thread: usize) {
        *self.made(thread) -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_is_left_out_is_made_by_the_next_one_of_its_thread() {
        let mut runs = Guided::runs(&[0, 1, 0, 0, 1]);
        assert_eq!(runs, [(0, 1), (1, 1), (0, 3), (1, 2)]);
        runs.remove(1);
        let mut guided = Guided::new(&runs);
        assert!(guided.begin());
        let made: Vec<usize> = (0..5)
            .map(|made| {
                let options: &[usize] = if made < 3 { &[0, 1] } else { &[1] };
                guided.choose(None, options)
            })
            .collect();
        assert_eq!(made, [0, 0, 0, 1, 1]);
        assert!(!guided.begin());
    }
}
