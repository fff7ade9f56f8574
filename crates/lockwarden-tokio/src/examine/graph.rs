//! What the agents hold and wait for, in the words of the reduction.

mod asleep;
mod places;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lockwarden::instrument::{self, Mode, Observation, Site, ThreadId, WaitReason};
use lockwarden::report::{HeldInfo, LockId, WaitsFor};
use tokio::task::Id;

use super::closing;
use super::hang;
use super::need::{self, Need};
use super::outsiders::Outsiders;
use super::stillness::Still;
use crate::agent::leaf::{Target, Wait};
use crate::agent::nested;
use crate::agent::origin;
use crate::agent::registry;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::{Birth, Joined, Kind, Probed, Stamp, Task};
use crate::agent::thread;
use crate::world;

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
    /// Those that could end its waits, if only why it is not polled counts.
    pub(super) enders: Option<Vec<usize>>,
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

/// Waits, with their tasks.
type Waiters = Vec<(Arc<Task>, Arc<Wait>)>;

/// All agents that matter.
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    pub(super) needs: Vec<Need>,
    pub(super) stuck: Vec<bool>,
    index: HashMap<u64, usize>,
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
    /// them polls a task that waits, or if a test may hang.
    still: Option<Still>,
    /// The threads of tests that hang, by their numbers among those that poll tasks: all threads of the process sleep.
    hanging: Vec<u64>,
    /// The threads that a guard may have been moved into; looked at once, if that matters.
    outsiders: OnceCell<Outsiders>,
}

