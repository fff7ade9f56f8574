//! What the agents hold and wait for, in the words of the reduction.

mod asleep;
mod holders;
mod needs;
mod places;
mod polling;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use lockwarden::instrument::{self, Mode, Observation, Site, ThreadId, WaitReason};
use lockwarden::report::{HeldInfo, LockId, WaitsFor};
use tokio::task::Id;

use super::closing;
use super::hang;
use super::need::{self, Need};
use super::outsiders::Outsiders;
use super::stillness::Still;
use crate::agent::leaf::{Target, Wait};
use crate::agent::registry;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::{Birth, Joined, Probed, Task};
use crate::agent::thread;

/// One task or thread.
pub(super) struct Node {
    pub(super) id: ThreadId,
    /// `None` for a thread.
    pub(super) task: Option<Arc<Task>>,
    /// The count of polls, read before anything else of it.
    pub(super) polls: u64,
    /// The waits that it was found in when it was last polled; all of them are pending.
    pub(super) waits: Vec<Arc<Wait>>,
    /// Those that are listed, but were not polled the last time.
    pub(super) snoozed: Vec<Arc<Wait>>,
    /// The last probe, if the task was not polled since.
    pub(super) probed: Option<Probed>,
    /// Why it is not polled, if that alone counts: it waits for nothing else, or no probe has shown for what.
    pub(super) unpolled: Option<Unpolled>,
    /// What its waits need, if only why it is not polled counts.
    pub(super) enders: Option<Need>,
    /// Whether it is a task that had ended and leaked what it held.
    pub(super) has_abandoned: bool,
    /// What it drives in a `block_on`.
    pub(super) drives: Option<ThreadId>,
    /// Whether it is polled by a thread that sleeps in a wait which is not watched.
    pub(super) is_asleep: bool,
    /// Whether any agent of its check, or of a process that stands still, could end one of its waits.
    pub(super) is_for_any: bool,
    /// The sum of the versions of the channels that were asked who has a place there.
    pub(super) version: u64,
}

/// Why a task is not polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpolled {
    /// The only thread that does so is blocked.
    Driver,
    /// All worker threads of its runtime are blocked.
    Workers,
    /// It is being polled, by a thread that a task blocks which it polls in turn.
    Inner,
    /// It is a closure, and all threads of the blocking pool run others.
    Pool,
    /// It is a task of a `LocalSet` that was never polled, and no task is left that could do so.
    Set,
}

/// The check of a task, and the test or program that it is of, if that hangs.
type World = (u64, Option<u64>);

/// Waits, with their tasks.
type Waiters = Vec<(Arc<Task>, Arc<Wait>)>;

/// All agents that matter.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) needs: Vec<Need>,
    pub(super) stuck: Vec<bool>,
    index: HashMap<u64, usize>,
    /// The counts of polls of all tasks, read before anything else of them.
    polls: HashMap<u64, u64>,
    observed: HashMap<u64, Observation>,
    /// Who holds each lock.
    holders: HashMap<LockId, Vec<(ThreadId, Mode)>>,
    /// All waits for locks that are listed, by lock.
    queued: HashMap<LockId, Waiters>,
    /// All waits for permits that are listed.
    permits: Vec<(Arc<Task>, Arc<Wait>, u32)>,
    /// All waits for places in channels that are listed.
    rooms: Vec<(Arc<Task>, Arc<Wait>)>,
    /// The known tasks, by their numbers in tokio.
    by_id: HashMap<Id, Arc<Task>>,
    /// The tasks that are polled now, by thread.
    carried: HashMap<u64, Vec<Arc<Task>>>,
    /// The known tasks that known ones have spawned, by the number of these.
    children: HashMap<u64, Vec<(ThreadId, Birth)>>,
    /// The system's numbers of the threads.
    threads: HashMap<u64, u32>,
    /// The checks whose tasks are all known, so that one of them has to end any wait.
    closed_checks: Vec<u64>,
    /// The threads and tasks that drop a runtime, and wait for what runs on it.
    dropping: Vec<(ThreadId, Arc<RuntimeState>)>,
    /// The threads of the process, if all of them sleep until one of them wakes another; looked at only if one of
    /// them polls a task that waits, or if a test or the program may hang.
    still: Option<Still>,
    /// The tests that hang, or the program, by the numbers of `hang`: all threads of the process sleep.
    hanging: Vec<u64>,
    /// The places of the agents of a check, or of a test or program that hangs, with how many nodes there were.
    worlds: HashMap<World, (usize, Arc<[usize]>)>,
    /// The threads that a guard may have been moved into; looked at once, if that matters.
    outsiders: OnceCell<Outsiders>,
}

