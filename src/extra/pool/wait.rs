//! Waits for several jobs.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::error::JobEnd;
use super::job_handle::JobHandle;
use super::workers::Workers;
use crate::instrument::{self, Site, WaitReason};

/// Condition that ends a call of [`wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitFor {
    /// One of the jobs is done.
    First,
    /// All jobs are done.
    All,
    /// One job has no result, since it panicked or was cancelled; or all are done.
    FirstFailure,
}

/// Waits for jobs; returns the indices in `futures` of all jobs that are done by then.
///
/// What those jobs did happens before all that the calling thread does next. Without jobs, the call
/// returns at once.
///
/// # Panics
///
/// Panics if the wait completes a deadlock, as [`JobHandle::result`] does. If the handles belong to
/// several pools, the deadlock is reported only once every thread of the process waits.
///
/// # Examples
///
/// ```
/// use lockwarden::pool::{ThreadPool, WaitFor, wait};
///
/// let pool = ThreadPool::new(2);
/// let (go, held) = std::sync::mpsc::channel::<()>();
/// let jobs = [pool.submit(move || held.recv().is_ok()), pool.submit(|| true)];
/// assert_eq!(wait(&jobs, WaitFor::First), [1]);
/// go.send(()).unwrap();
/// assert_eq!(wait(&jobs, WaitFor::All), [0, 1]);
/// ```
#[track_caller]
pub fn wait<'a, T: 'a>(
    futures: impl IntoIterator<Item = &'a JobHandle<T>>,
    until: WaitFor,
) -> Vec<usize> {
    let site = Location::caller();
    let futures: Vec<&JobHandle<T>> = futures.into_iter().collect();
    let all = futures.len();
    let watch = Watch::new(futures);
    let is_over = |state: &State| match until {
        WaitFor::First => state.count > 0,
        WaitFor::All => false,
        WaitFor::FirstFailure => state.has_failure,
    };
    let mut done = watch
        .gather
        .wait(watch.futures.iter().copied(), site, |state| {
            let is_over = state.count == all || is_over(state);
            is_over.then(|| Vec::from(std::mem::take(&mut state.order)))
        });
    done.sort_unstable();
    for &at in &done {
        watch.futures[at].job().acquire();
    }
    done
}

/// Returns an iterator over the handles in the order in which their jobs end, which waits for each.
///
/// # Examples
///
/// ```
/// use lockwarden::pool::{ThreadPool, as_completed};
///
/// let pool = ThreadPool::new(2);
/// let jobs: Vec<_> = (1..=3).map(|n| pool.submit(move || n * n)).collect();
/// let mut sum = 0;
/// for job in as_completed(jobs) {
///     assert!(job.is_finished());
///     sum += job.result().unwrap();
/// }
/// assert_eq!(sum, 14);
/// ```
#[track_caller]
pub fn as_completed<T>(futures: impl IntoIterator<Item = JobHandle<T>>) -> AsCompleted<T> {
    let futures: Vec<Option<JobHandle<T>>> = futures.into_iter().map(Some).collect();
    AsCompleted {
        left: futures.len(),
        gather: JobWait::of(futures.iter().flatten()),
        futures,
        site: Location::caller(),
    }
}

/// Iterator over job handles in the order in which their jobs end. Returned by [`as_completed`].
///
/// `next` panics if the wait completes a deadlock, as [`JobHandle::result`] does.
#[must_use = "it does nothing unless it is iterated over"]
pub struct AsCompleted<T> {
    futures: Vec<Option<JobHandle<T>>>,
    /// The number of handles that are still to come.
    left: usize,
    gather: Arc<JobWait>,
    site: Site,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = JobHandle<T>;

    fn next(&mut self) -> Option<JobHandle<T>> {
        if self.left == 0 {
            return None;
        }
        let next = |state: &mut State| state.order.pop_front();
        let futures = self.futures.iter().flatten();
        let number = self.gather.wait(futures, self.site, next);
        self.left -= 1;
        let future = self.futures[number].take();
        if let Some(future) = &future {
            future.job().acquire();
        }
        future
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

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
struct State {
    /// The indices of the jobs that are done and not taken yet, in the order of their ends.
    order: VecDeque<usize>,
    /// The number of jobs that are done.
    count: usize,
    /// Whether one of those has no result.
    has_failure: bool,
}

impl JobWait {
    /// Creates the state for the jobs of these handles, which are numbered in this order.
    fn of<'a, T: 'a>(futures: impl Iterator<Item = &'a JobHandle<T>> + Clone) -> Arc<Self> {
        let mut crews = futures.clone().map(|future| future.job().crew());
        let crew = crews.next();
        let gather = Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            crew: crew.cloned(),
            is_one_pool: crew.is_some_and(|crew| crews.all(|other| Arc::ptr_eq(crew, other))),
        });
        for (number, future) in futures.enumerate() {
            future.job().watch(&gather, number);
        }
        gather
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

    /// Waits until `look` returns `Some`.
    fn wait<'a, T: 'a, R>(
        &self,
        mut futures: impl Iterator<Item = &'a JobHandle<T>>,
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
                match limit {
                    Some(limit) => {
                        self.changed.wait_for(&mut state, limit);
                    }
                    None => self.changed.wait(&mut state),
                }
                look(&mut state)
            })
        };
        let crew = self.crew.as_ref().expect("of no jobs, all are done");
        // A job that has started cannot be cancelled any more, so only its worker can end it.
        let is_by_workers = self.is_one_pool && !futures.any(|future| future.job().is_queued());
        let workers = is_by_workers.then(|| crew.workers());
        crew.wait(workers, WaitReason::Result, site, attempt)
    }
}

/// Registration of a [`JobWait`] at several jobs; dropping it removes the registration.
struct Watch<'a, T> {
    futures: Vec<&'a JobHandle<T>>,
    gather: Arc<JobWait>,
}

impl<'a, T> Watch<'a, T> {
    fn new(futures: Vec<&'a JobHandle<T>>) -> Self {
        Self {
            gather: JobWait::of(futures.iter().copied()),
            futures,
        }
    }
}

impl<T> Drop for Watch<'_, T> {
    fn drop(&mut self) {
        for future in &self.futures {
            future.job().unwatch(&self.gather);
        }
    }
}
