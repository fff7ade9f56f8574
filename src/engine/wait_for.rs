//! Who can never move again: the reduction of a wait-for graph with *all of* and *any of* waits.
//!
//! Start from the threads that can run and add, until nothing changes, every blocked thread whose
//! need those could meet; what remains is deadlocked (Holt 1972). That is right because a thread
//! that can run may do anything, and because what it does for one waiter takes nothing from
//! another one for good: so the set only grows, in whatever order it is grown. One thing takes
//! something away: a thread that ends for another one cannot come to a barrier after that. So the
//! set can be too large, where two threads are counted of which one has to end for the other. A
//! thread, or a handle, outside our knowledge counts as able to run, so the one error this can
//! make is to stay silent. It sees who waits for whom, not what a running thread will do: a thread
//! that could notify and never does is no deadlock.
//!
//! Threads are named by their index in the slice that is looked at.

use std::collections::VecDeque;

/// A member of a need that is somebody whom we do not know. Such a one counts as able to run,
/// as does every index that names no thread.
pub(crate) const UNKNOWN: usize = usize::MAX;

/// What a blocked thread needs so that it can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WaitFor {
    /// Each of these must move: the holders that keep a writer out, the target of a join.
    AllOf(Vec<usize>),
    /// One of these must move: the senders of a channel, the notifiers of a condvar.
    AnyOf(Vec<usize>),
    /// Those that move must bring `k` together: permits of a semaphore, arrivals at a barrier.
    AtLeast {
        /// How much is missing.
        k: u64,
        /// Who can bring how much.
        of: Vec<(usize, u32)>,
    },
    /// Each of these needs must be met: a notifier, then the mutex.
    Each(Vec<WaitFor>),
    /// One of these needs must be met: the branches of a select.
    Either(Vec<WaitFor>),
}

/// What a thread is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ThreadState {
    /// It runs, waits with a timeout, or waits for something outside our knowledge.
    Runs,
    /// It waits without a timeout.
    Blocked(WaitFor),
}

/// A thread in the wait-for graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Thread {
    pub(crate) state: ThreadState,
}

/// Which threads can never move again, for each index.
///
/// # Cost
///
/// O(threads + members of their needs).
pub(crate) fn stuck(threads: &[Thread]) -> Vec<bool> {
    let mut reduction = Reduction::of(threads);
    reduction.run();
    reduction.stuck
}

/// A part of a need that is met once `missing` comes down to zero.
struct Condition {
    missing: u64,
    of: Owner,
}

#[derive(Clone, Copy)]
enum Owner {
    Thread(usize),
    Condition(usize),
}

struct Reduction {
    gates: Vec<Condition>,
    /// For each thread the gates that it lowers when it moves, and by how much.
    lowers: Vec<Vec<(usize, u64)>>,
    stuck: Vec<bool>,
    /// Threads that can move and have not been followed.
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
            match &thread.state {
                ThreadState::Runs => reduction.release(at),
                ThreadState::Blocked(need) => reduction.plant(at, need),
            }
        }
        reduction
    }

    /// Makes the gates of a need, each before the gates of its parts.
    fn plant(&mut self, thread: usize, need: &WaitFor) {
        let mut open = vec![(Owner::Thread(thread), need)];
        let mut met = Vec::new();
        while let Some((of, need)) = open.pop() {
            let gate = self.gates.len();
            let missing = match need {
                WaitFor::AllOf(members) => members.len() as u64,
                WaitFor::Each(needs) => needs.len() as u64,
                WaitFor::AnyOf(_) | WaitFor::Either(_) => 1,
                WaitFor::AtLeast { k, .. } => *k,
            };
            self.gates.push(Condition { missing, of });
            if missing == 0 {
                met.push(gate);
            }
            match need {
                WaitFor::AllOf(members) | WaitFor::AnyOf(members) => {
                    members
                        .iter()
                        .for_each(|member| self.member(*member, gate, 1, &mut met));
                }
                WaitFor::AtLeast { of, .. } => {
                    of.iter()
                        .for_each(|(m, n)| self.member(*m, gate, u64::from(*n), &mut met));
                }
                WaitFor::Each(needs) | WaitFor::Either(needs) => {
                    open.extend(needs.iter().map(|need| (Owner::Condition(gate), need)));
                }
            }
        }
        // Only now is every part planted, so that no gate is lowered before it stands.
        for gate in met {
            self.pass(gate);
        }
    }

    fn member(&mut self, member: usize, gate: usize, brings: u64, met: &mut Vec<usize>) {
        if let Some(lowers) = self.lowers.get_mut(member) {
            lowers.push((gate, brings));
        } else if self.gates[gate].missing > 0 {
            let missing = &mut self.gates[gate].missing;
            *missing = missing.saturating_sub(brings);
            if *missing == 0 {
                met.push(gate);
            }
        }
    }

    fn run(&mut self) {
        while let Some(thread) = self.moved.pop() {
            for (gate, brings) in std::mem::take(&mut self.lowers[thread]) {
                self.lower(gate, brings);
            }
        }
    }

    /// Lowers a gate and, if that meets it, whatever it is a part of.
    fn lower(&mut self, gate: usize, brings: u64) {
        let missing = &mut self.gates[gate].missing;
        if *missing > 0 {
            *missing = missing.saturating_sub(brings);
            if *missing == 0 {
                self.pass(gate);
            }
        }
    }

    /// Goes up from a gate that has just been met.
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