impl Graph {
    /// Looks at all tasks that wait for something that certain tasks have to bring, at all threads
    /// that are blocked, and at those that they wait for; and at all tasks of the checks in
    /// `closed_checks`, and, if a test or the program `may_hang`, at those that belong to no check.
    pub(super) fn new(closed_checks: Vec<u64>, may_hang: bool) -> Self {
        let dropping = closing::dropping();
        // The counts of polls first, then what is held, then the rest: who looks again and finds the
        // same counts has read a state of one moment in between.
        let mut tasks = registry::waiting();
        let everyone = registry::all();
        let is_in_closed =
            |task: &&Arc<Task>| may_hang && task.check == 0 || closed_checks.contains(&task.check);
        tasks.extend(everyone.iter().filter(is_in_closed).cloned());
        let polls = everyone.iter().map(|task| (task.id.get(), task.polls()));
        let mut graph = Self {
            polls: polls.collect(),
            nodes: Vec::new(),
            needs: Vec::new(),
            stuck: Vec::new(),
            index: HashMap::new(),
            observed: HashMap::new(),
            holders: HashMap::new(),
            queued: HashMap::new(),
            permits: Vec::new(),
            rooms: Vec::new(),
            by_id: HashMap::new(),
            carried: HashMap::new(),
            children: HashMap::new(),
            threads: HashMap::new(),
            closed_checks,
            dropping,
            still: None,
            hanging: Vec::new(),
            worlds: HashMap::new(),
            outsiders: OnceCell::new(),
        };
        graph.observe_threads();
        graph.index_tasks(&everyone);
        graph.list_waits();
        if may_hang || tasks.iter().any(|task| graph.is_in_poll(task)) {
            graph.threads = thread::all();
            let runs_tests = may_hang && !hang::tests().is_empty();
            graph.still = Still::look(graph.observed.values(), runs_tests);
        }
        if may_hang && graph.still.is_some() {
            graph.hanging = hang::hanging();
        }
        let tasks = tasks.iter().map(|task| task.id);
        let blocked = graph.observed.values().filter(|one| is_blocked(one));
        let agents: Vec<ThreadId> = tasks.chain(blocked.map(|one| one.thread.id)).collect();
        for id in agents {
            graph.place(id);
        }
        // Those that they need get places behind them.
        let mut at = 0;
        while at < graph.nodes.len() {
            let need = graph.need(at);
            graph.needs.push(need);
            at += 1;
        }
        graph.stuck = need::stuck(&graph.needs);
        graph
    }

    /// Reads what the threads, and the tasks that the core knows, hold and wait for.
    fn observe_threads(&mut self) {
        for one in instrument::observe_all() {
            for held in &one.thread.held {
                let holders = self.holders.entry(held.lock).or_default();
                holders.push((one.thread.id, held.mode));
            }
            self.observed.insert(one.thread.id.get(), one);
        }
    }

    /// Enters the tasks under their numbers in tokio, their parents and the threads that poll them.
    fn index_tasks(&mut self, all: &[Arc<Task>]) {
        for task in all {
            if let Some(birth) = task.birth {
                let parent = birth.stamp.id().get();
                let children = self.children.entry(parent).or_default();
                children.push((task.id, birth));
            }
            if let Some(id) = task.tokio_id {
                self.by_id.insert(id, Arc::clone(task));
            }
            if task.polls() % 2 == 1 {
                let carried = self.carried.entry(task.carrier()).or_default();
                carried.push(Arc::clone(task));
            }
        }
    }

    /// Lists the waits of tasks for locks, permits and places in channels.
    fn list_waits(&mut self) {
        for task in registry::waiting() {
            let waits: Vec<Arc<Wait>> = task.waits.lock().iter().cloned().collect();
            for wait in waits {
                match &wait.target {
                    Target::Lock(lock, ..) => {
                        let queued = self.queued.entry(lock.id).or_default();
                        queued.push((Arc::clone(&task), wait));
                    }
                    Target::Permits(_, count) => {
                        let count = *count;
                        self.permits.push((Arc::clone(&task), wait, count));
                    }
                    Target::Room(..) => self.rooms.push((Arc::clone(&task), wait)),
                    _ => {}
                }
            }
        }
    }

