//! The states in which threads are stuck, and the search of all states for them.

use std::collections::{BTreeSet, HashSet};

use super::machine::{Machine, Rules, State};
use super::program::{Op, Program, THREADS};

/// The states in which some thread has not ended and none can go on: for each thread, the number of
/// statements that it has completed, and the acquisitions that it holds, a bit each.
pub(crate) type Stuck = BTreeSet<([u8; THREADS], [u8; THREADS])>;

/// The searches for them.
pub(crate) trait Search: Sized {
    /// Looks at every state; `None` if there are more than `most`.
    fn search(program: &Program, most: usize) -> Option<Self>;

    /// Adds a state, if some thread has not ended.
    fn add(&mut self, machine: &Machine<'_>, at: [u8; THREADS], held: [u8; THREADS]);
}

impl Search for Stuck {
    fn search(program: &Program, most: usize) -> Option<Self> {
        let machine = Machine::new(program, Rules::TRUTH);
        let start = machine.start();
        let (mut open, mut seen) = (vec![start], HashSet::from([start]));
        let mut stuck = Self::new();
        while let Some(state) = open.pop() {
            let mut moves = false;
            for thread in machine.threads() {
                if let Some((_, next)) = machine.step(&state, thread) {
                    moves = true;
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            if !moves {
                stuck.add(&machine, state.at, state.held);
            }
            if seen.len() > most {
                return None;
            }
        }
        Some(stuck)
    }

    fn add(&mut self, machine: &Machine<'_>, at: [u8; THREADS], mut held: [u8; THREADS]) {
        let state = State {
            at,
            held,
            ..machine.start()
        };
        if machine.is_over(&state) {
            return;
        }
        for thread in machine.threads() {
            // The wait of a condition variable has released the mutex of a stuck thread.
            if let Some(Op::Wait { guard }) = machine.op(&state, thread) {
                held[thread] &= !(1 << guard);
            }
        }
        self.insert((at, held));
    }
}
