//! The time of day.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::report::milliseconds;

/// Returns the time since 1970; zero if the clock is set before that.
pub(crate) fn since_1970() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

pub(crate) fn now_ms() -> u64 {
    milliseconds(since_1970())
}
