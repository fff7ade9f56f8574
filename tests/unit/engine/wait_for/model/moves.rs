//! The moves of the threads of a system, and all states that they lead to.

use std::collections::HashSet;

use super::system::{
    Branch, EXCLUSIVE, Phase, SHARED, STRANGER, State, System, Thing, Threads, Wait,
};

/// Returns which threads ever run; stops early when all have run.
pub(super) fn ever(system: &System) -> Threads {
    let mut ever = system.begin.phases.map(|phase| phase == Phase::Runs);
    let mut seen = HashSet::from([system.begin]);
    let mut open = vec![system.begin];
    let lives = |thread: usize| system.begin.lives(thread);
    while let Some(state) = open.pop() {
        if (0..system.count).all(|thread| ever[thread] || !lives(thread)) {
            break;
        }
        let mut next = Vec::new();
        for thread in 0..=STRANGER {
            Thread {
                system,
                state: &state,
                thread,
                next: &mut next,
            }
            .moves();
        }
        for state in next {
            if seen.insert(state) {
                for (thread, phase) in state.phases.iter().enumerate() {
                    ever[thread] |= *phase == Phase::Runs;
                }
                open.push(state);
            }
        }
    }
    ever
}

/// A thread in a state, and the states that its moves lead to.
struct Thread<'a> {
    system: &'a System,
    state: &'a State,
    thread: usize,
    next: &'a mut Vec<State>,
}

