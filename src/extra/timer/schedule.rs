//! Due times of a periodic timer.

use std::time::{Duration, Instant};

use crate::instrument::deadline_from;

/// Due time of the next run, and the number of skipped runs.
///
/// The due times are multiples of the period from the start on, so errors do not accumulate.
#[derive(Debug)]
pub(super) struct Schedule {
    period: Duration,
    due: Instant,
    missed: u64,
}

impl Schedule {
    /// Creates a schedule whose first run is due one period after `start`.
    pub(super) fn new(start: Instant, period: Duration) -> Self {
        let period = period.max(Duration::from_nanos(1));
        Self {
            period,
            due: deadline_from(start, period),
            missed: 0,
        }
    }

    pub(super) fn period(&self) -> Duration {
        self.period
    }

    /// Returns the due time of the next run, which may have passed.
    pub(super) fn due(&self) -> Instant {
        self.due
    }

    pub(super) fn missed(&self) -> u64 {
        self.missed
    }

    /// Records the begin of the due run, and makes the next one due.
    pub(super) fn begin(&mut self) {
        self.due = deadline_from(self.due, self.period);
    }

    /// Skips and counts the runs whose due time has passed at `now`, the end of a run.
    pub(super) fn catch_up(&mut self, now: Instant) {
        let behind = now.saturating_duration_since(self.due).as_nanos();
        if behind == 0 {
            return;
        }
        let period = self.period.as_nanos();
        let missed = behind.div_ceil(period);
        // The quotient fits: the age of the program is less than 500 years in nanoseconds.
        let skipped = u64::try_from(missed * period).unwrap_or(u64::MAX);
        self.due = deadline_from(self.due, Duration::from_nanos(skipped));
        self.missed = self
            .missed
            .saturating_add(u64::try_from(missed).unwrap_or(u64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Returns the due times of the next run, in periods of 10 ms from the start, and the skipped
    /// runs, after runs that ended at these milliseconds.
    fn after(ends: &[u32]) -> Vec<(u128, u64)> {
        let start = Instant::now();
        let mut schedule = Schedule::new(start, 10 * MS);
        let mut seen = Vec::new();
        for &end in ends {
            schedule.begin();
            schedule.catch_up(start + end * MS);
            let due = schedule.due() - start;
            assert_eq!(due.as_nanos() % (10 * MS).as_nanos(), 0);
            seen.push((due.as_millis() / 10, schedule.missed()));
        }
        seen
    }

    #[test]
    fn runs_that_are_late_or_slow_move_no_later_time() {
        assert_eq!(after(&[11, 29, 30]), [(2, 0), (3, 0), (4, 0)]);
    }

    #[test]
    fn a_run_whose_time_has_passed_is_skipped_and_counted() {
        // The run that was due at 10 takes until 35: the runs due at 20 and 30 are skipped.
        assert_eq!(after(&[35, 41]), [(4, 2), (5, 2)]);
        // A run that ends exactly when the next one is due skips none.
        assert_eq!(after(&[20, 29]), [(2, 0), (3, 0)]);
        assert_eq!(after(&[1_000_005]), [(100_001, 99_999)]);
    }

    #[test]
    fn the_first_run_is_due_after_one_period() {
        let start = Instant::now();
        assert_eq!(Schedule::new(start, MS).due(), start + MS);
    }

    #[test]
    fn extreme_periods_do_not_overflow() {
        let start = Instant::now();
        let mut never = Schedule::new(start, Duration::MAX);
        never.begin();
        never.catch_up(start + MS);
        assert_eq!(never.missed(), 0);
        assert!(never.due() > start + Duration::from_secs(1 << 30));
        let mut always = Schedule::new(start, Duration::ZERO);
        always.begin();
        always.catch_up(start + Duration::from_nanos(5));
        assert_eq!(always.missed(), 3);
        assert_eq!(always.due(), start + Duration::from_nanos(5));
    }
}
