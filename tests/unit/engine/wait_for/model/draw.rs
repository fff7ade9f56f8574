//! Random systems.

use super::system::{
    Branch, EXCLUSIVE, Phase, SHARED, STRANGER, Standing, State, System, THINGS, THREADS, Thing,
    Threads, Wait,
};
use crate::engine::random::Random;

/// Returns the system with this seed.
pub(super) fn system(seed: u64) -> System {
    Draw(Random::new(seed)).system()
}

struct Draw(Random);

impl Draw {
    fn system(&mut self) -> System {
        let count = 1 + self.0.below(THREADS);
        let length = 1 + self.0.below(THINGS);
        let mut begin = State {
            phases: [Phase::None; THREADS + 1],
            things: [Standing::default(); THINGS],
        };
        for phase in &mut begin.phases[..count] {
            *phase = self.phase();
        }
        if self.0.one_in(8) {
            begin.phases[STRANGER] = Phase::Runs;
        }
        let lives: Threads = std::array::from_fn(|thread| begin.phases[thread] != Phase::None);
        let mut things = Vec::new();
        for standing in &mut begin.things[..length] {
            let thing = self.thing(&lives);
            *standing = self.standing(&thing, &lives);
            things.push(thing);
        }
        let waits = (0..count).map(|_| self.wait(&things, count)).collect();
        let mut system = System {
            count,
            things,
            waits,
            takes: count * length <= 9,
            begin,
        };
        system.settle();
        system
    }

    fn phase(&mut self) -> Phase {
        match self.0.below(16) {
            0..=1 => Phase::Runs,
            2 => Phase::Ended,
            3 => Phase::Timed,
            4 => Phase::Relocks,
            _ => Phase::Blocked,
        }
    }

    fn thing(&mut self, lives: &Threads) -> Thing {
        match self.0.below(11) {
            0..=4 => Thing::Lock {
                queues: self.0.one_in(2),
            },
            5 => Thing::Permits,
            6 => Thing::Event,
            7 => Thing::Job {
                by: self.some(lives),
            },
            8..=9 => Thing::Channel {
                room: u8::from(self.0.one_in(2)),
                senders: self.some(lives),
                receivers: self.some(lives),
            },
            _ => Thing::Condvar,
        }
    }

    /// Returns a random subset of the live threads.
    fn some(&mut self, lives: &Threads) -> Threads {
        lives.map(|lives| lives && self.0.one_in(3))
    }

    fn standing(&mut self, thing: &Thing, lives: &Threads) -> Standing {
        let mut standing = Standing::default();
        match thing {
            Thing::Lock { .. } if self.0.one_in(2) => {
                standing.held[self.one_of(lives)] = EXCLUSIVE;
            }
            Thing::Lock { .. } => {
                standing.held = self.some(lives).map(|holds| u8::from(holds) * SHARED);
            }
            Thing::Permits => {
                standing.level = u8::from(self.0.one_in(2));
                standing.held = self.some(lives).map(u8::from);
            }
            Thing::Event | Thing::Job { .. } => standing.level = u8::from(self.0.one_in(6)),
            Thing::Channel { room, .. } => standing.level = self.0.below(1 + *room as usize) as u8,
            Thing::Condvar => {}
        }
        standing
    }

    fn one_of(&mut self, lives: &Threads) -> usize {
        loop {
            let thread = self.0.below(THREADS + 1);
            if lives[thread] {
                return thread;
            }
        }
    }

    fn wait(&mut self, things: &[Thing], count: usize) -> Wait {
        let at = self.0.below(things.len());
        if self.0.one_in(6) {
            return Wait::End {
                of: self.0.below(count),
            };
        }
        match things[at] {
            Thing::Lock { .. } => Wait::Lock {
                at,
                exclusive: !self.0.one_in(3),
            },
            Thing::Permits => Wait::Permit { at },
            Thing::Event => Wait::Event { at },
            Thing::Job { .. } => Wait::Job { at },
            Thing::Channel { .. } => {
                let mut branches = vec![Branch {
                    at,
                    sends: self.0.one_in(2),
                }];
                for (at, thing) in things.iter().enumerate() {
                    if matches!(thing, Thing::Channel { .. }) && self.0.one_in(3) {
                        let sends = self.0.one_in(2);
                        branches.push(Branch { at, sends });
                    }
                }
                Wait::Branches(branches)
            }
            Thing::Condvar => {
                let is_lock = |at: &usize| matches!(things[*at], Thing::Lock { .. });
                match (0..things.len()).find(is_lock) {
                    Some(mutex) => Wait::Condvar { at, mutex },
                    None => Wait::End {
                        of: self.0.below(count),
                    },
                }
            }
        }
    }
}

impl System {
    /// Makes the initial state consistent.
    fn settle(&mut self) {
        for thread in 0..self.count {
            let phase = &mut self.begin.phases[thread];
            let is_notified = *phase == Phase::Relocks;
            if is_notified && !matches!(self.waits[thread], Wait::Condvar { .. }) {
                *phase = Phase::Blocked;
            }
            // A thread that waits at a channel has an end of it.
            if let Wait::Branches(branches) = &self.waits[thread] {
                for branch in branches {
                    if let Thing::Channel {
                        senders, receivers, ..
                    } = &mut self.things[branch.at]
                    {
                        let ends = if branch.sends { senders } else { receivers };
                        ends[thread] = true;
                    }
                }
            }
            // A thread that waits for a condition variable does not hold its mutex.
            if let Wait::Condvar { mutex, .. } = self.waits[thread]
                && matches!(*phase, Phase::Blocked | Phase::Timed | Phase::Relocks)
            {
                self.begin.things[mutex].held[thread] = 0;
            }
        }
        // A message or room that is available goes to one waiting thread, which then runs. Otherwise each
        // waiter would count as able to run, as in the moment before the others try again.
        for thread in 0..self.count {
            let ready = |branch: &Branch| self.is_ready(&self.begin, thread, *branch);
            if let Some(Wait::Branches(branches)) = self.wait(&self.begin, thread)
                && branches.iter().any(ready)
            {
                self.begin.phases[thread] = Phase::Runs;
            }
        }
    }
}
