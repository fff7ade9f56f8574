//! Tasks that are being polled by a thread that sleeps in a wait which is not watched.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockwarden::instrument::{Observation, WaitReason};

use super::{Graph, Need, Still, awaited, is_blocked};
use crate::agent::origin;
use crate::agent::task::Task;
use crate::examine::hang;

impl Graph {
    /// Whether two looks have found what stands still stand still all the time between them: the threads of the checks
    /// whose tasks are all known; and all threads of the process, if one of the agents in `set` sleeps in a wait that is
    /// not watched, or if a test or the program hangs.
    pub(in crate::examine) fn is_as_still_as(&self, again: &Self, set: &[usize]) -> bool {
        let rests_on_all =
            !self.hanging.is_empty() || set.iter().any(|&at| self.nodes[at].is_asleep);
        let of_closed = |graph: &Self| -> BTreeMap<u64, u64> {
            let is_of_closed = |one: &&Observation| {
                one.check != 0
                    && self.closed_checks.contains(&one.check)
                    && !one.thread.is_task
                    && !one.is_observer
            };
            let threads = graph.observed.values().filter(is_of_closed);
            let progress = threads.map(|one| (one.thread.id.get(), one.progress));
            progress.collect()
        };
        (!rests_on_all || self.still.is_some() && self.still == again.still)
            && of_closed(self) == of_closed(again)
    }

    /// Whether what the tasks of a test or program that hangs wait for could have come from something else: a task of which nothing
    /// is known, or a thread that polls none.
    pub(in crate::examine) fn has_others(&self) -> bool {
        let hanging = self.still.as_ref().filter(|_| !self.hanging.is_empty());
        let runs_tests = !hang::tests().is_empty();
        hanging.is_some_and(|still| still.has_others(runs_tests) || !origin::anonymous().is_empty())
    }

    /// What a task needs whose thread sleeps, in its poll, in a wait that is not watched, while all other threads of
    /// the process sleep, too: that one of the waits ends which the poll has found pending; and if it is not known who
    /// can end that, any other task.
    pub(super) fn need_of_asleep(&mut self, at: usize, task: &Arc<Task>) -> Need {
        if !self.is_asleep(task) {
            return Need::Nothing;
        }
        let in_poll = self.nodes[at].polls;
        let (waits, snoozed) = {
            let all = task.waits.lock();
            all.iter()
                .cloned()
                .partition(|wait| wait.last_poll() == in_poll)
        };
        self.nodes[at].waits = waits;
        self.nodes[at].snoozed = snoozed;
        self.nodes[at].is_asleep = true;
        let mut needs = Vec::new();
        for wait in self.nodes[at].waits.clone() {
            match self.need_of_wait(at, &wait) {
                Need::Nothing => {
                    self.nodes[at].is_for_any = true;
                    return Need::AnyOf((0..self.nodes.len()).collect());
                }
                need => needs.push(need),
            }
        }
        Need::Any(needs)
    }

    /// Whether the task is in a poll that has found one of its waits pending.
    pub(super) fn is_in_poll(&self, task: &Task) -> bool {
        let polls = self.polls.get(&task.id.get()).copied().unwrap_or(0);
        polls % 2 == 1 && has_wait_of(task, polls)
    }

    /// Whether the thread that polls the task sleeps, and all others do, too; in a poll that has found a wait
    /// pending, and in which no other task that it polls is seen to block the thread.
    pub(super) fn is_asleep(&self, task: &Arc<Task>) -> bool {
        let id = self.threads.get(&task.carrier());
        let is_still = |still: &Still| id.is_some_and(|id| still.has(*id));
        // A park may be that of an executor, which polls what it was given once more when it ends.
        let blocks = |other: &Arc<Task>| {
            let observed = self.observed.get(&other.id.get());
            observed.is_some_and(|one| is_blocked(one) && awaited(one) != Some(WaitReason::Unpark))
        };
        let carried = self.carried.get(&task.carrier());
        self.still.as_ref().is_some_and(is_still)
            && has_wait_of(task, task.polls())
            && !carried.into_iter().flatten().any(blocks)
    }
}

/// Whether a wait of the task was found pending in this poll.
fn has_wait_of(task: &Task, poll: u64) -> bool {
    let waits = task.waits.lock();
    waits.iter().any(|wait| wait.last_poll() == poll)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use lockwarden::instrument;
    use lockwarden::{sync, testing, thread};

    use super::Graph;

    /// It may have sent a message before it came to wait again.
    #[test]
    fn a_thread_of_a_check_that_has_run_between_two_looks_has_not_stood_still() {
        let outcome = testing::check(|| {
            let check = instrument::Agent::new(None).check();
            let (sender, receiver) = mpsc::channel();
            let (answer, answers) = mpsc::channel();
            let thread = thread::spawn(move || {
                let count = sync::Mutex::new(0);
                for () in receiver {
                    *count.lock().unwrap() += 1;
                    answer.send(()).unwrap();
                }
            });
            let run = || {
                sender.send(()).unwrap();
                answers.recv().unwrap();
            };
            run();
            let [first, second] = [(); 2].map(|()| Graph::new(vec![check], false));
            assert!(first.is_as_still_as(&second, &[]));
            run();
            assert!(!first.is_as_still_as(&Graph::new(vec![check], false), &[]));
            drop(sender);
            thread.join().unwrap();
        });
        outcome.assert_clean();
    }
}
