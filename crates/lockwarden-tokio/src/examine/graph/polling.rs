//! What it takes for a task to be polled, and for the thread that polls it to come out of what blocks it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lockwarden::instrument::ThreadId;
use lockwarden::report::WaitsFor;

use super::{Graph, Need, Unpolled, is_blocked};
use crate::agent::nested;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::{Kind, Task};

impl Graph {
    /// What a thread needs that is blocked, or a task that blocks its thread.
    pub(super) fn need_of_blocked(&mut self, id: ThreadId) -> Need {
        let dropping = self.dropping.iter().find(|(dropping, _)| *dropping == id);
        if let Some((_, runtime)) = dropping.cloned() {
            return self.need_of_dropped(&runtime);
        }
        let Some(one) = self.observed.get(&id.get()).filter(|one| is_blocked(one)) else {
            return Need::Nothing;
        };
        let joined = one.joins;
        match one.thread.waits.as_ref().map(|wait| wait.what) {
            Some(WaitsFor::Lock { lock, mode, .. }) => self.need_of_lock(lock, mode, None),
            Some(WaitsFor::Resource { .. }) => {
                joined.map_or(Need::Nothing, |thread| Need::Agent(self.place(thread)))
            }
            _ => Need::Nothing,
        }
    }

    /// What an agent needs that drops a runtime: that what runs on it comes to an end.
    fn need_of_dropped(&mut self, runtime: &Arc<RuntimeState>) -> Need {
        let is_of = |task: &&Arc<Task>| {
            let own = task.runtime.as_ref();
            task.kind != Kind::Driven && own.is_some_and(|own| Arc::ptr_eq(own, runtime))
        };
        let carried = self.carried.values().flatten().filter(is_of);
        let running: Vec<ThreadId> = carried.map(|task| task.id).collect();
        let needs = running.into_iter().map(|id| Need::Agent(self.place(id)));
        Need::All(needs.collect())
    }

    /// What a task needs that is being polled, and polls others in turn, as that which drives a `LocalSet` does: that
    /// none of them blocks the thread.
    pub(super) fn need_of_outer(&mut self, at: usize, task: &Arc<Task>) -> Need {
        let need = self.need_of_thread(task.carrier(), Some(task.id));
        if need != Need::Nothing {
            self.nodes[at].unpolled = Some(Unpolled::Inner);
        }
        need
    }

    /// What it takes for a task that is not polled to be polled: that a thread which does so comes
    /// out of what it is in.
    pub(super) fn need_of_driver(
        &mut self,
        kind: Kind,
        runtime: Option<&Arc<RuntimeState>>,
        carrier: Option<u64>,
        asker: Option<ThreadId>,
    ) -> (Need, Unpolled) {
        let driver = match (kind, runtime) {
            (Kind::Spawned, Some(runtime)) if !runtime.is_current_thread => {
                return (self.need_of_workers(runtime), Unpolled::Workers);
            }
            (Kind::Spawned, runtime) => runtime.and_then(|of| of.only_driver()),
            (Kind::Local | Kind::Driven, _) => carrier,
            (Kind::Blocking, _) => None,
        };
        let need = driver.map_or(Need::Nothing, |driver| self.need_of_thread(driver, asker));
        (need, Unpolled::Driver)
    }

    /// What it takes for a thread to come out of the tasks that it polls, beside `asker` and those that drive this;
    /// nothing if none of them is known to block it.
    fn need_of_thread(&mut self, thread: u64, asker: Option<ThreadId>) -> Need {
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
                needs.push(Need::Agent(self.place(carried.id)));
            }
        }
        if needs.is_empty() {
            Need::Nothing
        } else {
            Need::All(needs)
        }
    }

    /// What it takes for one of the workers of a runtime to poll again, if all of them are blocked.
    fn need_of_workers(&mut self, runtime: &Arc<RuntimeState>) -> Need {
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
            match self.need_of_thread(worker, None) {
                Need::Nothing => return Need::Nothing,
                need => needs.push(need),
            }
        }
        Need::Any(needs)
    }

    /// What it takes for a closure to be run, if all threads of the blocking pool run others.
    pub(super) fn need_of_queued(&mut self, task: &Arc<Task>) -> Need {
        let (Kind::Blocking, Some(runtime)) = (task.kind, &task.runtime) else {
            return Need::Nothing;
        };
        let mut needs = Vec::new();
        for other in self.carried.values().flatten().cloned().collect::<Vec<_>>() {
            let own = other.runtime.as_ref();
            if other.kind == Kind::Blocking && own.is_some_and(|own| Arc::ptr_eq(own, runtime)) {
                needs.push(Need::Agent(self.place(other.id)));
            }
        }
        if needs.len() < runtime.blocking_threads {
            return Need::Nothing;
        }
        Need::Any(needs)
    }
}
