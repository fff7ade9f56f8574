//! One job: what its worker and its future have in common.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::error::{JobEnd, JobError};
use super::wait::JobWait;
use super::workers::Workers;
use crate::instrument::{Clock, Site, WaitReason, caught_panic};

/// Runs when a job is done.
pub(super) type Callback = Box<dyn FnOnce(JobEnd) + Send>;

/// A job and what has become of it.
pub(super) struct Job<T> {
    state: Mutex<State<T>>,
    /// Notified when it is done, and when it has started, since others can then end the wait.
    changed: Condvar,
    crew: Arc<Workers>,
}

struct State<T> {
    phase: Phase,
    /// There from the end of the job until its future takes it.
    outcome: Option<Result<T, JobError>>,
    /// What its worker, or who cancelled it, did before it was done.
    past: Option<Clock>,
    callbacks: Vec<Callback>,
    /// Those who wait for several jobs, each with its number for this one.
    watchers: Vec<(Arc<JobWait>, usize)>,
}

/// | from | to | by |
/// |---|---|---|
/// | `Queued` | `Running` | the worker that takes it, at this desk |
/// | `Running` | `Done` | the same, at the end |
/// | `Queued` | `Done(Cancelled)` | `cancel`, or whoever drops the job undone |
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

    /// How it ended, if it has.
    pub(super) fn end(&self) -> Option<JobEnd> {
        match self.state.lock().phase {
            Phase::Done(end) => Some(end),
            Phase::Queued | Phase::Running(_) => None,
        }
    }

    /// Runs `f` as this job, at this desk, if it was not cancelled; `f` is dropped in any case.
    pub(super) fn run(&self, worker_index: usize, f: impl FnOnce() -> T) {
        let running = Phase::Running(worker_index);
        let is_on = {
            let mut state = self.state.lock();
            let is_on = state.phase == Phase::Queued;
            if is_on {
                state.phase = running;
                self.changed.notify_all();
            }
            is_on
        };
        if is_on {
            // What is torn by the panic is the program's: it hears of it where it asks for the
            // result, as of the panic of a thread.
            let outcome = catch_unwind(AssertUnwindSafe(f));
            if outcome.is_err() {
                caught_panic();
            }
            self.finish(running, outcome.map_err(JobError::Panicked));
        }
    }

    /// Whether it waits for a worker, and so can be cancelled.
    pub(super) fn is_queued(&self) -> bool {
        self.state.lock().phase == Phase::Queued
    }

    /// Whether the job will never run, now or already.
    pub(super) fn cancel(&self) -> bool {
        self.finish(Phase::Queued, Err(JobError::Cancelled))
            || self.end() == Some(JobEnd::Cancelled)
    }

    /// The job is done, if it is in this phase; tells everybody.
    fn finish(&self, from: Phase, outcome: Result<T, JobError>) -> bool {
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
            // The panic has told of itself; it is neither the job's nor the worker's.
            if catch_unwind(AssertUnwindSafe(|| callback(end))).is_err() {
                caught_panic();
            }
        }
        true
    }

    /// Calls `callback` when the job is done; here and now if it is.
    pub(super) fn on_done(&self, callback: Callback) {
        let mut state = self.state.lock();
        if let Phase::Done(end) = state.phase {
            drop(state);
            callback(end);
        } else {
            state.callbacks.push(callback);
        }
    }

    /// Has `gather` told, by this number, when the job is done.
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

    /// The calling thread has seen that the job is done.
    pub(super) fn acquire(&self) {
        let past = self.state.lock().past.clone();
        if let Some(past) = past {
            past.acquire();
        }
    }

    /// Waits until the job is done.
    pub(super) fn wait(&self, site: Site) {
        loop {
            let phase = self.state.lock().phase;
            // Before it starts, any worker may come to take it, and any thread that has the future or
            // the pool may cancel it; then, only its own worker can end it.
            let worker_index = match phase {
                Phase::Done(_) => return,
                Phase::Running(worker_index) => Some(worker_index),
                Phase::Queued => None,
            };
            let has_changed = |limit: Option<Duration>| {
                let mut state = self.state.lock();
                if state.phase == phase {
                    match limit {
                        Some(limit) => {
                            self.changed.wait_for(&mut state, limit);
                        }
                        None => self.changed.wait(&mut state),
                    }
                }
                (state.phase != phase).then_some(())
            };
            let worker = worker_index.map(|worker_index| self.crew.worker(worker_index));
            self.crew
                .wait(worker, WaitReason::Result, site, has_changed);
        }
    }

    /// Waits until `deadline` for the job to be done; whether it is.
    pub(super) fn wait_until(&self, deadline: Instant, site: Site) -> bool {
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

    /// The outcome of a job that is done, in the thread that owns its future.
    pub(super) fn take(&self) -> Result<T, JobError> {
        self.acquire();
        let outcome = self.state.lock().outcome.take();
        outcome.expect("one future takes the outcome of a job that is done, once")
    }
}

/// A job on its way to a worker. Dropped undone, it is cancelled.
pub(super) struct Task<T, F> {
    job: Arc<Job<T>>,
    f: Option<F>,
}

impl<T, F> Task<T, F> {
    pub(super) fn new(job: Arc<Job<T>>, f: F) -> Self {
        Self { job, f: Some(f) }
    }
}

/// Whatever the type of its result.
pub(super) trait Run: Send {
    /// Does it, in the worker at this desk.
    fn run(&mut self, worker_index: usize);
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
