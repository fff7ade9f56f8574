//! A schedule with fewer switches that shows the same.

use std::time::{Duration, Instant};

use super::finding::FindingKind;
use crate::explore::course::Course;
use crate::explore::strategy::{Choose, Guided};

/// How many schedules are run for it.
const MOST_RUNS: usize = 400;
/// How long it takes.
const MOST_TIME: Duration = Duration::from_secs(5);

/// Leaves out, or swaps, one run of a thread after the other, as long as the schedule still shows the
/// finding that is `wanted` and has fewer switches. `run` runs a schedule.
///
/// Returns the shortest schedule, if it is shorter than that of `steps`.
pub(super) fn shrink(
    steps: &[usize],
    wanted: &FindingKind,
    mut run: impl FnMut(Box<dyn Choose>) -> (Course, Vec<FindingKind>),
) -> Option<Course> {
    let end = Instant::now() + MOST_TIME;
    let (mut runs, mut best) = (Guided::runs(steps), None);
    let mut left = MOST_RUNS;
    // From the end: what comes after the switch that matters is left out at once.
    let mut at = runs.len();
    while at > 0 && runs.len() > 1 {
        at -= 1;
        let mut found = None;
        for candidate in candidates(&runs, at) {
            if left == 0 || Instant::now() >= end {
                return best;
            }
            left -= 1;
            let (course, kinds) = run(Box::new(Guided::new(&candidate)));
            let shows = kinds.iter().any(|kind| kind.is_same(wanted));
            let shorter = Guided::runs(&course.steps);
            if shows && course.exact && shorter.len() < runs.len() {
                found = Some((shorter, course));
                break;
            }
        }
        if let Some((shorter, course)) = found {
            runs = shorter;
            best = Some(course);
            at = runs.len();
        }
    }
    best
}

/// The schedule without its run at `at`, and with that run after the next one.
#[inline]
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
