//! State of a job, shared by its worker and its handle.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::error::{JobEnd, JobError};
use super::job_wait::JobWait;
use super::workers::{Run, Workers};
use crate::extra::limited::wait_within;
use crate::instrument::{self, Clock, Site, WaitReason, caught_panic};

/// Callback that runs when a job is done.
pub(super) type Callback = Box<dyn FnOnce(JobEnd) + Send>;

/// Job and its outcome.
pub(super) struct Job<T> {
    state: Mutex<State<T>>,
    /// Notified when the job is done, and when it has started, since the set of threads that can
    /// end the wait then changes.
    changed: Condvar,
    crew: Arc<Workers>,
}

struct State<T> {
    phase: Phase,
    /// Set from the end of the job until its handle takes it.
    outcome: Option<Result<T, JobError>>,
    /// The clock of the thread that ended the job: its worker, or the one that cancelled it.
    past: Option<Clock>,
    callbacks: Vec<Callback>,
    /// The waits for several jobs, each with its number for this one.
    watchers: Vec<(Arc<JobWait>, usize)>,
}

/// | from | to | by |
/// |---|---|---|
/// | `Queued` | `Running` | the worker with this index, which takes it |
/// | `Running` | `Done` | that worker, at the end |
/// | `Queued` | `Done(Cancelled)` | `cancel`, or the drop of the queued job |
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Queued,
    Running(usize),
    Done(JobEnd),
}

