//! Whether a thread can never move again, whatever it waits for.

use std::collections::VecDeque;

use super::snapshot::Snapshots;
use crate::engine::waitfor::{self, Need, State};
use crate::tracking::registry;

/// What the reduction says of one thread.
pub(super) enum Judgement<'a> {
    /// It can move, or might.
    Moves,
    /// It cannot, unless one of the threads brings something that nobody knows.
    UpToStrangers,
    /// It cannot.
    Stuck(&'a States),
}

/// All threads in the words of the reduction, and which of them are stuck. The last one stands for
/// "anyone".
pub(super) struct States {
    pub(super) threads: Vec<waitfor::Thread>,
    pub(super) stuck: Vec<bool>,
}

impl States {
    fn of(all: &Snapshots, strangers: bool) -> Self {
        let threads = all.states(strangers);
        let stuck = waitfor::stuck(&threads);
        Self { threads, stuck }
    }

    /// The place of "anyone".
    pub(super) fn anyone(&self) -> usize {
        self.threads.len() - 1
    }

    /// Those that a stuck thread directly waits for, and that are stuck too.
    pub(super) fn waits_for(&self, at: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let State::Blocked(need) = &self.threads[at].state else {
            return found;
        };
        let mut open = vec![need];
        while let Some(need) = open.pop() {
            match need {
                Need::AllOf(members) | Need::AnyOf(members) => found.extend(members),
                Need::AtLeast { of, .. } => found.extend(of.iter().map(|(member, _)| *member)),
                Need::Each(needs) | Need::Either(needs) => open.extend(needs.iter().rev()),
            }
        }
        found.retain(|member| self.stuck.get(*member) == Some(&true));
        found
    }

    /// The stuck threads that keep `me` so, with itself: first the chain of those that wait for
    /// each other, then the rest, nearest first.
    pub(super) fn closed_set(&self, me: usize) -> Vec<usize> {
        let mut order = waitfor::chain(&self.threads, &self.stuck, me).threads;
        let mut seen = vec![false; self.threads.len()];
        order.iter().for_each(|at| seen[*at] = true);
        let mut open: VecDeque<usize> = order.iter().copied().collect();
        while let Some(at) = open.pop_front() {
            for next in self.waits_for(at) {
                if !std::mem::replace(&mut seen[next], true) {
                    order.push(next);
                    open.push_back(next);
                }
            }
        }
        let anyone = self.anyone();
        order.retain(|at| *at != anyone);
        order
    }
}

/// Judges the threads of one snapshot.
pub(super) struct Judge {
    /// As though everyone were known.
    closed: States,
    /// Without anyone unknown being of any use to it, made if it is needed.
    open: Option<States>,
}

impl Judge {
    pub(super) fn new(all: &Snapshots) -> Self {
        Self {
            closed: States::of(all, false),
            open: None,
        }
    }

    /// What is to be said of the thread at `me`.
    pub(super) fn of(&mut self, all: &Snapshots, me: usize) -> Judgement<'_> {
        // First what is quickly refuted, most of the time.
        if !self.closed.stuck[me] {
            return Judgement::Moves;
        }
        let open = self.open.get_or_insert_with(|| States::of(all, true));
        if open.stuck[me] {
            return Judgement::Stuck(open);
        }
        match registry::strangers() {
            Some(0) => Judgement::Stuck(&self.closed),
            _ => Judgement::UpToStrangers,
        }
    }
}