impl Graph {
    /// Looks at all tasks that wait for something that certain tasks have to bring, at all threads
    /// that are blocked, and at those that they wait for; and at all tasks of the checks in
    /// `closed_checks`, and, if a test `may_hang`, at those that belong to no check.
    pub(super) fn new(closed_checks: Vec<u64>, may_hang: bool) -> Self {
        let dropping = closing::dropping();
        // The counts of polls first, then what is held, then the rest: who looks again and finds the
        // same counts has read a state of one moment in between.
        let mut tasks = registry::waiting();
        let everyone = registry::all();
        let is_in_closed =
            |task: &&Arc<Task>| may_hang && task.check == 0 || closed_checks.contains(&task.check);
        tasks.extend(everyone.iter().filter(is_in_closed).cloned());
        let polls: HashMap<u64, u64> = everyone
            .iter()
            .map(|task| (task.id.get(), task.polls()))
            .collect();
        let mut graph = Self {
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
            outsiders: OnceCell::new(),
        };
        graph.observe_threads();
        graph.index_tasks(&everyone);
        graph.list_waits();
        if may_hang || tasks.iter().any(|task| asleep::is_in_poll(task, &polls)) {
            graph.threads = thread::all();
            graph.still = Still::look(graph.observed.values(), may_hang);
        }
        if may_hang && graph.still.is_some() {
            graph.hanging = hang::tests();
        }
        let tasks = tasks.iter().map(|task| task.id);
        let blocked = graph.observed.values().filter(|one| is_blocked(one));
        let agents: Vec<ThreadId> = tasks.chain(blocked.map(|one| one.thread.id)).collect();
        for id in agents {
            graph.place(id, &polls);
        }
        // Those that they need get places behind them.
        let mut at = 0;
        while at < graph.nodes.len() {
            let need = graph.need(at, &polls);
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
            let waits = task.waits.lock().all.clone();
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
    fn place(&mut self, id: ThreadId, polls: &HashMap<u64, u64>) -> usize {
        if let Some(&at) = self.index.get(&id.get()) {
            return at;
        }
        let task = registry::find(id).or_else(|| registry::find_abandoning(id));
        let mut node = Node {
            id,
            polls: polls.get(&id.get()).copied().unwrap_or(1),
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
            node.waits = waits.all.iter().filter(polled).cloned().collect();
            // What the task awaits comes before the set that it drives meanwhile.
            let is_set = |wait: &Arc<Wait>| matches!(wait.target, Target::Set(_));
            node.waits.sort_by_key(is_set);
            let snoozed = |wait: &&Arc<Wait>| wait.last_poll() != last && !is_set(wait);
            node.snoozed = waits.all.iter().filter(snoozed).cloned().collect();
        }
        let at = self.nodes.len();
        self.nodes.push(node);
        self.index.insert(id.get(), at);
        at
    }

    /// What the agent at this place needs.
    fn need(&mut self, at: usize, polls: &HashMap<u64, u64>) -> Need {
        let id = self.nodes[at].id;
        let Some(task) = self.nodes[at].task.clone() else {
            let os_id = self.observed.get(&id.get()).and_then(|one| one.os_id);
            if let Some(polled) = os_id.and_then(world::blocked_in) {
                self.nodes[at].drives = Some(polled.id);
                return Need::Agent(self.place(polled.id, polls));
            }
            return self.need_of_blocked(id, polls);
        };
        if task.has_ended() {
            // What it was found to hold was leaked, and comes back never.
            self.nodes[at].has_abandoned = registry::find_abandoning(id).is_some();
            return if self.nodes[at].has_abandoned {
                Need::Any(Vec::new())
            } else {
                Need::Nothing
            };
        }
        if self.nodes[at].polls == 0 && task.kind == Kind::Blocking {
            let need = self.need_of_queued(&task, polls);
            self.nodes[at].unpolled = (need != Need::Nothing).then_some(Unpolled::Pool);
            return need;
        }
        if self.nodes[at].polls % 2 == 1 {
            // It is being polled: it runs, or its thread is blocked in it.
            if let Some(driven) = nested::of(id) {
                self.nodes[at].drives = Some(driven.id);
                return Need::Agent(self.place(driven.id, polls));
            }
            let mut need = self.need_of_blocked(id, polls);
            if need == Need::Nothing {
                need = self.need_of_asleep(at, &task, polls);
            }
            if need == Need::Nothing {
                need = self.need_of_outer(at, &task, polls);
            }
            return match need {
                Need::Nothing => self.need_of_exchange(at),
                need => need,
            };
        }
        if self.nodes[at].polls == 0 && task.kind == Kind::Local && task.runtime.is_none() {
            // Whichever task has the set would have to poll it first. One that polls it already waits for
            // something that is not watched: the set itself.
            let need = self.need_of_any_agent(at);
            self.nodes[at].unpolled = (need != Need::Nothing).then_some(Unpolled::Set);
            return need;
        }
        let carrier = Some(task.carrier()).filter(|carrier| *carrier != 0);
        let runtime = task.runtime.as_ref();
        let (by_thread, why) = self.need_of_driver(task.kind, runtime, carrier, Some(id), polls);
        let by_waits = self.need_of_waits(at, polls);
        // No probe reaches a task whose thread is blocked: if its waits are not known to be all, the thread alone
        // counts. Once that comes free, the waits are looked at again.
        let is_probed = self.nodes[at].probed.is_some();
        if by_thread != Need::Nothing && (by_waits == Need::Nothing || !is_probed) {
            let node = &mut self.nodes[at];
            node.unpolled = Some(why);
            node.is_for_any = false;
            node.enders = Some(by_waits.agents());
            return by_thread;
        }
        match (by_waits, by_thread) {
            (Need::Nothing, need) | (need, Need::Nothing) => need,
            (waits, thread) => Need::All(vec![waits, thread]),
        }
    }

    /// What a task needs that is not polled at the moment, for its waits.
    fn need_of_waits(&mut self, at: usize, polls: &HashMap<u64, u64>) -> Need {
        let waits = self.nodes[at].waits.clone();
        // Without a wait of this crate nothing is known. That of a task which was not probed is
        // taken to be all, for the time being.
        let is_untracked = self.nodes[at]
            .probed
            .is_some_and(|probed| !probed.is_tracked);
        if waits.is_empty() || is_untracked {
            return Need::Nothing;
        }
        // What was polled in the same poll may have been left behind in it: a probe tells. Until then only what
        // certain tasks can end is looked at.
        let is_certain = |wait: &&Arc<Wait>| wait.target.is_for_certain_tasks();
        // So may one that was given what it waits for, if the poll that left it behind had another waker than the
        // task: then nothing polls the task again.
        let is_pending = |wait: &&Arc<Wait>| is_certain(wait) && wait.granted_at().is_none();
        let is_left_out =
            self.nodes[at].probed.is_none() && waits.iter().any(|wait| is_pending(&wait));
        let mut needs = Vec::new();
        for wait in waits.iter().filter(|wait| !is_left_out || is_pending(wait)) {
            match self.need_of_wait(at, wait, polls) {
                Need::Nothing => return Need::Nothing,
                need => needs.push(need),
            }
        }
        Need::Any(needs)
    }

    fn need_of_wait(&mut self, at: usize, wait: &Arc<Wait>, polls: &HashMap<u64, u64>) -> Need {
        if wait.granted_at().is_some() || wait.queued().is_none() {
            return Need::Nothing;
        }
        match &wait.target {
            Target::Lock(lock, mode, _) => {
                match self.need_of_lock(lock.id, *mode, Some(wait), polls) {
                    // Who has the guard is not known; but no task or thread goes on.
                    Need::Nothing if !self.hanging.is_empty() => self.need_of_any_agent(at),
                    need => need,
                }
            }
            Target::Permits(permits, count) => {
                match self.need_of_permits(wait, permits, u64::from(*count), polls) {
                    Some(need) => need,
                    None => self.need_of_any_agent(at),
                }
            }
            Target::End(tasks) => {
                let mut needs = Vec::new();
                for (id, joined) in tasks {
                    match self.need_of_end(*id, joined, polls) {
                        Need::Nothing => return Need::Nothing,
                        need => needs.push(need),
                    }
                }
                Need::Any(needs)
            }
            Target::Room(room, _) => match self.need_of_place(at, wait, room, polls) {
                Need::Nothing => self.need_of_any_agent(at),
                need => need,
            },
            Target::Message(room, _) => match self.need_of_message(at, room, polls) {
                Need::Nothing => self.need_of_any_agent(at),
                need => need,
            },
            Target::Set(_) => self.need_of_local(polls),
            Target::AnyAgent(_) => self.need_of_any_agent(at),
        }
    }

    /// What it takes for a task of a `LocalSet` to be woken, of whichever set: that one of those moves that are known, if
    /// all are.
    fn need_of_local(&mut self, polls: &HashMap<u64, u64>) -> Need {
        let is_local = |kind: Kind| kind == Kind::Local;
        if origin::anonymous()
            .iter()
            .any(|origin| is_local(origin.kind))
        {
            return Need::Nothing;
        }
        let mut needs = Vec::new();
        for task in registry::all() {
            if is_local(task.kind) && !task.has_ended() {
                needs.push(Need::Agent(self.place(task.id, polls)));
            }
        }
        Need::Any(needs)
    }

    /// What it takes for a task to end.
    fn need_of_end(&mut self, id: Id, joined: &Joined, polls: &HashMap<u64, u64>) -> Need {
        let task = match joined {
            Joined::Known(task) => Some(Arc::clone(task)),
            Joined::Anonymous(_) => self.by_id.get(&id).cloned(),
        };
        match (task, joined) {
            (Some(task), _) if task.has_ended() => Need::Nothing,
            (Some(task), _) => Need::Agent(self.place(task.id, polls)),
            // It runs, or waits for something that is not watched, if a thread is there to poll it. That it
            // has ended would be seen by the one that joins it, when that is polled.
            (None, Joined::Anonymous(origin)) => {
                let runtime = origin.runtime();
                self.need_of_driver(origin.kind, runtime.as_ref(), None, None, polls)
                    .0
            }
            (None, Joined::Known(_)) => Need::Nothing,
        }
    }

    /// What the agent at this place needs, if any agent could end its wait: an agent of its check, if all
    /// agents of the check are known; or one of its test, if that hangs.
    fn need_of_any_agent(&mut self, at: usize) -> Need {
        let world = |node: &Node| {
            let task = node.task.as_ref()?;
            Some((task.check, self.hanging_test_of(task)))
        };
        let own = world(&self.nodes[at]);
        let is_known = |(check, test): &(u64, Option<u64>)| {
            test.is_some() || self.closed_checks.contains(check)
        };
        if !own.as_ref().is_some_and(is_known) {
            return Need::Nothing;
        }
        let members = self.nodes.iter().enumerate();
        let members = members.filter(|(_, node)| world(node) == own);
        let need = Need::Any(members.map(|(at, _)| Need::Agent(at)).collect());
        self.nodes[at].is_for_any = true;
        need
    }

    /// Whether all that the tasks in `set` wait for, of a test that hangs, is a permit or a lock, which another test may
    /// keep; none if only one test hangs, or if they wait for what certain tasks have.
    pub(super) fn may_be_kept_by_a_test(&self, set: &[usize]) -> Option<bool> {
        let nodes = set.iter().map(|&at| &self.nodes[at]);
        let waits = nodes
            .filter(|node| node.is_for_any)
            .flat_map(|node| &node.waits);
        let mut waits = waits.peekable();
        let is_one_of_several = self.hanging.len() > 1 && waits.peek().is_some();
        let is_kept =
            |wait: &Arc<Wait>| matches!(wait.target, Target::Permits(..) | Target::Lock(..));
        is_one_of_several.then(|| waits.all(is_kept))
    }

    /// The test that the task is of, if that hangs.
    fn hanging_test_of(&self, task: &Task) -> Option<u64> {
        let is_in_no_check = task.check == 0;
        is_in_no_check
            .then(|| hang::test_of(task, &self.hanging))
            .flatten()
    }

    /// What a task needs that blocks its thread until a message comes through a channel of threads, or there is room in
    /// one: as if it waited for that without blocking the thread. Any other event may come from outside of all tasks.
    fn need_of_exchange(&mut self, at: usize) -> Need {
        let observed = self.observed(at);
        let observed = observed.filter(|one| is_blocked(one) && !one.is_provided);
        let what = observed.and_then(|one| one.thread.waits.as_ref().map(|wait| wait.what));
        match what {
            Some(WaitsFor::Resource {
                awaited: WaitReason::Message | WaitReason::Room | WaitReason::Partner,
                ..
            }) => self.need_of_any_agent(at),
            _ => Need::Nothing,
        }
    }

    /// What it takes to get a lock.
    fn need_of_lock(
        &mut self,
        lock: LockId,
        mode: Mode,
        wait: Option<&Arc<Wait>>,
        polls: &HashMap<u64, u64>,
    ) -> Need {
        let asker = wait.map(|wait| wait.task_id());
        let mut needs = Vec::new();
        let queued = self.queued.get(&lock).cloned().unwrap_or_default();
        let loose = queued.iter().find_map(|(_, wait)| match &wait.target {
            Target::Lock(_, _, loose) => loose.clone(),
            _ => None,
        });
        let since = loose
            .filter(|loose| loose.is_any())
            .map(|loose| loose.since());
        for (holder, held) in self.holders.get(&lock).cloned().unwrap_or_default() {
            if conflicts(mode, held) {
                // The guard may have gone to another task.
                let tasks = match (registry::find(holder), since) {
                    (Some(task), _) if task.may_have_let_out(lock) => None,
                    (Some(task), Some(since)) => self.tasks_with(&task, since, asker),
                    (None, Some(_)) if registry::find_abandoning(holder).is_some() => None,
                    _ => Some(vec![holder]),
                };
                match tasks {
                    Some(tasks) => needs.push(self.need_of_one(tasks, polls)),
                    None => return Need::Nothing,
                }
            }
        }
        for (task, other) in queued.iter().cloned() {
            let Target::Lock(_, other_mode, _) = other.target else {
                continue;
            };
            if wait.is_some_and(|wait| Arc::ptr_eq(wait, &other)) || !conflicts(mode, other_mode) {
                continue;
            }
            let is_ahead = || {
                let (Some(wait), Some(queued)) = (wait, other.queued()) else {
                    return false;
                };
                queued < wait.began
            };
            // The lock was given to a future that has not taken it yet, or will be before this one: the queue
            // is served in order.
            if other.granted_at().is_some() || is_ahead() {
                let tasks = match other.is_inline {
                    true => Some(vec![task.id]),
                    false => self.tasks_with(&task, other.began, asker),
                };
                match tasks {
                    Some(tasks) => needs.push(self.need_of_one(tasks, polls)),
                    None => return Need::Nothing,
                }
            }
        }
        if needs.is_empty() {
            return Need::Nothing;
        }
        Need::All(needs)
    }

    /// That one of these tasks moves, the first of which has what is waited for, unless it has given that to another.
    pub(super) fn need_of_one(&mut self, tasks: Vec<ThreadId>, polls: &HashMap<u64, u64>) -> Need {
        let mut places = tasks.into_iter().map(|task| self.place(task, polls));
        let first = places.next();
        first.map_or(Need::Nothing, |at| Need::Listed(at, places.collect()))
    }

    /// The tasks that may have what could leave `task`, and was there at `then`, on the clock of `leaf::next`: the task,
    /// and those that it has spawned since, but for `asker`, which waits for it; none if it can be anywhere.
    fn tasks_with(&self, task: &Task, then: u64, asker: Option<ThreadId>) -> Option<Vec<ThreadId>> {
        // Outside of the tasks of a test that hangs nothing is done with it.
        if self.hanging.is_empty() && self.may_be_outside(then) {
            return None;
        }
        let keeps = |one: &Task| {
            let since = one.birth.map_or(then, |birth| birth.at.max(then));
            !one.has_scattered_since(since)
        };
        self.descendants(task, asker, |birth| birth.at > then, keeps)
    }

    /// The tasks that may have a permit which `task` took at the moment of `stamp` and no message can take elsewhere, as
    /// [`tasks_with`](Self::tasks_with).
    pub(super) fn tasks_with_permit(
        &self,
        task: &Task,
        stamp: Stamp,
        asker: Option<ThreadId>,
    ) -> Option<Vec<ThreadId>> {
        let is_since = |spawn: Stamp| stamp.is_before(spawn);
        let keeps = |one: &Task| {
            let orphaned = one.orphaned();
            orphaned.is_none_or(|spawn| one.id == task.id && !is_since(spawn))
        };
        self.descendants(task, asker, |birth| is_since(birth.stamp), keeps)
    }

    /// A task and those that it has spawned, of which `is_meant` selects its own ones, with all that these have spawned;
    /// none if not each of them `keeps` what it has to itself and those that it spawns. Of the spawned ones `asker` is left
    /// out: it waits for what they may have.
    fn descendants(
        &self,
        task: &Task,
        asker: Option<ThreadId>,
        is_meant: impl Fn(&Birth) -> bool,
        keeps: impl Fn(&Task) -> bool,
    ) -> Option<Vec<ThreadId>> {
        let mut found = vec![task.id];
        let mut next = 0;
        while let Some(parent) = found.get(next) {
            let children = self.children.get(&parent.get()).into_iter().flatten();
            let meant = children.filter(|(_, birth)| next != 0 || is_meant(birth));
            let meant: Vec<ThreadId> = meant.map(|(id, _)| *id).collect();
            found.extend(meant);
            next += 1;
        }
        let keeps = |id: &ThreadId| registry::find(*id).is_some_and(|one| keeps(&one));
        if !found.iter().all(keeps) {
            return None;
        }
        found.retain(|id| *id == task.id || Some(*id) != asker);
        Some(found)
    }

    /// Whether what can leave the task may be elsewhere by now, if the task has it since `then`, on the clock of
    /// `leaf::next`.
    fn may_have_left(&self, task: &Task, then: u64) -> bool {
        task.has_let_out_since(then) || self.may_be_outside(then)
    }

    /// Whether a thread that polls no task may have a guard that was taken after `then`, on the clock of
    /// `leaf::next`.
    fn may_be_outside(&self, then: u64) -> bool {
        let outsiders = self
            .outsiders
            .get_or_init(|| Outsiders::look(self.observed.values()));
        outsiders.may_have_received_since(then)
    }

    /// The runtime that the agent at `at` drops, whose threads it waits for.
    pub(super) fn drops(&self, at: usize) -> Option<&Arc<RuntimeState>> {
        let id = self.nodes[at].id;
        let found = self.dropping.iter().find(|(dropping, _)| *dropping == id);
        found.map(|(_, runtime)| runtime)
    }

    /// What an agent needs that drops a runtime: that what runs on it comes to an end.
    fn need_of_dropped(&mut self, runtime: &Arc<RuntimeState>, polls: &HashMap<u64, u64>) -> Need {
        let is_of = |task: &&Arc<Task>| {
            let own = task.runtime.as_ref();
            task.kind != Kind::Driven && own.is_some_and(|own| Arc::ptr_eq(own, runtime))
        };
        let carried = self.carried.values().flatten().filter(is_of);
        let running: Vec<ThreadId> = carried.map(|task| task.id).collect();
        let needs = running
            .into_iter()
            .map(|id| Need::Agent(self.place(id, polls)));
        Need::All(needs.collect())
    }

    /// What a thread needs that is blocked, or a task that blocks its thread.
    fn need_of_blocked(&mut self, id: ThreadId, polls: &HashMap<u64, u64>) -> Need {
        let dropping = self.dropping.iter().find(|(dropping, _)| *dropping == id);
        if let Some((_, runtime)) = dropping.cloned() {
            return self.need_of_dropped(&runtime, polls);
        }
        let Some(one) = self.observed.get(&id.get()).filter(|one| is_blocked(one)) else {
            return Need::Nothing;
        };
        let joined = one.joins;
        match one.thread.waits.as_ref().map(|wait| wait.what) {
            Some(WaitsFor::Lock { lock, mode, .. }) => self.need_of_lock(lock, mode, None, polls),
            Some(WaitsFor::Resource { .. }) => joined.map_or(Need::Nothing, |thread| {
                Need::Agent(self.place(thread, polls))
            }),
            _ => Need::Nothing,
        }
    }

    /// What a task needs that is being polled, and polls others in turn, as that which drives a `LocalSet` does: that
    /// none of them blocks the thread.
    fn need_of_outer(&mut self, at: usize, task: &Arc<Task>, polls: &HashMap<u64, u64>) -> Need {
        let need = self.need_of_thread(task.carrier(), Some(task.id), polls);
        if need != Need::Nothing {
            self.nodes[at].unpolled = Some(Unpolled::Inner);
        }
        need
    }

    /// What it takes for a task that is not polled to be polled: that a thread which does so comes
    /// out of what it is in.
    fn need_of_driver(
        &mut self,
        kind: Kind,
        runtime: Option<&Arc<RuntimeState>>,
        carrier: Option<u64>,
        asker: Option<ThreadId>,
        polls: &HashMap<u64, u64>,
    ) -> (Need, Unpolled) {
        let driver = match (kind, runtime) {
            (Kind::Spawned, Some(runtime)) if !runtime.is_current_thread => {
                return (self.need_of_workers(runtime, polls), Unpolled::Workers);
            }
            (Kind::Spawned, runtime) => runtime.and_then(|of| of.only_driver()),
            (Kind::Local | Kind::Driven, _) => carrier,
            (Kind::Blocking, _) => None,
        };
        let need = driver.map_or(Need::Nothing, |driver| {
            self.need_of_thread(driver, asker, polls)
        });
        (need, Unpolled::Driver)
    }

    /// What it takes for a thread to come out of the tasks that it polls, beside `asker` and those that drive this;
    /// nothing if none of them is known to block it.
    fn need_of_thread(
        &mut self,
        thread: u64,
        asker: Option<ThreadId>,
        polls: &HashMap<u64, u64>,
    ) -> Need {
        let mut needs = Vec::new();
        for carried in self.carried.get(&thread).cloned().unwrap_or_default() {
            // Its thread polls the asker, whatever else the one that drives it waits for.
            if asker.is_some_and(|asker| carried.id == asker || nested::leads_to(carried.id, asker))
            {
                continue;
            }
            // One that drives another in a `block_on` polls that whenever it is woken: what it is seen to wait for
            // is the wake-up, if the parking of the runtime is watched, too.
            let is_driving = nested::of(carried.id).is_some();
            let blocked = self.observed.get(&carried.id.get()).is_some_and(is_blocked);
            if blocked && !is_driving || self.is_asleep(&carried) {
                needs.push(Need::Agent(self.place(carried.id, polls)));
            }
        }
        if needs.is_empty() {
            Need::Nothing
        } else {
            Need::All(needs)
        }
    }

    /// What it takes for one of the workers of a runtime to poll again, if all of them are blocked.
    fn need_of_workers(&mut self, runtime: &Arc<RuntimeState>, polls: &HashMap<u64, u64>) -> Need {
        let is_worker = |tasks: &Vec<Arc<Task>>| {
            let of_runtime = |task: &Arc<Task>| {
                let own = task.runtime.as_ref();
                task.kind == Kind::Spawned && own.is_some_and(|own| Arc::ptr_eq(own, runtime))
            };
            let leaves = |task: &Arc<Task>| task.is_in_place.load(Ordering::Acquire);
            tasks.iter().any(of_runtime) && !tasks.iter().any(leaves)
        };
        let workers = self.carried.iter().filter(|(_, tasks)| is_worker(tasks));
        let workers: Vec<u64> = workers.map(|(thread, _)| *thread).collect();
        if workers.len() < runtime.workers {
            return Need::Nothing;
        }
        let mut needs = Vec::new();
        for worker in workers {
            match self.need_of_thread(worker, None, polls) {
                Need::Nothing => return Need::Nothing,
                need => needs.push(need),
            }
        }
        Need::Any(needs)
    }

    /// What it takes for a closure to be run, if all threads of the blocking pool run others.
    fn need_of_queued(&mut self, task: &Arc<Task>, polls: &HashMap<u64, u64>) -> Need {
        let (Kind::Blocking, Some(runtime)) = (task.kind, &task.runtime) else {
            return Need::Nothing;
        };
        let mut needs = Vec::new();
        for other in self.carried.values().flatten().cloned().collect::<Vec<_>>() {
            let own = other.runtime.as_ref();
            if other.kind == Kind::Blocking && own.is_some_and(|own| Arc::ptr_eq(own, runtime)) {
                needs.push(Need::Agent(self.place(other.id, polls)));
            }
        }
        if needs.len() < runtime.blocking_threads {
            return Need::Nothing;
        }
        Need::Any(needs)
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
        if next.iter().any(|next| self.has_abandoned(*next)) {
            return true;
        }
        next.into_iter()
            .filter(|next| self.stuck[*next])
            .any(|next| self.closed_set(next).contains(&at))
    }

    /// What an agent holds and waits for, as the core sees it.
    pub(super) fn observed(&self, at: usize) -> Option<&Observation> {
        self.observed.get(&self.nodes[at].id.get())
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

/// Whether a hold keeps a waiter out.
fn conflicts(wanted: Mode, held: Mode) -> bool {
    wanted == Mode::Exclusive || held == Mode::Exclusive
}
