//! What a barrier counts: who has come, and how each round has ended.
//!
//! A thread that wakes late may find that more rounds have ended since its own. Most end well, so
//! only those are remembered that did not, for as long as somebody has not been told.

use super::error::BrokenBarrierError;
use crate::instrument::{Clock, SharedMergedClock};

/// The round that runs, and those before it that are not forgotten.
#[derive(Debug)]
pub(super) struct Generations {
    /// How many have come.
    waiting: usize,
    /// The number of the round.
    number: usize,
    /// Where those who come gather what they did; made by the first of them.
    meeting: Option<SharedMergedClock>,
    /// Whether nobody may come.
    broken: bool,
    /// The rounds that were broken off, each with how many have not been told.
    failed: Vec<(usize, usize)>,
}

/// What becomes of somebody who comes.
#[derive(Debug)]
pub(super) enum Arrival {
    /// All are there.
    Last(SharedMergedClock),
    /// Some are missing, of the round of that number.
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

    /// Somebody comes, after `past`, to a barrier for so many threads.
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

    /// Who comes now meets others.
    fn begin(&mut self) {
        self.waiting = 0;
        self.number = self.number.wrapping_add(1);
        self.meeting = None;
    }

    /// Breaks off the round that runs: nobody can go on by it.
    pub(super) fn fail(&mut self) {
        if self.waiting > 0 {
            self.failed.push((self.number, self.waiting));
            self.begin();
        }
    }

    /// From now on nobody may come, or everybody may.
    pub(super) fn set_broken(&mut self, broken: bool) {
        self.broken = broken;
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether the round of that number runs.
    pub(super) fn runs(&self, number: usize) -> bool {
        self.number == number
    }

    /// One of those who came to a round leaves: how that has ended, or `None` if it runs, in which
    /// case it is one less.
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
    fn the_last_one_ends_the_round_well() {
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
    fn those_of_a_round_that_failed_are_told_so_however_late() {
        let mut rounds = Generations::new();
        let (first, second) = (early(&mut rounds), early(&mut rounds));
        rounds.fail();
        // Nobody is in this one.
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
    fn nobody_comes_while_it_is_broken() {
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
