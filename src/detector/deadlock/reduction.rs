//! Whether a thread can never move again, whatever it waits for.

use std::collections::VecDeque;

use super::snapshot::Snapshots;
use crate::engine::wait_for;

/// What the reduction says of one thread.
pub(super) enum Judgement<'a> {
    /// It can move, or might.
    Moves,
    /// It cannot, unless one of the threads brings something that nobody knows.
    DependsOnUntracked,
    /// It cannot.
    Stuck(&'a ThreadStates),
}

/// All threads in the words of the reduction, and which of them are stuck.
pub(super) struct ThreadStates {
    threads: Vec<wait_for::Thread>,
    stuck: Vec<bool>,
    /// How many of them are threads; those after stand for "anyone".
    count: usize,
}

impl ThreadStates {
    fn of(all: &Snapshots, untracked_threads: bool) -> Self {
        let threads = all.states(untracked_threads);
        let stuck = wait_for::stuck(&threads);
        let count = all.threads.len();
        Self {
            threads,
            stuck,
            count,
        }
    }

    /// Whether this place stands for "anyone".
    pub(super) fn is_anyone(&self, at: usize) -> bool {
        at >= self.count
    }

    /// Those that a stuck thread directly waits for, and that are stuck too.
    pub(super) fn waits_for(&self, at: usize) -> Vec<usize> {
        wait_for::waits_for(&self.threads, &self.stuck, at)
    }

    /// Whether a stuck thread is one of those that wait for each other, and does not only wait for
    /// them.
    pub(super) fn is_in_ring(&self, me: usize) -> bool {
        let chain = wait_for::chain(&self.threads, &self.stuck, me);
        match chain.closes_at {
            Some(at) => at == 0,
            None => chain.threads.len() == 1,
        }
    }

    /// The stuck threads that keep `me` so, with itself: first the chain of those that wait for
    /// each other, then the rest, nearest first.
    pub(super) fn closed_set(&self, me: usize) -> Vec<usize> {
        let mut order = wait_for::chain(&self.threads, &self.stuck, me).threads;
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
        order.retain(|at| !self.is_anyone(*at));
        order
    }
}

/// Judges the threads of one snapshot.
pub(super) struct Reducer {
    /// How many threads there are whom nobody knows, asked when it matters.
    untracked_threads: fn(&Snapshots) -> Option<usize>,
    /// As though everyone were known.
    closed: ThreadStates,
    /// Without anyone unknown being of any use to it, made if it is needed.
    open: Option<ThreadStates>,
}

impl Reducer {
    pub(super) fn new(all: &Snapshots) -> Self {
        Self {
            untracked_threads: Snapshots::untracked_threads,
            closed: ThreadStates::of(all, false),
            open: None,
        }
    }

    /// The same, in a model, which has no other threads than those that it names.
    #[cfg(all(loom, test))]
    pub(super) fn closed(all: &Snapshots) -> Self {
        Self {
            untracked_threads: |_| Some(0),
            ..Self::new(all)
        }
    }

    /// What is to be said of the thread at `me`.
    pub(super) fn of(&mut self, all: &Snapshots, me: usize) -> Judgement<'_> {
        // First what is quickly refuted, most of the time.
        if !self.closed.stuck[me] {
            return Judgement::Moves;
        }
        let open = self.open.get_or_insert_with(|| ThreadStates::of(all, true));
        if open.stuck[me] {
            return Judgement::Stuck(open);
        }
        match (self.untracked_threads)(all) {
            Some(0) => Judgement::Stuck(&self.closed),
            _ => Judgement::DependsOnUntracked,
        }
    }
}
