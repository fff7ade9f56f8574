//! Waits for several jobs.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::job_handle::JobHandle;
use super::job_wait::{JobWait, State};
use crate::instrument::Site;

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
    let is_queued = || watch.futures.iter().any(|future| future.job().is_queued());
    let mut done = watch.gather.wait(is_queued, site, |state| {
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
        gather: watch(futures.iter().flatten()),
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
        let mut futures = self.futures.iter().flatten();
        let is_queued = || futures.any(|future| future.job().is_queued());
        let number = self.gather.wait(is_queued, self.site, next);
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

/// Registers a wait at the jobs of these handles, which are numbered in this order.
fn watch<'a, T: 'a>(futures: impl Iterator<Item = &'a JobHandle<T>> + Clone) -> Arc<JobWait> {
    let crews = futures.clone().map(|future| future.job().crew());
    let gather = Arc::new(JobWait::new(crews));
    for (number, future) in futures.enumerate() {
        future.job().watch(&gather, number);
    }
    gather
}

/// Registration of a [`JobWait`] at several jobs; dropping it removes the registration.
struct Watch<'a, T> {
    futures: Vec<&'a JobHandle<T>>,
    gather: Arc<JobWait>,
}

impl<'a, T> Watch<'a, T> {
    fn new(futures: Vec<&'a JobHandle<T>>) -> Self {
        Self {
            gather: watch(futures.iter().copied()),
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