    /// The place of the agent with this number, which gets one if it has none.
    fn place(&mut self, id: ThreadId) -> usize {
        if let Some(&at) = self.index.get(&id.get()) {
            return at;
        }
        let task = registry::find(id).or_else(|| registry::find_abandoning(id));
        let mut node = Node {
            id,
            polls: self.polls.get(&id.get()).copied().unwrap_or(1),
            task,
            waits: Vec::new(),
            snoozed: Vec::new(),
            probed: None,
            unpolled: None,
            enders: None,
            has_abandoned: false,
            drives: None,
            is_asleep: false,
            is_for_any: false,
            version: 0,
        };
        if let Some(task) = &node.task {
            let waits = task.waits.lock();
            node.probed = waits.probed.filter(|probed| probed.at == node.polls);
            let last = node.polls.saturating_sub(1);
            let polled = |wait: &&Arc<Wait>| wait.last_poll() == last;
            node.waits = waits.iter().filter(polled).cloned().collect();
            // What the task awaits comes before the set that it drives meanwhile.
            let is_set = |wait: &Arc<Wait>| matches!(wait.target, Target::Set(_));
            node.waits.sort_by_key(is_set);
            let snoozed = |wait: &&Arc<Wait>| wait.last_poll() != last && !is_set(wait);
            node.snoozed = waits.iter().filter(snoozed).cloned().collect();
        }
        let at = self.nodes.len();
        self.nodes.push(node);
        self.index.insert(id.get(), at);
        at
    }

    /// The place of the agent with this number, if it has one.
    pub(super) fn place_of(&self, id: ThreadId) -> Option<usize> {
        self.index.get(&id.get()).copied()
    }

    /// The runtime that the agent at `at` drops, whose threads it waits for.
    pub(super) fn drops(&self, at: usize) -> Option<&Arc<RuntimeState>> {
        let id = self.nodes[at].id;
        let found = self.dropping.iter().find(|(dropping, _)| *dropping == id);
        found.map(|(_, runtime)| runtime)
    }

    /// The places where those tasks were spawned that the wait is for the end of, and that have no number.
    pub(super) fn anonymous_ends(&self, wait: &Wait) -> Vec<Site> {
        let Target::End(tasks) = &wait.target else {
            return Vec::new();
        };
        let is_anonymous = |(id, joined): &&(Id, Joined)| {
            matches!(joined, Joined::Anonymous(_)) && !self.by_id.contains_key(id)
        };
        let anonymous = tasks.iter().filter(is_anonymous);
        anonymous.map(|(_, joined)| joined.spawned()).collect()
    }

    /// The stuck agents that keep the one at `start` from moving, with itself.
    pub(super) fn closed_set(&self, start: usize) -> Vec<usize> {
        need::closed_set(&self.needs, &self.stuck, start)
    }

    /// Whether the agent at `at` is a task that has ended, and what it holds was leaked.
    pub(super) fn has_abandoned(&self, at: usize) -> bool {
        self.nodes[at].has_abandoned
    }

    /// Whether the agent at `at` is one of those that wait for each other, or waits for one that has ended.
    pub(super) fn is_in_ring(&self, at: usize) -> bool {
        let next = self.needs[at].agents();
        next.iter().any(|next| self.has_abandoned(*next))
            || need::is_in_ring(&self.needs, &self.stuck, at)
    }

    /// What an agent holds and waits for, as the core sees it.
    pub(super) fn observed(&self, at: usize) -> Option<&Observation> {
        self.observed.get(&self.nodes[at].id.get())
    }

    /// Whether the agent at `at` is a task that blocks its thread in a wait out of which a panic may be raised.
    pub(super) fn can_be_interrupted(&self, at: usize) -> bool {
        let blocked = self.observed(at).filter(|one| is_blocked(one));
        let awaited = blocked.and_then(awaited);
        self.nodes[at].polls % 2 == 1
            && awaited.is_some_and(|awaited| {
                !matches!(
                    awaited,
                    WaitReason::Unpark | WaitReason::ScopeEnd | WaitReason::Time
                )
            })
    }

    /// All threads and tasks that the core tracks.
    pub(super) fn all_observed(&self) -> impl Iterator<Item = &Observation> {
        self.observed.values()
    }

    /// Whether the core sees what the agent at `at` needs: it waits for a lock, or for the end of a thread, in a wait that
    /// blocks its thread.
    pub(super) fn is_seen_by_core(&self, at: usize) -> bool {
        self.observed(at).is_some_and(|one| {
            let wait = one.thread.waits.as_ref().map(|wait| wait.what);
            let is_lock = matches!(wait, Some(WaitsFor::Lock { .. }));
            is_blocked(one) && (is_lock || one.joins.is_some())
        })
    }

    /// The locks that the agent holds.
    pub(super) fn held(&self, at: usize) -> &[HeldInfo] {
        self.observed(at).map_or(&[], |one| &one.thread.held)
    }
}

/// Whether it is in a wait, without a limit, that blocks its thread.
fn is_blocked(one: &Observation) -> bool {
    one.thread.waits.is_some() && !one.is_timed && !one.thread.ended && !one.may_wander
}

/// What a thread or agent waits for in a wait that blocks its thread, if that is no lock.
fn awaited(one: &Observation) -> Option<WaitReason> {
    match one.thread.waits.as_ref()?.what {
        WaitsFor::Resource { awaited, .. } => Some(awaited),
        _ => None,
    }
}
