//! Computation of `Instant::now() + timeout`, saturating instead of overflowing.

use std::time::{Duration, Instant};

/// Substitute for a timeout that the clock cannot represent; longer than any program runs.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Returns the instant at which `timeout` ends, or one a hundred years ahead if the clock cannot
/// represent it.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use lockwarden::instrument::deadline_after;
///
/// assert!(deadline_after(Duration::MAX) > Instant::now());
/// ```
#[must_use]
pub fn deadline_after(timeout: Duration) -> Instant {
    deadline_from(Instant::now(), timeout)
}

/// Returns the instant `timeout` after `start`, with the same limit as [`deadline_after`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use lockwarden::instrument::deadline_from;
///
/// let start = Instant::now();
/// assert_eq!(deadline_from(start, Duration::from_secs(1)) - start, Duration::from_secs(1));
/// ```
#[must_use]
pub fn deadline_from(start: Instant, timeout: Duration) -> Instant {
    start
        .checked_add(timeout)
        .or_else(|| start.checked_add(FOR_EVER))
        .unwrap_or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_beyond_the_clock_is_a_long_one() {
        let now = Instant::now();
        assert!(deadline_after(Duration::from_secs(1)) >= now + Duration::from_secs(1));
        assert!(deadline_after(Duration::MAX) >= now + FOR_EVER);
    }
}
