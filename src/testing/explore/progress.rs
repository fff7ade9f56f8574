//! The progress of a long exploration, on standard error.

use std::time::{Duration, Instant};

use crate::engine::ids::Site;
use crate::report::place;
use crate::sink;

const PROGRESS: Duration = Duration::from_secs(10);

/// Prints on standard error how many schedules of a long exploration were run.
pub(super) struct Progress {
    most: usize,
    start: Instant,
    next: Duration,
}

impl Progress {
    #[inline]
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            start: Instant::now(),
            next: PROGRESS,
        }
    }

    #[inline]
    pub(super) fn print(&mut self, made: usize, findings: usize, site: Site) {
        // The clock is read for every sixteenth schedule, since a short one takes some microseconds.
        if !made.is_multiple_of(16) || self.start.elapsed() < self.next {
            return;
        }
        let passed = self.start.elapsed();
        self.next = passed + PROGRESS;
        sink::say(&format!(
            "{made} of {} schedules of the exploration at {} in {:.0} s, {findings} findings",
            self.most,
            place(site),
            passed.as_secs_f64(),
        ));
    }
}
