//! `JobWait`: one wait for several jobs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::error::JobEnd;
use super::workers::Workers;
use crate::extra::limited::wait_within;
use crate::instrument::{self, Site, WaitReason};

/// State of one wait for several jobs, which the jobs notify of their end.
pub(super) struct JobWait {
    state: Mutex<State>,
    changed: Condvar,
    /// The pool of the first job.
    crew: Option<Arc<Workers>>,
    /// Whether all jobs belong to that pool.
    is_one_pool: bool,
}

#[derive(Default)]
pub(super) struct State {
    /// The indices of the jobs that are done and not taken yet, in the order of their ends.
    pub(super) order: VecDeque<usize>,
    /// The number of jobs that are done.
    pub(super) count: usize,
    /// Whether one of those has no result.
    pub(super) has_failure: bool,
}

impl JobWait {
    /// Creates the state for jobs of these pools.
    pub(super) fn new<'a>(mut crews: impl Iterator<Item = &'a Arc<Workers>>) -> Self {
        let crew = crews.next();
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            crew: crew.cloned(),
            is_one_pool: crew.is_some_and(|crew| crews.all(|other| Arc::ptr_eq(crew, other))),
        }
    }

    /// Records that the job with this number is done.
    pub(super) fn add(&self, number: usize, end: JobEnd) {
        let mut state = self.state.lock();
        state.order.push_back(number);
        state.count += 1;
        state.has_failure |= end != JobEnd::Finished;
        if let Some(crew) = &self.crew {
            crew.provided();
        }
        self.changed.notify_all();
    }

    /// Waits until `look` returns `Some`. `is_queued` says whether one of the jobs has not started.
    pub(super) fn wait<R>(
        &self,
        is_queued: impl FnOnce() -> bool,
        site: Site,
        look: impl Fn(&mut State) -> Option<R>,
    ) -> R {
        instrument::point_unnamed("looks at jobs");
        let at_once = look(&mut self.state.lock());
        if let Some(found) = at_once {
            return found;
        }
        let attempt = |limit: Option<Duration>| {
            let mut state = self.state.lock();
            look(&mut state).or_else(|| {
                wait_within(&self.changed, &mut state, limit);
                look(&mut state)
            })
        };
        let crew = self.crew.as_ref().expect("of no jobs, all are done");
        // A job that has started cannot be cancelled any more, so only its worker can end it.
        let is_by_workers = self.is_one_pool && !is_queued();
        let workers = is_by_workers.then(|| crew.workers());
        crew.wait(workers, WaitReason::Result, site, attempt)
    }
}
