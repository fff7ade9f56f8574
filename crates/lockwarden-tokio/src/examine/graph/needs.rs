//! What each agent needs in order to go on.

use std::sync::Arc;

use lockwarden::instrument::WaitReason;
use tokio::task::Id;

use super::{Graph, Need, Node, Unpolled, World, awaited, is_blocked};
use crate::agent::leaf::{Target, Wait};
use crate::agent::nested;
use crate::agent::origin;
use crate::agent::probe::WokenBy;
use crate::agent::registry;
use crate::agent::task::{Joined, Kind, Task};
use crate::examine::hang;
use crate::world;

impl Graph {
    /// What the agent at this place needs.
    pub(super) fn need(&mut self, at: usize) -> Need {
        let id = self.nodes[at].id;
        let Some(task) = self.nodes[at].task.clone() else {
            let os_id = self.observed.get(&id.get()).and_then(|one| one.os_id);
            if let Some(polled) = os_id.and_then(world::blocked_in) {
                self.nodes[at].drives = Some(polled.id);
                return Need::Agent(self.place(polled.id));
            }
            return self.need_of_blocked(id);
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
            let need = self.need_of_queued(&task);
            self.nodes[at].unpolled = (need != Need::Nothing).then_some(Unpolled::Pool);
            return need;
        }
        if self.nodes[at].polls % 2 == 1 {
            // It is being polled: it runs, or its thread is blocked in it.
            if let Some(driven) = nested::of(id) {
                self.nodes[at].drives = Some(driven.id);
                return Need::Agent(self.place(driven.id));
            }
            let mut need = self.need_of_blocked(id);
            if need == Need::Nothing {
                need = self.need_of_asleep(at, &task);
            }
            if need == Need::Nothing {
                need = self.need_of_outer(at, &task);
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
        let (by_thread, why) = self.need_of_driver(task.kind, runtime, carrier, Some(id));
        let by_waits = self.need_of_waits(at);
        // No probe reaches a task whose thread is blocked: if its waits are not known to be all, the thread alone
        // counts. Once that comes free, the waits are looked at again.
        let is_probed = self.nodes[at].probed.is_some();
        if by_thread != Need::Nothing && (by_waits == Need::Nothing || !is_probed) {
            let node = &mut self.nodes[at];
            node.unpolled = Some(why);
            node.is_for_any = false;
            node.enders = Some(by_waits);
            return by_thread;
        }
        match (by_waits, by_thread) {
            (Need::Nothing, need) | (need, Need::Nothing) => need,
            (waits, thread) => Need::All(vec![waits, thread]),
        }
    }

    /// What a task needs that is not polled at the moment, for its waits.
    fn need_of_waits(&mut self, at: usize) -> Need {
        let waits = self.nodes[at].waits.clone();
        // The waits of a task that was not probed are taken to be all, for the time being.
        match self.nodes[at].probed.map(|probed| probed.woken_by) {
            Some(WokenBy::More) => return self.need_of_elsewhere(at),
            None if waits.is_empty() => return self.need_of_elsewhere(at),
            Some(WokenBy::Itself) => return Need::Nothing,
            // It rests: nothing is there that would wake it.
            Some(WokenBy::Waits) if waits.is_empty() => return Need::Nothing,
            Some(WokenBy::Waits) | None => {}
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
            match self.need_of_wait(at, wait) {
                Need::Nothing => return Need::Nothing,
                need => needs.push(need),
            }
        }
        Need::Any(needs)
    }

    /// What the task at this place needs, which waits for something that is not watched: nothing that is known, unless no thread
    /// of the process goes on. Then no timer, socket, other process or signal wakes it, but only a task or thread.
    fn need_of_elsewhere(&mut self, at: usize) -> Need {
        let task = self.nodes[at].task.as_ref();
        let hangs = task.is_some_and(|task| self.hanging_test_of(task).is_some());
        match hangs {
            true => self.need_of_any_agent(at),
            false => Need::Nothing,
        }
    }

    /// What a wait needs; nothing if that is not known.
    pub(super) fn need_of_wait(&mut self, at: usize, wait: &Arc<Wait>) -> Need {
        if wait.granted_at().is_some() || wait.queued().is_none() {
            return Need::Nothing;
        }
        match &wait.target {
            Target::Lock(lock, mode, _) => {
                match self.need_of_lock(lock.id, *mode, Some(wait)) {
                    // Who has the guard is not known: any task of the check, or of the test or program that hangs, may.
                    Need::Nothing => self.need_of_any_agent(at),
                    need => need,
                }
            }
            Target::Permits(permits, count) => {
                match self.need_of_permits(wait, permits, u64::from(*count)) {
                    Some(need) => need,
                    None => self.need_of_any_agent(at),
                }
            }
            Target::End(tasks) => {
                let mut needs = Vec::new();
                for (id, joined) in tasks {
                    match self.need_of_end(at, *id, joined) {
                        Need::Nothing => return Need::Nothing,
                        need => needs.push(need),
                    }
                }
                Need::Any(needs)
            }
            Target::Room(room, _) => match self.need_of_place(at, wait, room) {
                Need::Nothing => self.need_of_any_agent(at),
                need => need,
            },
            Target::Message(room, _) => match self.need_of_message(at, room) {
                Need::Nothing => self.need_of_any_agent(at),
                need => need,
            },
            Target::Set(_) => self.need_of_local(),
            Target::AnyAgent(_) => self.need_of_any_agent(at),
        }
    }

    /// What it takes for a task of a `LocalSet` to be woken, of whichever set: that one of those moves that are known, if
    /// all are.
    fn need_of_local(&mut self) -> Need {
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
                needs.push(Need::Agent(self.place(task.id)));
            }
        }
        Need::Any(needs)
    }

