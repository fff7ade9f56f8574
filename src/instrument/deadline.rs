//! Computation of `Instant::now() + timeout`, saturating instead of overflowing.

use std::time::{Duration, Instant};

/// Substitute for a timeout that the clock cannot represent; longer than any program runs.
const FOR_EVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Returns the instant at which `timeout` ends, or one a hundred years ahead if the clock cannot
/// represent it.
#[must_use]
pub fn deadline_after(timeout: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or_else(|| now + FOR_EVER)
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
