//! Which orders of steps make a difference: dynamic partial-order reduction.
//!
//! Two steps of different threads are in a race if they depend on each other and nothing orders them. Then
//! the thread of the later one has to go on at the choice before the earlier one, in a later schedule.
//! (Flanagan and Godefroid, "Dynamic Partial-Order Reduction for Model Checking Software", POPL 2005.)

use crate::engine::lists;
use crate::tracking::scheduled::{Next, Touch};

/// For each thread, how many steps of the schedule there are up to its last one that comes before.
#[derive(Clone, Default)]
struct Clock(Vec<usize>);

impl Clock {
    fn of(&self, thread: usize) -> usize {
        self.0.get(thread).copied().unwrap_or(0)
    }

    fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    fn set(&mut self, thread: usize, steps: usize) {
        if self.0.len() <= thread {
            self.0.resize(thread + 1, 0);
        }
        self.0[thread] = steps;
    }
}

struct Event {
    thread: usize,
    touch: Touch,
    clock: Clock,
}

/// Two steps in a race: the earlier one, and the thread that is about to make the later one.
pub(super) struct Race {
    /// The number of the choice before the earlier step.
    pub(super) at: usize,
    pub(super) thread: usize,
    /// The threads with a step after the earlier one that comes before the later one.
    pub(super) before: Vec<usize>,
}

/// The order of the steps of the schedule under way.
#[derive(Default)]
pub(super) struct Reduction {
    events: Vec<Event>,
    clocks: Vec<Clock>,
    /// What comes before the next exclusive acquisition of a lock: its releases, by its tag.
    released: Vec<(u64, Clock)>,
    /// The thread that was chosen last, until its step is over or taken back.
    chosen: Option<usize>,
    /// The next steps, as they were at the last choice.
    next: Vec<Next>,
}

impl Reduction {
    /// Adds the step that was chosen last, now that it is over; returns its thread, and the next steps that
    /// there were before.
    pub(super) fn see(
        &mut self,
        next: &[Next],
        joins: &[(usize, usize)],
    ) -> Option<(usize, Vec<Next>)> {
        let before = std::mem::replace(&mut self.next, next.to_vec());
        let made = self.chosen.take();
        if let Some(thread) = made {
            self.add(thread, &before[thread]);
        }
        // A thread is started by the step before.
        let start = made.map_or_else(Clock::default, |thread| self.clocks[thread].clone());
        self.clocks.resize(next.len(), start);
        for (thread, joined) in joins {
            let end = self.clocks[*joined].clone();
            self.clocks[*thread].join(&end);
        }
        made.map(|thread| (thread, before))
    }

    fn add(&mut self, thread: usize, step: &Next) {
        let mut clock = std::mem::take(&mut self.clocks[thread]);
        for event in &self.events {
            if event.touch.depends_on(step.touch) {
                clock.join(&event.clock);
            }
        }
        let mut held = step.held.clone();
        if let Touch::Acquires(lock) | Touch::Shares(lock) | Touch::Tries(lock) = step.touch {
            held.push(lock);
            // A reader does not wait for the release of another reader.
            if !matches!(step.touch, Touch::Shares(_)) {
                clock.join(self.released(lock));
            }
        }
        clock.set(thread, self.events.len() + 1);
        lists::retain(&mut held, &|lock| !self.next[thread].held.contains(lock));
        for lock in &held {
            self.released(*lock).join(&clock);
        }
        self.clocks[thread] = clock.clone();
        self.events.push(Event {
            thread,
            touch: step.touch,
            clock,
        });
    }

    /// What comes before the next exclusive acquisition of the lock with this tag.
    fn released(&mut self, lock: u64) -> &mut Clock {
        let at = match self.released.iter().position(|(known, _)| *known == lock) {
            Some(at) => at,
            None => {
                self.released.push((lock, Clock::default()));
                self.released.len() - 1
            }
        };
        &mut self.released[at].1
    }

    /// The races of the next steps, each with the last step that it is in a race with.
    pub(super) fn races(&self) -> Vec<Race> {
        let mut races = Vec::new();
        for (thread, next) in self.next.iter().enumerate() {
            let clock = &self.clocks[thread];
            let is_race = |at: &usize| {
                let event = &self.events[*at];
                event.thread != thread
                    && event.touch.depends_on(next.touch)
                    && clock.of(event.thread) <= *at
            };
            let Some(at) = (0..self.events.len()).rev().find(is_race) else {
                continue;
            };
            let mut before = Vec::new();
            for other in 0..self.next.len() {
                if clock.of(other) > at + 1 {
                    before.push(other);
                }
            }
            races.push(Race { at, thread, before });
        }
        races
    }

    pub(super) fn choose(&mut self, thread: usize) {
        self.chosen = Some(thread);
    }

    pub(super) fn take_back(&mut self) {
        self.chosen = None;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::explore::strategy::Strategy;
    use crate::tracking::scheduled::{Next, Touch};

    /// The schedules of threads that make these steps and never wait.
    fn schedules(threads: &[&[Touch]]) -> Vec<Vec<usize>> {
        let mut chooser = Strategy::PartialOrder.chooser(0);
        let mut all = Vec::new();
        while chooser.begin() {
            let (mut made, mut current) = (vec![0; threads.len()], None);
            let mut schedule = Vec::new();
            loop {
                let touch = |at: usize| threads[at].get(made[at]).copied();
                let options: Vec<usize> = (0..threads.len())
                    .filter(|at| touch(*at).is_some())
                    .collect();
                if options.is_empty() {
                    break;
                }
                let next = (0..threads.len()).map(|at| Next {
                    touch: touch(at).unwrap_or(Touch::Nothing),
                    held: Vec::new(),
                });
                chooser.see(&next.collect::<Vec<_>>(), &[]);
                let chosen = chooser.choose(current, &options);
                made[chosen] += 1;
                schedule.push(chosen);
                current = Some(chosen);
            }
            all.push(schedule);
        }
        all
    }

    #[test]
    fn independent_steps_are_made_in_one_order() {
        let (one, other) = (Touch::Acquires(1), Touch::Acquires(2));
        assert_eq!(
            schedules(&[&[one, one], &[other], &[Touch::Releases]]).len(),
            1
        );
        assert_eq!(schedules(&[&[one, other], &[other]]).len(), 2);
    }

    #[test]
    fn steps_that_depend_on_each_other_are_made_in_every_order() {
        let one = Touch::Acquires(1);
        for step in [one, Touch::Tries(1), Touch::Anything] {
            let orders: BTreeSet<Vec<usize>> =
                schedules(&[&[one], &[step], &[step]]).into_iter().collect();
            assert_eq!(orders.len(), 6, "{orders:?}");
        }
        // A try may see a release.
        assert_eq!(
            schedules(&[&[Touch::Releases], &[Touch::Tries(1)]]).len(),
            2
        );
    }
}
