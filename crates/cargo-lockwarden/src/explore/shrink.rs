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
    let (Some(mut choices), Some(mut runs)) =
        (failed.said("choices").map(str::to_owned), failed.runs())
    else {
        return Ok(None);
    };
    let releases = failed.has("releases");
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
            if let (Some(better), Some(shorter)) = (ended.said("choices"), ended.runs())
                && is_same(&ended, failed)
                && shorter.len() < runs.len()
            {
                choices = better.to_owned();
                (at, runs) = (shorter.len(), shorter);
                break;
            }
        }
    }
    Ok(Some(choices))
}

/// Whether both fail because no thread can go on, by a deadlock that is reported, or otherwise.
pub(super) fn is_same(one: &Ended, other: &Ended) -> bool {
    let way = |ended: &Ended| {
        let end = ended.said("end").map(str::to_owned);
        (ended.failed, end, ended.output.contains("Deadlock:"))
    };
    way(one) == way(other)
}

/// The schedule without its run at `at`, and with that run after the next one.
fn candidates(runs: &[String], at: usize) -> Vec<Vec<String>> {
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
    fn a_run_is_left_out_or_comes_after_the_next_one() {
        let runs = ["0<1", "1<2", "0<4"].map(str::to_owned);
        let left_out = candidates(&runs, 1);
        assert_eq!(left_out, [vec!["0<1", "0<4"], vec!["0<1", "0<4", "1<2"]]);
    }
}
