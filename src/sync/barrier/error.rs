//! Errors of a barrier wait.

use std::error::Error;
use std::fmt;

/// Error of a wait at a broken barrier: not all threads will arrive.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{Barrier, BrokenBarrierError};
///
/// let barrier = Barrier::new(2);
/// barrier.abort();
/// let error: BrokenBarrierError = barrier.wait_checked().unwrap_err();
/// assert_eq!(error.to_string(), "the barrier is broken");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenBarrierError;

impl fmt::Display for BrokenBarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for BrokenBarrierError {}

/// Error of a timed wait at a barrier.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::sync::{Barrier, BarrierTimeoutError};
///
/// let barrier = Barrier::new(2);
/// let first = barrier.wait_timeout(Duration::from_millis(1)).unwrap_err();
/// assert_eq!(first, BarrierTimeoutError::Timeout);
/// let second = barrier.wait_timeout(Duration::from_millis(1)).unwrap_err();
/// assert_eq!(second, BarrierTimeoutError::Broken);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarrierTimeoutError {
    /// The time limit passed before all threads had arrived. That has broken the barrier.
    Timeout,
    /// The barrier is broken.
    Broken,
}

impl fmt::Display for BarrierTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BarrierTimeoutError::Timeout => {
                f.write_str("the time was over before all had come to the barrier")
            }
            BarrierTimeoutError::Broken => BrokenBarrierError.fmt(f),
        }
    }
}

impl Error for BarrierTimeoutError {}

impl From<BrokenBarrierError> for BarrierTimeoutError {
    fn from(_: BrokenBarrierError) -> Self {
        BarrierTimeoutError::Broken
    }
}
