//! A schedule with fewer switches in which a test fails in the same way.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::process::{self, Ended, Schedule};
use super::tests::Test;
use crate::run::Prepared;

/// How long it takes at most.
const MOST_TIME: Duration = Duration::from_secs(10);

/// Leaves out, or swaps, one run of a thread after the other, as long as the test still fails in the same way and
/// with fewer switches. Returns the shortest schedule.
///
/// # Errors
///
/// If the test cannot be started.
pub(super) fn shrink(prepared: &Prepared, test: &Test, failed: &Ended) -> Result<Option<String>> {
    let end = Instant::now() + MOST_TIME;
    let (Some(mut choices), Some(steps)) = (failed.said("choices"), failed.said("steps")) else {
        return Ok(None);
    };
    let (releases, mut runs) = (steps.starts_with('+'), runs(steps));
    let mut best = None;
    // From the end: what comes after the switch that matters is left out at once.
    let mut at = runs.len();
    while at > 0 && runs.len() > 1 {
        at -= 1;
        for candidate in candidates(&runs, at) {
            if Instant::now() >= end {
                break;
            }
            let schedule = Schedule::Guided {
                runs: candidate,
                releases,
            };
            let ended = process::run(prepared, test, &schedule)?;
            let shorter = ended.said("steps").map(self::runs);
            if let Some(shorter) = shorter
                && is_same(&ended, failed)
                && shorter.len() < runs.len()
            {
                (runs, at) = (shorter.clone(), shorter.len());
                best = ended.said("choices").map(str::to_owned);
                break;
            }
        }
    }
    if let Some(best) = &best {
        choices = best;
    }
    Ok(Some(choices.to_owned()))
}

/// Whether both fail because no thread can go on, by a deadlock that is reported, or otherwise.
pub(super) fn is_same(one: &Ended, other: &Ended) -> bool {
    let way = |ended: &Ended| {
        let end = ended.said("end").map(str::to_owned);
        (ended.failed, end, ended.output.contains("Deadlock:"))
    };
    way(one) == way(other)
}

/// The runs of a schedule such as `0*3 1 0*2`: each with the number of its thread's own steps after which it ends.
fn runs(steps: &str) -> Vec<(usize, usize)> {
    let mut made: Vec<usize> = Vec::new();
    let words = steps.split_whitespace().filter(|word| *word != "+");
    let run = |word: &str| {
        let (thread, count) = word.split_once('*').unwrap_or((word, "1"));
        let (thread, count): (usize, usize) = (thread.parse().ok()?, count.parse().ok()?);
        if made.len() <= thread {
            made.resize(thread + 1, 0);
        }
        made[thread] += count;
        Some((thread, made[thread]))
    };
    words.filter_map(run).collect()
}

/// The schedule without its run at `at`, and with that run after the next one.
fn candidates(runs: &[(usize, usize)], at: usize) -> Vec<Vec<(usize, usize)>> {
    let mut without = runs.to_vec();
    without.remove(at);
    let mut all = vec![without];
    if at + 1 < runs.len() {
        let mut swapped = runs.to_vec();
        swapped.swap(at, at + 1);
        all.push(swapped);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_of_a_schedule_end_after_the_steps_of_their_thread() {
        assert_eq!(runs("+ 0 1*2 0*3"), [(0, 1), (1, 2), (0, 4)]);
        let left_out = candidates(&[(0, 1), (1, 2), (0, 4)], 1);
        assert_eq!(
            left_out,
            [vec![(0, 1), (0, 4)], vec![(0, 1), (0, 4), (1, 2)]]
        );
    }
}