    /// What it takes for a task to end, which the one at `at` waits for.
    fn need_of_end(&mut self, at: usize, id: Id, joined: &Joined) -> Need {
        let task = match joined {
            Joined::Known(task) => Some(Arc::clone(task)),
            Joined::Anonymous(_) => self.by_id.get(&id).cloned(),
        };
        match (task, joined) {
            (Some(task), _) if task.has_ended() => Need::Nothing,
            (Some(task), _) => Need::Agent(self.place(task.id)),
            // It runs, or waits for something that is not watched, if a thread is there to poll it. That it
            // has ended would be seen by the one that joins it, when that is polled.
            (None, Joined::Anonymous(origin)) => {
                let runtime = origin.runtime();
                match self.need_of_driver(origin.kind, runtime.as_ref(), None, None) {
                    (Need::Nothing, _) => self.need_of_elsewhere(at),
                    (need, _) => need,
                }
            }
            (None, Joined::Known(_)) => Need::Nothing,
        }
    }

    /// What the agent at this place needs, if any agent could end its wait: an agent of its check, if all
    /// agents of the check are known; or one of its test or program, if that hangs.
    fn need_of_any_agent(&mut self, at: usize) -> Need {
        let Some(own) = self.world_of(&self.nodes[at]) else {
            return Need::Nothing;
        };
        let (check, test) = own;
        if test.is_none() && !self.closed_checks.contains(&check) {
            return Need::Nothing;
        }
        self.nodes[at].is_for_any = true;
        let count = self.nodes.len();
        if let Some((_, members)) = self.worlds.get(&own).filter(|(of, _)| *of == count) {
            return Need::AnyOf(Arc::clone(members));
        }
        let nodes = self.nodes.iter().enumerate();
        let members = nodes.filter(|(_, node)| self.world_of(node) == Some(own));
        let members: Arc<[usize]> = members.map(|(at, _)| at).collect();
        self.worlds.insert(own, (count, Arc::clone(&members)));
        Need::AnyOf(members)
    }

    fn world_of(&self, node: &Node) -> Option<World> {
        let task = node.task.as_ref()?;
        Some((task.check, self.hanging_test_of(task)))
    }

    /// Whether all that the tasks in `set` wait for, of a test that hangs, is a permit or a lock, which another test may
    /// keep; none if only one test hangs, or if they wait for what certain tasks have.
    pub(in crate::examine) fn may_be_kept_by_a_test(&self, set: &[usize]) -> Option<bool> {
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

    /// The test or program that the task is of, if that hangs.
    fn hanging_test_of(&self, task: &Task) -> Option<u64> {
        let is_in_no_check = task.check == 0;
        is_in_no_check
            .then(|| hang::test_of(task, &self.hanging))
            .flatten()
    }

    /// What a task needs that blocks its thread until a message comes through a channel of threads, there is room in one, or
    /// a notification comes: as if it waited for that without blocking the thread. Any other event may come from outside of
    /// all tasks, as long as something in the process goes on. A parked thread of a program that runs no test may rest.
    fn need_of_exchange(&mut self, at: usize) -> Need {
        let observed = self.observed(at);
        let observed = observed.filter(|one| is_blocked(one) && !one.is_provided);
        match observed.and_then(awaited) {
            Some(
                WaitReason::Message
                | WaitReason::Room
                | WaitReason::Partner
                | WaitReason::Notification,
            ) => self.need_of_any_agent(at),
            Some(WaitReason::Unpark) if hang::tests().is_empty() => Need::Nothing,
            Some(_) => self.need_of_elsewhere(at),
            None => Need::Nothing,
        }
    }
}
