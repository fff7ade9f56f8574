//! Workers of a pool, and their shared state.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::extra::limited::wait_within;
use crate::extra::queue::Shutdown;
use crate::extra::queue::core::Core;
use crate::extra::queue::store::Fifo;
use crate::instrument::{
    self, Clock, MergedClock, Providers, Resource, Site, WaitReason, caught_panic,
};

/// Job with an erased result type.
pub(super) trait Run: Send {
    /// Runs the job on worker `worker_index`.
    fn run(&mut self, worker_index: usize);
}

/// Job in the queue.
pub(super) type Queued = Box<dyn Run>;

/// State that the workers of one pool share with the threads that submit jobs.
pub(super) struct Workers {
    jobs: Core<Fifo<Queued>>,
    /// The resource for which threads wait that need a result, or the end of all workers. Reports
    /// name these waits after `jobs`, as the pool has one name.
    results: Resource,
    workers: Providers,
    /// One set per worker, which contains that worker only.
    desks: Box<[Providers]>,
    census: Mutex<Census>,
    /// Notified when the census changes.
    changed: Condvar,
    /// The merged clocks of the workers that have ended.
    ends: MergedClock,
    site: Site,
}

#[derive(Clone, Copy)]
struct Census {
    /// The number of workers that have not ended.
    alive: usize,
    /// The number of workers whose job waits for the end of the others.
    inside: usize,
}

impl Workers {
    /// Creates the state for `n` workers of a pool that is created at `site`, with room for `bound`
    /// jobs.
    pub(super) fn new(
        n: usize,
        bound: usize,
        record: Resource,
        results: Resource,
        site: Site,
    ) -> Self {
        Self {
            jobs: Core::new(Fifo::new(), (), bound, record),
            desks: (0..n).map(|_| Providers::new()).collect(),
            results,
            workers: Providers::new(),
            census: Mutex::new(Census {
                alive: 0,
                inside: 0,
            }),
            changed: Condvar::new(),
            ends: MergedClock::new(),
            site,
        }
    }

    /// Returns the resource that reports name the pool by.
    pub(super) fn record(&self) -> &Resource {
        self.jobs.record()
    }

    /// Records that the calling thread may have ended a wait for a result, or for the end of the
    /// workers.
    pub(super) fn provided(&self) {
        self.results.provided();
    }

    /// Waits for a result, or for the end of the workers, which only `providers`, if given, can
    /// bring about.
    pub(super) fn wait<T>(
        &self,
        providers: Option<&Providers>,
        awaited: WaitReason,
        site: Site,
        attempt: impl FnMut(Option<Duration>) -> Option<T>,
    ) -> T {
        self.record()
            .wait_among(&self.results, providers, awaited, site, attempt)
    }

    /// Returns the set of all workers, one of which has to end a running job.
    pub(super) fn workers(&self) -> &Providers {
        &self.workers
    }

    /// Returns the set that contains worker `worker_index` only.
    pub(super) fn worker(&self, worker_index: usize) -> &Providers {
        &self.desks[worker_index]
    }

    pub(super) fn site(&self) -> Site {
        self.site
    }

    pub(super) fn set_label(&self, label: &str) {
        self.record().set_label(label);
    }

    /// Enqueues a job, and waits for room; cancels the job if the pool is shut down.
    pub(super) fn give(&self, job: Queued, site: Site) {
        // An error contains the job, whose drop cancels it. Any thread that can shut the pool down
        // can end the wait for room, not the workers alone.
        drop(self.jobs.put(job, site));
    }

    /// Records that one more worker is about to be started.
    pub(super) fn spawn_worker(&self) {
        self.workers.expect(1);
        self.census.lock().alive += 1;
    }

    /// Records that the announced worker was not started.
    pub(super) fn retire_worker(&self) {
        self.workers.give_up(1);
        self.census.lock().alive -= 1;
    }

    /// Runs worker `worker_index` until the queue is shut down and empty.
    pub(super) fn work(&self, worker_index: usize) {
        self.desks[worker_index].enter();
        self.workers.enter();
        let _end = End(self, worker_index);
        while let Ok(mut job) = self.jobs.get(WaitReason::Job, self.site) {
            // `run` catches panics of the job. This catches those of destructors of what the job
            // leaves behind.
            if catch_unwind(AssertUnwindSafe(move || job.run(worker_index))).is_err() {
                caught_panic();
            }
        }
    }

    /// Rejects further jobs; `how` determines the treatment of the queued ones.
    pub(super) fn shut_down(&self, how: Shutdown) {
        self.jobs.shutdown(how, self.site);
    }

    /// Waits until all workers have ended, except those whose job waits here too.
    pub(super) fn wait_for_end(&self, is_worker: bool, site: Site) {
        instrument::point("looks at", self.record());
        let _inside = is_worker.then(|| Inside::new(self));
        let attempt = |limit: Option<Duration>| {
            let mut census = self.census.lock();
            if !census.is_over() {
                wait_within(&self.changed, &mut census, limit);
            }
            census.is_over().then_some(())
        };
        let is_over = self.census.lock().is_over();
        if !is_over {
            self.wait(Some(&self.workers), WaitReason::Tasks, site, attempt);
        }
        self.ends.acquire();
    }

    fn count(&self, change: impl FnOnce(&mut Census)) {
        change(&mut self.census.lock());
        self.provided();
        self.changed.notify_all();
    }
}

impl Census {
    fn is_over(self) -> bool {
        self.alive <= self.inside
    }
}

/// Records the end of a worker when dropped, also by a panic.
struct End<'a>(&'a Workers, usize);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.ends.add(&Clock::release());
        self.0.count(|census| census.alive -= 1);
        self.0.workers.leave();
        self.0.desks[self.1].leave();
    }
}

/// Marks a worker whose job waits for the others.
struct Inside<'a>(&'a Workers);

impl<'a> Inside<'a> {
    fn new(crew: &'a Workers) -> Self {
        crew.count(|census| census.inside += 1);
        Self(crew)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.count(|census| census.inside -= 1);
    }
}
