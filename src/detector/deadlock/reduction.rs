//! Whether a thread is deadlocked, whatever it waits for.

use super::snapshot::Snapshots;
use super::test_runner;
use crate::engine::wait_for;

/// The result of the reduction for one thread.
pub(super) enum Judgement<'a> {
    /// It can run, or might.
    Moves,
    /// It cannot run, unless an untracked thread ends its wait.
    DependsOnUntracked,
    /// It cannot run.
    Stuck(&'a ThreadStates),
    /// It cannot run, unless the test runner ends its wait, which it never does.
    StuckInTest(&'a ThreadStates),
}

/// All threads as input of the reduction, and which of them are deadlocked.
pub(super) struct ThreadStates {
    threads: Vec<wait_for::Thread>,
    stuck: Vec<bool>,
    /// The number of threads; the entries after them stand for "any thread".
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

    /// Returns whether this entry stands for "any thread".
    pub(super) fn is_any_thread(&self, at: usize) -> bool {
        at >= self.count
    }

    /// Returns the deadlocked threads that a deadlocked thread directly waits for.
    pub(super) fn waits_for(&self, at: usize) -> Vec<usize> {
        wait_for::waits_for(&self.threads, &self.stuck, at)
    }

    /// Returns whether a deadlocked thread is on a cycle of waits, and does not only wait for one.
    pub(super) fn is_in_ring(&self, me: usize) -> bool {
        let chain = wait_for::chain(&self.threads, &self.stuck, me);
        match chain.closes_at {
            Some(at) => at == 0,
            None => chain.threads.len() == 1,
        }
    }

    /// Returns the closed set of deadlocked threads that block `me`, with itself: first the cycle of waits,
    /// then the rest, nearest first.
    pub(super) fn closed_set(&self, me: usize) -> Vec<usize> {
        let mut order = wait_for::chain(&self.threads, &self.stuck, me).threads;
        let mut seen = vec![false; self.threads.len()];
        for at in &order {
            seen[*at] = true;
        }
        let mut looked_at = 0;
        while looked_at < order.len() {
            for next in self.waits_for(order[looked_at]) {
                if !std::mem::replace(&mut seen[next], true) {
                    order.push(next);
                }
            }
            looked_at += 1;
        }
        order.retain(|at| !self.is_any_thread(*at));
        order
    }
}

/// Reduces the threads of one snapshot.
pub(super) struct Reducer {
    /// Counts the untracked threads; called when the result depends on it.
    untracked_threads: fn(&Snapshots) -> Option<usize>,
    /// Their number, if they were counted since the last report.
    count: Option<Option<usize>>,
    /// The reduction without untracked threads.
    closed: ThreadStates,
    /// The reduction in which any untracked thread can run, computed when it is needed.
    open: Option<ThreadStates>,
}

impl Reducer {
    pub(super) fn new(all: &Snapshots) -> Self {
        Self {
            untracked_threads: Snapshots::untracked_threads,
            count: None,
            closed: ThreadStates::of(all, false),
            open: None,
        }
    }

    /// Returns a reducer for a model, which has no other threads than those of the snapshot.
    #[cfg(all(loom, test))]
    pub(super) fn closed(all: &Snapshots) -> Self {
        Self {
            untracked_threads: |_| Some(0),
            ..Self::new(all)
        }
    }

    /// Forgets the number of untracked threads, after a report: that may have called the program, which may have started some.
    pub(super) fn count_anew(&mut self) {
        self.count = None;
    }

    /// Returns the result for the thread at `me`.
    pub(super) fn of(&mut self, all: &Snapshots, me: usize) -> Judgement<'_> {
        // First the check that refutes a deadlock quickly, which succeeds most of the time.
        if !self.closed.stuck[me] {
            return Judgement::Moves;
        }
        let open = self.open.get_or_insert_with(|| ThreadStates::of(all, true));
        if open.stuck[me] {
            return Judgement::Stuck(open);
        }
        match *self
            .count
            .get_or_insert_with(|| (self.untracked_threads)(all))
        {
            Some(0) => Judgement::Stuck(&self.closed),
            Some(1) if test_runner::is_untracked(all) => Judgement::StuckInTest(&self.closed),
            _ => Judgement::DependsOnUntracked,
        }
    }
}
