//! Durations for reading, and as numbers.

use std::fmt;
use std::time::Duration;

/// Returns a duration, rounded for reading.
pub(crate) fn duration(time: Duration) -> impl fmt::Display {
    fmt::from_fn(move |f| match time.as_millis() {
        0 => f.write_str("less than 1 ms"),
        millis @ 1..1000 => write!(f, "{millis} ms"),
        _ => write!(f, "{:.1} s", time.as_secs_f64()),
    })
}

/// Returns whole milliseconds, as JSON and events have them.
pub(crate) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Returns whole nanoseconds, as the clock of the detector counts them.
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_unit_of_its_magnitude() {
        for (micros, text) in [
            (30, "less than 1 ms"),
            (3_200, "3 ms"),
            (999_900, "999 ms"),
            (61_250_000, "61.2 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)).to_string(), text);
        }
    }
}
