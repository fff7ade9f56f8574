//! Deadlines of timed waits, saturating instead of overflowing.

use std::time::{Duration, Instant};

/// Substitute for a timeout that the clock cannot represent: longer than any program runs, and
/// within the range of every clock.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Returns the instant `timeout` from now, or one a hundred years ahead if the clock cannot
/// represent it.
pub(crate) fn after(timeout: Duration) -> Instant {
    later(Instant::now(), timeout)
}

/// Returns the instant `timeout` after `time`, with the same limit as [`after`].
pub(crate) fn later(time: Instant, timeout: Duration) -> Instant {
    time.checked_add(timeout)
        .or_else(|| time.checked_add(FAR))
        .unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_timeout_is_too_long() {
        let now = Instant::now();
        assert_eq!(later(now, Duration::ZERO), now);
        assert_eq!(later(now, FAR), now + FAR);
        assert_eq!(later(now, Duration::MAX), now + FAR);
    }
}
