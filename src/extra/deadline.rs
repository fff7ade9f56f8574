//! The time at which a timed wait is over.

use std::time::{Duration, Instant};

/// Longer than any program runs, and near enough for every clock.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The time `timeout` from now, or, where the clock does not reach so far, a hundred years.
pub(crate) fn after(timeout: Duration) -> Instant {
    later(Instant::now(), timeout)
}

/// The time `timeout` after `time`, under the same limit.
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
