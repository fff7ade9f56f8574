//! Why a job has no result, and how it came to its end.

use std::any::Any;
use std::error::Error;
use std::fmt;

use super::job_handle::JobHandle;

/// Why a job has no result. Returned by [`JobHandle::result`].
///
/// # Examples
///
/// ```
/// use lockwarden::pool::{JobError, ThreadPool};
///
/// let pool = ThreadPool::new(1);
/// let job = pool.submit(|| std::panic::resume_unwind(Box::new("no")));
/// match job.result().map(|()| unreachable!()) {
///     Err(JobError::Panicked(payload)) => assert_eq!(payload.downcast_ref(), Some(&"no")),
///     other => panic!("{other:?}"),
/// }
/// ```
pub enum JobError {
    /// It panicked, with this payload: for [`resume_unwind`](std::panic::resume_unwind).
    Panicked(Box<dyn Any + Send>),
    /// It never started: it was cancelled, or its pool was shut down before its turn.
    Cancelled,
}

impl JobError {
    /// The message of the panic, if there was one and it has one: if the payload is a string.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::JobError;
    ///
    /// assert_eq!(JobError::Panicked(Box::new("no")).message(), Some("no"));
    /// assert_eq!(JobError::Cancelled.message(), None);
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        let JobError::Panicked(payload) = self else {
            return None;
        };
        let text = payload.downcast_ref::<&str>().copied();
        text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
    }
}

impl fmt::Debug for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Panicked(_) => f.debug_tuple("Panicked").field(&self.message()).finish(),
            JobError::Cancelled => f.write_str("Cancelled"),
        }
    }
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.message()) {
            (JobError::Panicked(_), Some(message)) => write!(f, "the job panicked: {message}"),
            (JobError::Panicked(_), None) => f.write_str("the job panicked"),
            (JobError::Cancelled, _) => f.write_str("the job was cancelled before it started"),
        }
    }
}

impl Error for JobError {}

/// Why [`JobHandle::result_timeout`] has no result.
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
    /// The job was not done in that time. Here is its future again.
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

/// How a job came to its end, as those are told who asked with [`JobHandle::on_done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobEnd {
    /// It has a result.
    Finished,
    /// It panicked.
    Panicked,
    /// It never started.
    Cancelled,
}

impl JobEnd {
    pub(super) fn of<T>(outcome: &Result<T, JobError>) -> Self {
        match outcome {
            Ok(_) => JobEnd::Finished,
            Err(JobError::Panicked(_)) => JobEnd::Panicked,
            Err(JobError::Cancelled) => JobEnd::Cancelled,
        }
    }
}
