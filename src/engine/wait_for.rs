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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WaitFor {
    /// If present, one of these must be able to run: the senders of a channel, the notifiers of a condition variable.
    pub(crate) any_of: Option<Vec<usize>>,
    /// All of these must be able to run, too: the holders that block a writer, the target of a join.
    pub(crate) all_of: Vec<usize>,
}

impl WaitFor {
    /// Returns a wait for one of these threads.
    pub(crate) fn any_of(members: Vec<usize>) -> Self {
        Self {
            any_of: Some(members),
            all_of: Vec::new(),
        }
    }

    /// Returns a wait for all of these threads.
    pub(crate) fn all_of(members: Vec<usize>) -> Self {
        Self {
            any_of: None,
            all_of: members,
        }
    }
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
    let count = threads.len();
    // For each thread the waits that it is a member of, each with whether one of several members is enough.
    let mut waiters: Vec<Vec<(usize, bool)>> = vec![Vec::new(); count];
    // For each thread how many of its conditions are not met: each member of `all_of`, and `any_of` as a whole.
    let mut missing = vec![0; count];
    let mut is_any_met = vec![false; count];
    // The threads that can run and whose waiters have not been looked at yet.
    let mut moved = Vec::new();
    for (at, thread) in threads.iter().enumerate() {
        if let Some(wait) = thread {
            for &member in &wait.all_of {
                if let Some(waiters) = waiters.get_mut(member) {
                    waiters.push((at, false));
                    missing[at] += 1;
                }
            }
            if let Some(members) = &wait.any_of
                && members.iter().all(|member| *member < count)
            {
                for &member in members {
                    waiters[member].push((at, true));
                }
                missing[at] += 1;
            }
        }
        if missing[at] == 0 {
            moved.push(at);
        }
    }
    let mut stuck = vec![true; count];
    while let Some(thread) = moved.pop() {
        stuck[thread] = false;
        for &(waiter, is_one_enough) in &waiters[thread] {
            if is_one_enough && std::mem::replace(&mut is_any_met[waiter], true) {
                continue;
            }
            missing[waiter] -= 1;
            if missing[waiter] == 0 {
                moved.push(waiter);
            }
        }
    }
    stuck
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
    if let Some(wait) = &threads[at] {
        for member in wait.any_of.iter().flatten().chain(&wait.all_of) {
            if stuck.get(*member) == Some(&true) {
                found.push(*member);
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
