//! Error of a release.

use std::error::Error;
use std::fmt;

/// Error of a release to a [`BoundedSemaphore`](super::BoundedSemaphore) that exceeds the forgotten
/// permits.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::{BoundedSemaphore, TooManyReleases};
///
/// let full = BoundedSemaphore::new(1);
/// let refused: TooManyReleases = full.release().unwrap_err();
/// assert_eq!(refused.to_string(), "more permits are released than were taken");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyReleases;

impl fmt::Display for TooManyReleases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("more permits are released than were taken")
    }
}

impl Error for TooManyReleases {}
