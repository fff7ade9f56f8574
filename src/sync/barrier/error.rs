//! Why a thread goes on without the others.

use std::error::Error;
use std::fmt;

/// A barrier is broken: not all threads will come.
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

/// Why a thread that waited at a barrier for a limited time went on without the others.
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
    /// The time was over before all had come. That has broken the barrier.
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