impl Thread<'_> {
    fn then(&mut self, change: impl FnOnce(&mut State)) {
        let mut state = *self.state;
        change(&mut state);
        self.next.push(state);
    }

    /// Ends the wait of a thread by this change.
    fn run(&mut self, thread: usize, change: impl FnOnce(&mut State)) {
        self.then(|state| {
            state.phases[thread] = Phase::Runs;
            change(state);
        });
    }

    fn moves(&mut self) {
        let thread = self.thread;
        match self.state.phases[thread] {
            Phase::None | Phase::Ended => {}
            Phase::Runs => self.acts(),
            Phase::Relocks => self.relocks(),
            Phase::Blocked => self.goes_on(),
            Phase::Timed => {
                self.goes_on();
                if matches!(self.system.waits[thread], Wait::Condvar { .. }) {
                    self.then(|state| state.phases[thread] = Phase::Relocks);
                } else {
                    self.run(thread, |_| ());
                }
            }
        }
    }

    fn relocks(&mut self) {
        let Wait::Condvar { mutex, .. } = self.system.waits[self.thread] else {
            return;
        };
        if self.state.keepers(mutex, true).is_empty() {
            let thread = self.thread;
            self.run(thread, |state| state.things[mutex].held[thread] = EXCLUSIVE);
        }
    }

    /// Ends the wait of a blocked thread if it is satisfied.
    fn goes_on(&mut self) {
        let (thread, state) = (self.thread, self.state);
        match &self.system.waits[thread] {
            Wait::Lock { at, exclusive } => {
                if self.is_free(*at, *exclusive) {
                    let mode = if *exclusive { EXCLUSIVE } else { SHARED };
                    // A thread that holds it in another mode holds it in the stronger one then.
                    self.run(thread, |state| {
                        let held = &mut state.things[*at].held[thread];
                        *held = mode.max(*held);
                    });
                }
            }
            Wait::Permit { at } => {
                if state.things[*at].level > 0 {
                    self.run(thread, |state| {
                        state.things[*at].level -= 1;
                        state.things[*at].held[thread] += 1;
                    });
                }
            }
            Wait::Event { at } | Wait::Job { at } => {
                if state.things[*at].level > 0 {
                    self.run(thread, |_| ());
                }
            }
            Wait::Branches(branches) => {
                branches.iter().for_each(|branch| self.operates(*branch));
            }
            Wait::End { of } => {
                if state.phases[*of] == Phase::Ended {
                    self.run(thread, |_| ());
                }
            }
            // The notifier ends this wait.
            Wait::Condvar { .. } => {}
        }
    }

    /// Returns whether a lock can be acquired.
    fn is_free(&self, at: usize, exclusive: bool) -> bool {
        let queues = matches!(self.system.things[at], Thing::Lock { queues: true });
        // The order in the queue is not known: the writer that left may have been the first.
        let writers = |state| self.system.writers(state, at).len();
        let left = writers(self.state);
        let is_behind = queues && !exclusive && left > 0 && left == writers(&self.system.begin);
        !is_behind && self.state.keepers(at, exclusive).is_empty()
    }

    /// Performs an operation on a channel, if it is possible.
    fn operates(&mut self, branch: Branch) {
        let (system, thread) = (self.system, self.thread);
        if !system.is_ready(self.state, thread, branch) {
            return;
        }
        let Thing::Channel { room, .. } = system.things[branch.at] else {
            return;
        };
        let level = self.state.things[branch.at].level;
        let met = (room == 0)
            .then(|| system.opposite(self.state, thread, branch))
            .flatten();
        self.run(thread, |state| {
            let left = &mut state.things[branch.at].level;
            match branch.sends {
                true if level < room => *left += 1,
                false if level > 0 => *left -= 1,
                // All other ends are closed, or the message is handed over.
                _ => {}
            }
            if let Some(other) = met {
                state.phases[other] = Phase::Runs;
            }
        });
    }

    /// Performs everything that a running thread is able to do.
    fn acts(&mut self) {
        for at in 0..self.system.things.len() {
            self.acts_on(at);
        }
        // The time at which an unknown thread ends is not known.
        if self.thread != STRANGER {
            self.ends();
        }
    }

    fn acts_on(&mut self, at: usize) {
        let (thread, system, state) = (self.thread, self.system, self.state);
        let standing = state.things[at];
        match &system.things[at] {
            Thing::Lock { .. } => {
                for holder in 0..=STRANGER {
                    let can = holder == thread || state.phases[holder] == Phase::Ended;
                    if can && standing.held[holder] > 0 {
                        self.then(|state| state.things[at].held[holder] = 0);
                    }
                }
                for (mode, exclusive) in [(SHARED, false), (EXCLUSIVE, true)] {
                    if system.takes && standing.held[thread] == 0 && self.is_free(at, exclusive) {
                        self.then(|state| state.things[at].held[thread] = mode);
                    }
                }
            }
            Thing::Permits => {
                if standing.held[thread] > 0 {
                    self.then(|state| {
                        state.things[at].held[thread] -= 1;
                        state.things[at].level += 1;
                    });
                }
                if system.takes && standing.level > 0 {
                    self.then(|state| {
                        state.things[at].held[thread] += 1;
                        state.things[at].level -= 1;
                    });
                }
            }
            Thing::Event => self.then(|state| state.things[at].level = 1 - standing.level),
            Thing::Job { by } => {
                if by[thread] {
                    self.then(|state| state.things[at].level = 1);
                }
            }
            Thing::Channel {
                senders, receivers, ..
            } => {
                for (sends, ends) in [(true, senders), (false, receivers)] {
                    if ends[thread] {
                        self.operates(Branch { at, sends });
                    }
                }
            }
            Thing::Condvar => {
                for other in 0..system.count {
                    let wait = system.wait(state, other);
                    if matches!(wait, Some(Wait::Condvar { at: it, .. }) if *it == at) {
                        self.then(|state| state.phases[other] = Phase::Relocks);
                    }
                }
            }
        }
    }

    fn ends(&mut self) {
        let (thread, system) = (self.thread, self.system);
        self.then(|state| {
            state.phases[thread] = Phase::Ended;
            for (thing, standing) in system.things.iter().zip(&mut state.things) {
                let held = std::mem::take(&mut standing.held[thread]);
                if matches!(thing, Thing::Permits) {
                    standing.level += held;
                }
            }
        });
    }
}
