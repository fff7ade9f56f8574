//! Every state that a program can reach.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use super::cycle::{self, Cycle};
use super::machine::{Machine, Rules, State};
use super::program::Program;

/// Above this a program counts as too large to be explored.
const MOST_STATES: usize = 2_000_000;

/// What exploration found.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The cycles of all states in which threads are stuck.
    pub(crate) cycles: BTreeSet<Cycle>,
    /// Whether any state has threads that are stuck.
    pub(crate) deadlocks: bool,
    pub(crate) states: usize,
    /// Whether every state was looked at.
    pub(crate) whole: bool,
}

impl Truth {
    /// Whether a deadlock on these locks, in the order of a cycle, can be reached.
    pub(crate) fn reaches(&self, locks: &[u8]) -> bool {
        self.cycles.iter().any(|cycle| cycle.locks() == locks)
    }
}

/// Looks at every state.
pub(crate) fn explore(program: &Program, rules: Rules) -> Truth {
    let machine = Machine::new(program, rules);
    let mut seen: HashSet<State, BuildHasherDefault<Mix>> = HashSet::default();
    let mut open = vec![machine.start()];
    seen.insert(open[0]);
    let mut truth = Truth::default();
    while let Some(state) = open.pop() {
        let mut stuck = true;
        let mut visit = |next: State| {
            if seen.insert(next) {
                open.push(next);
            }
        };
        for thread in machine.threads() {
            if let Some((_, next)) = machine.step(&state, thread) {
                stuck = false;
                visit(next);
            }
            if let Some(next) = machine.refusal(&state, thread) {
                visit(next);
            }
        }
        machine.strangers(&state).for_each(visit);
        if stuck && !machine.is_over(&state) {
            truth.deadlocks = true;
            cycle::collect(&machine, &state, &mut truth.cycles);
        }
        if seen.len() > MOST_STATES {
            truth.states = seen.len();
            return truth;
        }
    }
    truth.states = seen.len();
    truth.whole = true;
    truth
}

/// A hasher for a few bytes, much cheaper than the one of std.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(byte.into());
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}
