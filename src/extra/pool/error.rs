//! Errors and outcomes of jobs.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::extra::panic_message::panic_message;

/// Reason for which a job has no result. Returned by [`JobHandle::result`](super::JobHandle::result).
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
    /// The job panicked, with this payload, for [`resume_unwind`](std::panic::resume_unwind).
    Panicked(Box<dyn Any + Send>),
    /// The job never started: it was cancelled, or its pool was shut down before.
    Cancelled,
}

impl JobError {
    /// Returns the message of the panic, if there was one and its payload is a string.
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
        panic_message(&**payload)
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

/// Outcome of a job, as passed to a callback of [`JobHandle::on_done`](super::JobHandle::on_done).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobEnd {
    /// The job has a result.
    Finished,
    /// The job panicked.
    Panicked,
    /// The job never started.
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
