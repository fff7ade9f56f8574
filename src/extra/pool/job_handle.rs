//! `JobHandle`: access to the result of a submitted job.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::error::{JobEnd, JobError};
use super::job::Job;
use crate::instrument::{Site, deadline_after};

/// Handle of a submitted job, by which its result can be awaited. Returned by
/// [`ThreadPool::submit`](super::ThreadPool::submit).
///
/// A job handle is no `async` future: the job runs whether or not a thread waits for it, and also
/// if the handle is dropped.
///
/// # Examples
///
/// ```
/// use lockwarden::pool::{JobHandle, ThreadPool};
///
/// let pool = ThreadPool::new(2);
/// let answer: JobHandle<i32> = pool.submit(|| 6 * 7);
/// assert_eq!(answer.result().unwrap(), 42);
/// ```
#[must_use = "a job that fails says so nowhere else"]
pub struct JobHandle<T> {
    job: Arc<Job<T>>,
}

impl<T> JobHandle<T> {
    pub(super) fn new(job: Arc<Job<T>>) -> Self {
        Self { job }
    }

    pub(super) fn job(&self) -> &Arc<Job<T>> {
        &self.job
    }

    /// Waits until the job is done, and returns its result.
    ///
    /// What the job did happens before all that the calling thread does next.
    ///
    /// # Errors
    ///
    /// Returns an error if the job panicked, or was cancelled.
    ///
    /// # Panics
    ///
    /// Panics if the wait completes a deadlock and the configuration answers that with a panic: the
    /// job needs a worker, and all of them wait, as when a job waits for one that is queued behind
    /// it; or the worker that runs the job waits for a lock that the calling thread holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(1);
    /// let job = pool.submit(|| "done");
    /// assert_eq!(job.result().unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn result(self) -> Result<T, JobError> {
        self.result_at(Location::caller())
    }

    pub(super) fn result_at(self, site: Site) -> Result<T, JobError> {
        self.job.wait(site);
        self.job.take()
    }

    /// Waits like [`result`](Self::result), for at most `timeout`.
    ///
    /// # Errors
    ///
    /// Returns an error if the job was not done in that time (the error holds the handle),
    /// panicked, or was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::pool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(1);
    /// let job = pool.submit(|| "done");
    /// assert_eq!(job.result_timeout(Duration::from_secs(60)).unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn result_timeout(self, timeout: Duration) -> Result<T, ResultTimeoutError<T>> {
        let deadline = deadline_after(timeout);
        if self.job.wait_until(deadline, Location::caller()) {
            self.job.take().map_err(ResultTimeoutError::Job)
        } else {
            Err(ResultTimeoutError::Timeout(self))
        }
    }

    /// Cancels the job if it has not started yet; returns whether the job was cancelled before
    /// that, by this call or an earlier one. Never waits.
    ///
    /// What the job owns is dropped when a worker dequeues it.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::{JobError, ThreadPool};
    ///
    /// let pool = ThreadPool::new(1);
    /// let (go, wait) = std::sync::mpsc::channel::<()>();
    /// let first = pool.submit(move || wait.recv().unwrap());
    /// let second = pool.submit(|| ());
    /// assert!(second.cancel());
    /// assert!(matches!(second.result(), Err(JobError::Cancelled)));
    ///
    /// go.send(()).unwrap();
    /// first.result().unwrap();
    /// ```
    pub fn cancel(&self) -> bool {
        self.job.cancel()
    }

    /// Returns whether the job is done: it has returned, panicked, or was cancelled. Never waits,
    /// and establishes no order.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::{ThreadPool, WaitFor, wait};
    ///
    /// let pool = ThreadPool::new(1);
    /// let job = pool.submit(|| 1);
    /// wait([&job], WaitFor::All);
    /// assert!(job.is_finished());
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.job.end().is_some()
    }

    /// Calls `callback` when the job is done: in the thread that ends it, which is its worker or
    /// the one that cancels it, or in the calling thread if it is done already.
    ///
    /// Callbacks run one after the other, in the order in which they were added, after the result
    /// has become available. A panic in one ends only that callback; in the calling thread it
    /// propagates.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::{JobEnd, ThreadPool};
    ///
    /// let pool = ThreadPool::new(1);
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let job = pool.submit(|| 1);
    /// job.on_done(move |end| sender.send(end).unwrap());
    /// assert_eq!(receiver.recv(), Ok(JobEnd::Finished));
    /// ```
    pub fn on_done(&self, callback: impl FnOnce(JobEnd) + Send + 'static) {
        self.job.on_done(Box::new(callback));
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle")
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

/// Error of [`JobHandle::result_timeout`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::pool::{ResultTimeoutError, ThreadPool};
///
/// let pool = ThreadPool::new(1);
/// let (go, wait) = std::sync::mpsc::channel();
/// let job = pool.submit(move || wait.recv().unwrap());
/// let job = match job.result_timeout(Duration::from_millis(1)) {
///     Err(ResultTimeoutError::Timeout(job)) => job,
///     other => panic!("{other:?}"),
/// };
/// go.send("done").unwrap();
/// assert_eq!(job.result().unwrap(), "done");
/// ```
pub enum ResultTimeoutError<T> {
    /// The job was not done in that time. Contains the handle.
    Timeout(JobHandle<T>),
    /// The job has no result.
    Job(JobError),
}

impl<T> fmt::Debug for ResultTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultTimeoutError::Timeout(future) => f.debug_tuple("Timeout").field(future).finish(),
            ResultTimeoutError::Job(error) => f.debug_tuple("Job").field(error).finish(),
        }
    }
}

impl<T> fmt::Display for ResultTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResultTimeoutError::Timeout(_) => f.write_str("the job is not done yet"),
            ResultTimeoutError::Job(error) => error.fmt(f),
        }
    }
}

impl<T> Error for ResultTimeoutError<T> {}