/// How a stuck thread comes to be stuck, in a form that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Each thread waits for the next one; the first is the thread that was asked about.
    pub(crate) threads: Vec<usize>,
    /// The last one waits for the thread at this place of `threads`; `None` if it waits for
    /// what no thread can bring.
    pub(crate) closes_at: Option<usize>,
}

/// The shortest way from a stuck thread to itself; if it is on no cycle, the way to the nearest
/// one, or to a thread for which nobody is left.
///
/// # Cost
///
/// O(threads + members of their needs) for a thread on a cycle; that much again for each thread
/// in front of the cycle for another one.
pub(crate) fn chain(threads: &[Thread], stuck: &[bool], start: usize) -> Chain {
    let next = |at: usize| waits_for(threads, stuck, at);
    let reached = breadth_first(threads.len(), start, next, |_| false);
    for &(at, _) in &reached {
        let is_end = next(at).is_empty();
        let cycle = if is_end {
            Some(vec![at])
        } else {
            cycle_through(threads.len(), at, next)
        };
        if let Some(cycle) = cycle {
            let mut threads = way_back(&reached, at);
            let closes_at = (!is_end).then(|| threads.len() - 1);
            threads.extend(&cycle[1..]);
            return Chain { threads, closes_at };
        }
    }
    // Not reached for a stuck thread: one that waits for others is on a cycle or before its end.
    Chain {
        threads: vec![start],
        closes_at: None,
    }
}

/// The stuck threads that a thread waits for.
pub(crate) fn waits_for(threads: &[Thread], stuck: &[bool], at: usize) -> Vec<usize> {
    let mut found = Vec::new();
    let mut open = match &threads[at].state {
        ThreadState::Runs => return found,
        ThreadState::Blocked(need) => vec![need],
    };
    while let Some(need) = open.pop() {
        match need {
            WaitFor::AllOf(members) | WaitFor::AnyOf(members) => found.extend(members),
            WaitFor::AtLeast { of, .. } => found.extend(of.iter().map(|(member, _)| *member)),
            WaitFor::Each(needs) | WaitFor::Either(needs) => open.extend(needs.iter().rev()),
        }
    }
    found.retain(|member| stuck.get(*member) == Some(&true));
    found
}

/// The threads in the order in which a breadth-first search meets them, each with the one before
/// it on the way; the search ends with the first for which `last` holds.
fn breadth_first(
    count: usize,
    start: usize,
    next: impl Fn(usize) -> Vec<usize>,
    last: impl Fn(usize) -> bool,
) -> Vec<(usize, usize)> {
    let mut seen = vec![false; count];
    let mut open = VecDeque::from([(start, start)]);
    let mut reached = Vec::new();
    seen[start] = true;
    while let Some((at, before)) = open.pop_front() {
        reached.push((at, before));
        if last(at) {
            break;
        }
        for to in next(at) {
            if !std::mem::replace(&mut seen[to], true) {
                open.push_back((to, at));
            }
        }
    }
    reached
}

/// The shortest cycle through `at`, which stands first in it.
fn cycle_through(
    count: usize,
    at: usize,
    next: impl Fn(usize) -> Vec<usize>,
) -> Option<Vec<usize>> {
    let reached = breadth_first(count, at, &next, |thread| next(thread).contains(&at));
    let &(end, _) = reached.last()?;
    next(end).contains(&at).then(|| way_back(&reached, end))
}

/// The way to `at` in a breadth-first search.
fn way_back(reached: &[(usize, usize)], mut at: usize) -> Vec<usize> {
    let mut way = vec![at];
    // Whoever stands before another was met earlier, so one pass from the back finds them all.
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
mod model;
#[cfg(test)]
mod tests;