impl<T> Job<T> {
    pub(super) fn new(crew: Arc<Workers>) -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Queued,
                outcome: None,
                past: None,
                callbacks: Vec::new(),
                watchers: Vec::new(),
            }),
            changed: Condvar::new(),
            crew,
        }
    }

    pub(super) fn crew(&self) -> &Arc<Workers> {
        &self.crew
    }

    /// Returns how the job ended, if it has.
    pub(super) fn end(&self) -> Option<JobEnd> {
        match self.state.lock().phase {
            Phase::Done(end) => Some(end),
            Phase::Queued | Phase::Running(_) => None,
        }
    }

    /// Runs `f` as this job, on worker `worker_index`, if it was not cancelled; `f` is dropped in
    /// any case.
    pub(super) fn run(&self, worker_index: usize, f: impl FnOnce() -> T) {
        instrument::point("begins a job of", self.crew.record());
        let running = Phase::Running(worker_index);
        let is_on = {
            let mut state = self.state.lock();
            let is_on = state.phase == Phase::Queued;
            if is_on {
                state.phase = running;
                self.changed.notify_all();
                // A thread that waits goes on to wait for this worker.
                self.crew.provided();
            }
            is_on
        };
        if is_on {
            // `AssertUnwindSafe`: data of the program that the panic leaves inconsistent is
            // reported to the program with the result, like the panic of a thread.
            let outcome = catch_unwind(AssertUnwindSafe(f));
            if outcome.is_err() {
                caught_panic();
            }
            self.finish(running, outcome.map_err(JobError::Panicked));
        }
    }

    /// Returns whether the job is queued, and so can be cancelled.
    pub(super) fn is_queued(&self) -> bool {
        self.state.lock().phase == Phase::Queued
    }

    /// Cancels the job if it is queued; returns whether it is cancelled, by this call or an earlier
    /// one.
    pub(super) fn cancel(&self) -> bool {
        self.finish(Phase::Queued, Err(JobError::Cancelled))
            || self.end() == Some(JobEnd::Cancelled)
    }

    /// Ends the job with `outcome` if it is in phase `from`, and notifies all that wait for it.
    fn finish(&self, from: Phase, outcome: Result<T, JobError>) -> bool {
        instrument::point("ends a job of", self.crew.record());
        let past = Clock::release();
        let end = JobEnd::of(&outcome);
        let mut state = self.state.lock();
        if state.phase != from {
            return false;
        }
        state.phase = Phase::Done(end);
        state.outcome = Some(outcome);
        state.past = Some(past);
        let callbacks = std::mem::take(&mut state.callbacks);
        let watchers = std::mem::take(&mut state.watchers);
        self.changed.notify_all();
        self.crew.provided();
        drop(state);
        for (gather, number) in watchers {
            gather.add(number, end);
        }
        for callback in callbacks {
            // The panic hook has reported the panic of the callback; it belongs to neither the job
            // nor the worker.
            if catch_unwind(AssertUnwindSafe(|| callback(end))).is_err() {
                caught_panic();
            }
        }
        true
    }

    /// Calls `callback` when the job is done, or at once if it is done already.
    pub(super) fn on_done(&self, callback: Callback) {
        let mut state = self.state.lock();
        if let Phase::Done(end) = state.phase {
            drop(state);
            callback(end);
        } else {
            state.callbacks.push(callback);
        }
    }

    /// Registers `gather`, with this number for the job, to be notified of its end.
    pub(super) fn watch(&self, gather: &Arc<JobWait>, number: usize) {
        let mut state = self.state.lock();
        if let Phase::Done(end) = state.phase {
            drop(state);
            gather.add(number, end);
        } else {
            state.watchers.push((Arc::clone(gather), number));
        }
    }

    /// Undoes [`watch`](Self::watch).
    pub(super) fn unwatch(&self, gather: &Arc<JobWait>) {
        let mut state = self.state.lock();
        state
            .watchers
            .retain(|(other, _)| !Arc::ptr_eq(other, gather));
    }

    /// Acquires the clock of the thread that ended the job.
    pub(super) fn acquire(&self) {
        let past = self.state.lock().past.clone();
        if let Some(past) = past {
            past.acquire();
        }
    }

    /// Waits until the job is done.
    pub(super) fn wait(&self, site: Site) {
        instrument::point("looks at a job of", self.crew.record());
        loop {
            let phase = self.state.lock().phase;
            // Before the job starts, any worker may take it, and any thread that has the handle or
            // the pool may cancel it; afterwards, only its worker can end it.
            let worker_index = match phase {
                Phase::Done(_) => return,
                Phase::Running(worker_index) => Some(worker_index),
                Phase::Queued => None,
            };
            let has_changed = |limit: Option<Duration>| {
                let mut state = self.state.lock();
                if state.phase == phase {
                    wait_within(&self.changed, &mut state, limit);
                }
                (state.phase != phase).then_some(())
            };
            let worker = worker_index.map(|worker_index| self.crew.worker(worker_index));
            self.crew
                .wait(worker, WaitReason::Result, site, has_changed);
        }
    }

    /// Waits until `deadline` for the end of the job; returns whether it is done.
    pub(super) fn wait_until(&self, deadline: Instant, site: Site) -> bool {
        instrument::point("looks at a job of", self.crew.record());
        if self.end().is_some() {
            return true;
        }
        let attempt = |left| {
            let mut state = self.state.lock();
            if !matches!(state.phase, Phase::Done(_)) {
                self.changed.wait_for(&mut state, left);
            }
            matches!(state.phase, Phase::Done(_)).then_some(())
        };
        let record = self.crew.record();
        record
            .wait_until(WaitReason::Result, deadline, site, attempt)
            .is_some()
    }

    /// Takes the outcome of a job that is done; called by the thread that owns its handle.
    pub(super) fn take(&self) -> Result<T, JobError> {
        self.acquire();
        let outcome = self.state.lock().outcome.take();
        outcome.expect("one future takes the outcome of a job that is done, once")
    }
}

/// Queued job. Its drop cancels the job if it has not run.
pub(super) struct Task<T, F> {
    job: Arc<Job<T>>,
    f: Option<F>,
}

impl<T, F> Task<T, F> {
    pub(super) fn new(job: Arc<Job<T>>, f: F) -> Self {
        Self { job, f: Some(f) }
    }
}

impl<T: Send, F: FnOnce() -> T + Send> Run for Task<T, F> {
    fn run(&mut self, worker_index: usize) {
        if let Some(f) = self.f.take() {
            self.job.run(worker_index, f);
        }
    }
}

impl<T, F> Drop for Task<T, F> {
    fn drop(&mut self) {
        if self.f.is_some() {
            self.job.cancel();
        }
    }
}
