//! State of a barrier: the arrivals of the present generation, and how past ones ended.
//!
//! A thread that wakes late may find that later generations have ended too. Most generations
//! succeed, so only the failed ones are stored, until every thread of theirs has read the outcome.

use super::error::BrokenBarrierError;
use crate::instrument::{Clock, SharedMergedClock};

/// Present generation, and the failed ones that are still stored.
#[derive(Debug)]
pub(super) struct Generations {
    /// The number of threads that have arrived.
    waiting: usize,
    number: usize,
    /// The merged clock of the arrivals; created by the first of them.
    meeting: Option<SharedMergedClock>,
    /// Whether arrivals fail.
    broken: bool,
    /// The failed generations, each with the number of threads that have not read the outcome.
    failed: Vec<(usize, usize)>,
}

/// Outcome of an arrival.
#[derive(Debug)]
pub(super) enum Arrival {
    /// All threads have arrived.
    Last(SharedMergedClock),
    /// Some threads of the generation with that number are missing.
    Early(usize, SharedMergedClock),
}

impl Generations {
    pub(super) const fn new() -> Self {
        Self {
            waiting: 0,
            number: 0,
            meeting: None,
            broken: false,
            failed: Vec::new(),
        }
    }

    /// Records an arrival, with the clock `past`, at a barrier for `threads` threads.
    pub(super) fn come(
        &mut self,
        threads: usize,
        past: &Clock,
    ) -> Result<Arrival, BrokenBarrierError> {
        if self.broken {
            return Err(BrokenBarrierError);
        }
        let meeting = self
            .meeting
            .get_or_insert_with(SharedMergedClock::new)
            .clone();
        meeting.add(past);
        self.waiting += 1;
        if self.waiting < threads {
            return Ok(Arrival::Early(self.number, meeting));
        }
        self.begin();
        Ok(Arrival::Last(meeting))
    }

    /// Begins the next generation.
    fn begin(&mut self) {
        self.waiting = 0;
        self.number = self.number.wrapping_add(1);
        self.meeting = None;
    }

    /// Ends the present generation as failed, if a thread waits in it.
    pub(super) fn fail(&mut self) {
        if self.waiting > 0 {
            self.failed.push((self.number, self.waiting));
            self.begin();
        }
    }

    /// Sets whether later arrivals fail.
    pub(super) fn set_broken(&mut self, broken: bool) {
        self.broken = broken;
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Returns whether the generation with that number is the present one.
    pub(super) fn runs(&self, number: usize) -> bool {
        self.number == number
    }

    /// Removes one thread from a generation and returns how that ended; `None` if it is the present
    /// one, whose count of arrivals is then decremented.
    pub(super) fn leave(&mut self, number: usize) -> Option<Result<(), BrokenBarrierError>> {
        if self.runs(number) {
            self.waiting -= 1;
            return None;
        }
        let Some(at) = self.failed.iter().position(|(failed, _)| *failed == number) else {
            return Some(Ok(()));
        };
        self.failed[at].1 -= 1;
        if self.failed[at].1 == 0 {
            self.failed.swap_remove(at);
        }
        Some(Err(BrokenBarrierError))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn early(rounds: &mut Generations) -> usize {
        match rounds.come(3, &Clock::release()) {
            Ok(Arrival::Early(number, _)) => number,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_last_arrival_completes_the_generation() {
        let mut rounds = Generations::new();
        let (first, second) = (early(&mut rounds), early(&mut rounds));
        assert_eq!((first, second, rounds.waiting()), (0, 0, 2));
        assert!(matches!(
            rounds.come(3, &Clock::release()),
            Ok(Arrival::Last(_))
        ));
        assert_eq!(early(&mut rounds), 1);
        assert_eq!(rounds.leave(first), Some(Ok(())));
        assert_eq!(rounds.leave(second), Some(Ok(())));
    }

    #[test]
    fn every_thread_of_a_failed_generation_reads_the_error_however_late() {
        let mut rounds = Generations::new();
        let (first, second) = (early(&mut rounds), early(&mut rounds));
        rounds.fail();
        // This generation is empty.
        rounds.fail();
        let third = early(&mut rounds);
        rounds.fail();
        let fourth = early(&mut rounds);
        assert_eq!(rounds.leave(first), Some(Err(BrokenBarrierError)));
        assert_eq!(rounds.leave(third), Some(Err(BrokenBarrierError)));
        assert_eq!(rounds.leave(second), Some(Err(BrokenBarrierError)));
        assert!(rounds.failed.is_empty());
        assert_eq!(rounds.leave(fourth), None);
        assert_eq!(rounds.waiting(), 0);
    }

    #[test]
    fn arrivals_fail_while_it_is_broken() {
        let mut rounds = Generations::new();
        rounds.set_broken(true);
        assert!(rounds.come(1, &Clock::release()).is_err());
        rounds.set_broken(false);
        assert!(matches!(
            rounds.come(1, &Clock::release()),
            Ok(Arrival::Last(_))
        ));
    }
}
