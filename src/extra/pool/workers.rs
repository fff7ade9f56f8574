//! The workers of a pool, and what they have in common.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::job::Run;
use crate::extra::queue::Shutdown;
use crate::extra::queue::core::Core;
use crate::extra::queue::store::Fifo;
use crate::instrument::{Clock, MergedClock, Providers, Resource, Site, WaitReason, caught_panic};

/// A job that waits for its turn.
pub(super) type Queued = Box<dyn Run>;

/// What the workers of one pool share with those who give them work.
pub(super) struct Workers {
    jobs: Core<Fifo<Queued>>,
    /// What is provided to threads that wait for a result, or for the end of all workers. These waits
    /// are named after `jobs`, as the pool has one name.
    results: Resource,
    workers: Providers,
    /// Each of them by itself.
    desks: Box<[Providers]>,
    census: Mutex<Census>,
    /// Notified when the census changes.
    changed: Condvar,
    /// What the workers did that have ended.
    ends: MergedClock,
    site: Site,
}

#[derive(Clone, Copy)]
struct Census {
    /// Workers that have not ended.
    alive: usize,
    /// Workers whose job waits for the end of the others.
    inside: usize,
}

impl Workers {
    /// Places for `n` workers of a pool that is made at `site`, and room for `bound` jobs.
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

    /// What reports call the pool.
    pub(super) fn record(&self) -> &Resource {
        self.jobs.record()
    }

    /// The calling thread has done what a thread may wait for that wants a result, or the end.
    pub(super) fn provided(&self) {
        self.results.provided();
    }

    /// Waits for a result, or for the end, which only `providers` can bring, if there are any.
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

    /// The workers, of which one has to end a job that runs.
    pub(super) fn workers(&self) -> &Providers {
        &self.workers
    }

    /// The worker at this desk.
    pub(super) fn worker(&self, worker_index: usize) -> &Providers {
        &self.desks[worker_index]
    }

    pub(super) fn site(&self) -> Site {
        self.site
    }

    pub(super) fn set_label(&self, label: &str) {
        self.record().set_label(label);
    }

    /// Gives the workers a job, waiting for room; gives it up if the pool is shut down.
    pub(super) fn give(&self, job: Queued, site: Site) {
        // An error has the job, which is cancelled when it is dropped. The wait for room can be ended
        // by any thread that can shut the pool down, not by the workers alone.
        drop(self.jobs.put(job, site));
    }

    /// One worker more is about to be started.
    pub(super) fn spawn_worker(&self) {
        self.workers.expect(1);
        self.census.lock().alive += 1;
    }

    /// It was not started.
    pub(super) fn retire_worker(&self) {
        self.workers.give_up(1);
        self.census.lock().alive -= 1;
    }

    /// The life of the worker at this desk.
    pub(super) fn work(&self, worker_index: usize) {
        self.desks[worker_index].enter();
        self.workers.enter();
        let _end = End(self, worker_index);
        while let Ok(mut job) = self.jobs.get(WaitReason::Job, self.site) {
            // The job has its own panics to itself. This is for what it leaves behind, whose
            // destructors may panic, too.
            if catch_unwind(AssertUnwindSafe(move || job.run(worker_index))).is_err() {
                caught_panic();
            }
        }
    }

    /// Lets no more jobs in; says what becomes of those that wait.
    pub(super) fn shut_down(&self, how: Shutdown) {
        self.jobs.shutdown(how, self.site);
    }

    /// Waits until all workers have ended, but for those that wait here themselves.
    pub(super) fn wait_for_end(&self, is_worker: bool, site: Site) {
        let _inside = is_worker.then(|| Inside::new(self));
        let attempt = |limit: Option<Duration>| {
            let mut census = self.census.lock();
            if !census.is_over() {
                match limit {
                    Some(limit) => {
                        self.changed.wait_for(&mut census, limit);
                    }
                    None => self.changed.wait(&mut census),
                }
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

/// Says, whatever happens, that a worker has ended.
struct End<'a>(&'a Workers, usize);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.ends.add(&Clock::release());
        self.0.count(|census| census.alive -= 1);
        self.0.workers.leave();
        self.0.desks[self.1].leave();
    }
}

/// A worker whose job waits for the others.
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
