//! Who has a lock, and which tasks what they have may have gone to.

use std::sync::Arc;

use lockwarden::instrument::{Mode, ThreadId};
use lockwarden::report::LockId;

use super::{Graph, Need, Outsiders};
use crate::agent::leaf::{Target, Wait};
use crate::agent::registry;
use crate::agent::task::{Birth, Stamp, Task};

impl Graph {
    /// What it takes to get a lock.
    pub(super) fn need_of_lock(
        &mut self,
        lock: LockId,
        mode: Mode,
        wait: Option<&Arc<Wait>>,
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
                    Some(tasks) => needs.push(self.need_of_one(tasks)),
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
                    Some(tasks) => needs.push(self.need_of_one(tasks)),
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
    pub(super) fn need_of_one(&mut self, tasks: Vec<ThreadId>) -> Need {
        let mut places = tasks.into_iter().map(|task| self.place(task));
        let first = places.next();
        first.map_or(Need::Nothing, |at| Need::Listed(at, places.collect()))
    }

    /// The tasks that may have what could leave `task`, and was there at `then`, on the clock of `leaf::next`: the task,
    /// and those that it has spawned since, but for `asker`, which waits for it; none if it can be anywhere.
    pub(super) fn tasks_with(
        &self,
        task: &Task,
        then: u64,
        asker: Option<ThreadId>,
    ) -> Option<Vec<ThreadId>> {
        // Outside of the tasks of a test or program that hangs nothing is done with it.
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
    pub(super) fn may_have_left(&self, task: &Task, then: u64) -> bool {
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
}

/// Whether a hold keeps a waiter out.
fn conflicts(wanted: Mode, held: Mode) -> bool {
    wanted == Mode::Exclusive || held == Mode::Exclusive
}
