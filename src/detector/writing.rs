//! The periods in which reports are written: time during which threads may wait for the writing thread.
//!
//! A finding is written by the thread that made it, while it holds all its locks. In a build without
//! optimisation that can take a second or more. The watchdog does not count this time, or it would report
//! threads that wait for the detector.

use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::thread::wait;

/// The number of periods that are remembered, the last ones.
const KEPT: usize = 64;

/// How much of one period counts, in nanoseconds: a sink that does not return excuses no longer wait.
const LONGEST: u64 = 5_000_000_000;

/// A time from and up to which at least one report was being written, in nanoseconds.
pub(crate) type Period = (u64, u64);

#[derive(Debug)]
pub(crate) struct Periods {
    /// The number of reports that are being written.
    now: usize,
    /// The time since which at least one is.
    since: u64,
    over: Vec<Period>,
}

pub(crate) static PERIODS: ForkSafe<Periods> = ForkSafe::new(Periods {
    now: 0,
    since: 0,
    over: Vec::new(),
});

/// A report that is being written, until this is dropped.
#[derive(Debug)]
pub(super) struct Writing(());

impl Writing {
    pub(super) fn new() -> Self {
        let now = wait::now();
        let mut periods = PERIODS.lock();
        if periods.now == 0 {
            periods.since = now;
        }
        periods.now += 1;
        Self(())
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let now = wait::now();
        let mut periods = PERIODS.lock();
        periods.now = periods.now.saturating_sub(1);
        if periods.now == 0 {
            let period = bounded(periods.since, now);
            if periods.over.len() == KEPT {
                periods.over.remove(0);
            }
            periods.over.push(period);
        }
    }
}

fn bounded(since: u64, now: u64) -> Period {
    (since, now.min(since.saturating_add(LONGEST)))
}

/// Forgets the periods in the child of a fork, where the writing threads do not exist.
pub(crate) fn forget() {
    PERIODS.lock().now = 0;
}

/// Returns the last periods in which reports were written, up to `now`.
pub(crate) fn periods(now: u64) -> Vec<Period> {
    let periods = PERIODS.lock();
    let mut all = periods.over.clone();
    if periods.now > 0 {
        all.push(bounded(periods.since, now));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_lasts_from_the_first_report_to_the_last_and_is_bounded() {
        assert_eq!(bounded(7, 9), (7, 9));
        assert_eq!(bounded(7, u64::MAX), (7, 7 + LONGEST));
        let before = wait::now();
        let (outer, inner) = (Writing::new(), Writing::new());
        drop(outer);
        let between = wait::now();
        assert!(periods(between).last().unwrap().0 >= before);
        drop(inner);
        // Other tests may write reports at the same time.
        let covers = |(from, to): &Period| *from <= between && between <= *to;
        assert!(periods(wait::now()).iter().any(covers));
    }
}
