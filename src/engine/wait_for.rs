//! The reduction of a wait-for graph with *all of* and *any of* waits: which threads are deadlocked.
//!
//! It starts from the threads that can run and adds, until nothing changes, every blocked thread whose wait
//! those could end; the rest is deadlocked (Holt 1972). That is correct because a thread that can run may do
//! anything, and because what it does for one waiter takes nothing from another for good: so the set only
//! grows, in whatever order the threads are added. A thread, or a handle, that the detector does not know
//! counts as able to run, so the only error is a deadlock that is not found. The reduction sees which thread
//! waits for which, not what a running thread will do: a thread that could notify and never does is no
//! deadlock.
//!
//! Threads are named by their index in the slice that is passed.

/// A member of a wait that stands for an unknown thread. It counts as able to run, as does every index that
/// is out of range.
pub(crate) const UNKNOWN: usize = usize::MAX;

/// What a blocked thread waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WaitFor {
    /// All of these must be able to run: the holders that block a writer, the target of a join.
    AllOf(Vec<usize>),
    /// One of these must be able to run: the senders of a channel, the notifiers of a condition variable.
    AnyOf(Vec<usize>),
    /// Each of these waits must end: that for the notifier, then that for the mutex.
    Each(Vec<WaitFor>),
}

/// What a thread waits for without a timeout; `None` if it runs, waits with a timeout, or waits for something that
/// the detector does not know.
pub(crate) type Thread = Option<WaitFor>;

/// Returns for each thread whether it is deadlocked.
///
/// # Cost
///
/// O(threads + members of their waits).
pub(crate) fn stuck(threads: &[Thread]) -> Vec<bool> {
    let mut reduction = Reduction::of(threads);
    reduction.run();
    reduction.stuck
}

/// A part of a wait; it is satisfied when `missing` reaches zero.
struct Condition {
    missing: usize,
    of: Owner,
}

#[derive(Clone, Copy)]
enum Owner {
    Thread(usize),
    Condition(usize),
}

struct Reduction {
    gates: Vec<Condition>,
    /// For each thread the conditions that it decrements when it can run.
    lowers: Vec<Vec<usize>>,
    stuck: Vec<bool>,
    /// Threads that can run and whose conditions have not been decremented yet.
    moved: Vec<usize>,
}

impl Reduction {
    fn of(threads: &[Thread]) -> Self {
        let mut reduction = Self {
            gates: Vec::new(),
            lowers: vec![Vec::new(); threads.len()],
            stuck: vec![true; threads.len()],
            moved: Vec::new(),
        };
        for (at, thread) in threads.iter().enumerate() {
            match thread {
                None => reduction.release(at),
                Some(need) => reduction.plant(at, need),
            }
        }
        reduction
    }

    /// Creates the conditions of a wait, each before the conditions of its parts.
    fn plant(&mut self, thread: usize, need: &WaitFor) {
        let mut open = vec![(Owner::Thread(thread), need)];
        let mut met = Vec::new();
        while let Some((of, need)) = open.pop() {
            let gate = self.gates.len();
            let missing = match need {
                WaitFor::AllOf(members) => members.len(),
                WaitFor::Each(needs) => needs.len(),
                WaitFor::AnyOf(_) => 1,
            };
            self.gates.push(Condition { missing, of });
            if missing == 0 {
                met.push(gate);
            }
            match need {
                WaitFor::AllOf(members) | WaitFor::AnyOf(members) => {
                    for member in members {
                        self.member(*member, gate, &mut met);
                    }
                }
                WaitFor::Each(needs) => {
                    for need in needs {
                        open.push((Owner::Condition(gate), need));
                    }
                }
            }
        }
        // All parts exist by now, so no condition is decremented before it is complete.
        for gate in met {
            self.pass(gate);
        }
    }

    fn member(&mut self, member: usize, gate: usize, met: &mut Vec<usize>) {
        if let Some(lowers) = self.lowers.get_mut(member) {
            lowers.push(gate);
        } else if self.gates[gate].missing > 0 {
            let missing = &mut self.gates[gate].missing;
            *missing -= 1;
            if *missing == 0 {
                met.push(gate);
            }
        }
    }

    fn run(&mut self) {
        while let Some(thread) = self.moved.pop() {
            for gate in std::mem::take(&mut self.lowers[thread]) {
                self.lower(gate);
            }
        }
    }

    /// Decrements a condition and, if that satisfies it, the condition that it is a part of.
    fn lower(&mut self, gate: usize) {
        let missing = &mut self.gates[gate].missing;
        if *missing > 0 {
            *missing -= 1;
            if *missing == 0 {
                self.pass(gate);
            }
        }
    }

    /// Propagates a condition that has just been satisfied to the conditions above it.
    fn pass(&mut self, mut gate: usize) {
        loop {
            match self.gates[gate].of {
                Owner::Thread(thread) => return self.release(thread),
                Owner::Condition(above) => {
                    let missing = &mut self.gates[above].missing;
                    if *missing == 0 {
                        return;
                    }
                    *missing -= 1;
                    if *missing > 0 {
                        return;
                    }
                    gate = above;
                }
            }
        }
    }

    fn release(&mut self, thread: usize) {
        if std::mem::replace(&mut self.stuck[thread], false) {
            self.moved.push(thread);
        }
    }
}

/// How a deadlocked thread is blocked, in a form for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Each thread waits for the next one; the first is the thread that the chain was computed for.
    pub(crate) threads: Vec<usize>,
    /// The last thread waits for the one at this index of `threads`; `None` if no thread can end its wait.
    pub(crate) closes_at: Option<usize>,
}

/// Returns the shortest cycle through a deadlocked thread; if it is on none, the shortest chain to a thread
/// that is on one, or to a thread whose wait no thread can end.
///
/// # Cost
///
/// O(threads + members of their waits) for a thread on a cycle; the same again for each thread between
/// another one and its cycle.
pub(crate) fn chain(threads: &[Thread], stuck: &[bool], start: usize) -> Chain {
    let next = |at: usize| waits_for(threads, stuck, at);
    let (reached, _) = breadth_first(threads.len(), start, None, &next);
    for &(at, _) in &reached {
        let is_end = next(at).is_empty();
        let cycle = if is_end {
            Some(vec![at])
        } else {
            cycle_through(threads.len(), at, &next)
        };
        if let Some(cycle) = cycle {
            let mut threads = way_back(&reached, at);
            let closes_at = (!is_end).then(|| threads.len() - 1);
            threads.extend_from_slice(&cycle[1..]);
            return Chain { threads, closes_at };
        }
    }
    // Unreachable for a deadlocked thread: it is on a cycle, or leads to one or to the end of a chain.
    Chain {
        threads: vec![start],
        closes_at: None,
    }
}

/// Returns the deadlocked threads that a thread waits for.
pub(crate) fn waits_for(threads: &[Thread], stuck: &[bool], at: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut open: Vec<&WaitFor> = threads[at].iter().collect();
    while let Some(need) = open.pop() {
        match need {
            WaitFor::AllOf(members) | WaitFor::AnyOf(members) => {
                for member in members {
                    if stuck.get(*member) == Some(&true) {
                        found.push(*member);
                    }
                }
            }
            WaitFor::Each(needs) => {
                for need in needs.iter().rev() {
                    open.push(need);
                }
            }
        }
    }
    found
}

/// Returns the threads in breadth-first order, each with its predecessor, and the first one that waits for `goal`, at
/// which the search ends.
fn breadth_first(
    count: usize,
    start: usize,
    goal: Option<usize>,
    next: &dyn Fn(usize) -> Vec<usize>,
) -> (Vec<(usize, usize)>, Option<usize>) {
    let mut seen = vec![false; count];
    let mut reached = vec![(start, start)];
    let mut passed = 0;
    seen[start] = true;
    while let Some(&(at, _)) = reached.get(passed) {
        passed += 1;
        for to in next(at) {
            if Some(to) == goal {
                return (reached, Some(at));
            }
            if !std::mem::replace(&mut seen[to], true) {
                reached.push((to, at));
            }
        }
    }
    (reached, None)
}

/// Returns the shortest cycle through `at`, which comes first in it; `next` returns the threads that one waits for.
pub(crate) fn cycle_through(
    count: usize,
    at: usize,
    next: &dyn Fn(usize) -> Vec<usize>,
) -> Option<Vec<usize>> {
    let (reached, end) = breadth_first(count, at, Some(at), next);
    Some(way_back(&reached, end?))
}

/// Returns the path to `at` in a breadth-first search.
fn way_back(reached: &[(usize, usize)], mut at: usize) -> Vec<usize> {
    let mut way = vec![at];
    // A predecessor was reached earlier, so one pass from the back finds all of them.
    for &(thread, before) in reached.iter().rev() {
        if thread == at && before != at {
            way.push(before);
            at = before;
        }
    }
    way.reverse();
    way
}

#[cfg(test)]
#[path = "../../tests/unit/engine/wait_for/model/mod.rs"]
mod model;
#[cfg(test)]
#[path = "../../tests/unit/engine/wait_for/tests.rs"]
mod tests;
