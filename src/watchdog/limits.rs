//! The limits of a watchdog, and the interval of its polls.

use std::time::Duration;

use super::error::Error;
use crate::tracking::process::alerts::Trigger;

/// The shortest limit: alerts are up to this much late.
const SHORTEST: Duration = Duration::from_millis(10);
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A hold is first seen up to one tick after it began, and evaluated up to one tick after its limit is
/// over: two ticks, and a reserve, are a tenth of a limit.
const TICKS_PER_LIMIT: u32 = 25;
/// Two of these ticks, and a reserve, are ten milliseconds.
const SHORTEST_TICK: Duration = Duration::from_millis(4);
/// The interval for long limits.
const LONGEST_TICK: Duration = Duration::from_millis(500);

/// The limits of a watchdog; `None` for a check that is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// For a wait for a lock.
    pub(super) wait: Option<Duration>,
    /// For a wait for anything else. If not set: the limit for locks, if that was set.
    pub(super) event: Option<Option<Duration>>,
    /// Whether the limit for locks was set, and is not the default.
    pub(super) is_said: bool,
    /// For a hold.
    pub(super) hold: Option<Duration>,
    /// For the time without any progress.
    pub(super) progress: Option<Duration>,
}

impl Limits {
    pub(super) const fn new() -> Self {
        Self {
            wait: Some(Duration::from_secs(10)),
            event: None,
            is_said: false,
            hold: None,
            progress: None,
        }
    }

    pub(super) fn set_wait(&mut self, limit: Option<Duration>) {
        self.wait = limit;
        self.is_said = true;
    }

    /// Returns whether a limit was set that needs watched locks.
    pub(super) fn has_one_for_locks(&self) -> bool {
        let wait = self.wait.filter(|_| self.is_said);
        let limits = [wait, self.event.flatten(), self.hold, self.progress];
        limits.iter().any(Option::is_some)
    }

    pub(super) fn event(&self) -> Option<Duration> {
        self.event.unwrap_or(self.wait.filter(|_| self.is_said))
    }

    /// Returns whether waits for anything but locks are exempt, and with them the waits for threads that wait so.
    pub(super) fn events_are_exempt(&self) -> bool {
        self.event == Some(None)
    }

    /// Returns what leads to an alert.
    pub(super) fn triggers(&self) -> Vec<Trigger> {
        let mut triggers = Vec::new();
        for (is_on, trigger) in [
            (self.wait.is_some(), Trigger::LockWait),
            (self.event().is_some(), Trigger::OtherWait),
            (self.hold.is_some(), Trigger::Hold),
            (self.progress.is_some(), Trigger::Standstill),
            (self.events_are_exempt(), Trigger::OnlyBesideEvents),
        ] {
            if is_on {
                triggers.push(trigger);
            }
        }
        triggers
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        for (what, limit) in [
            ("a wait", self.wait),
            ("a wait for an event", self.event.flatten()),
            ("a hold", self.hold),
            ("no progress", self.progress),
        ] {
            match limit {
                Some(limit) if limit < SHORTEST => {
                    return Err(Error::LimitTooShort {
                        what,
                        limit,
                        shortest: SHORTEST,
                    });
                }
                Some(limit) if limit > LONGEST => {
                    return Err(Error::LimitTooLong {
                        what,
                        limit,
                        longest: LONGEST,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(super) fn shortest(&self) -> Option<Duration> {
        let mut shortest = None;
        for limit in [self.wait, self.event(), self.hold, self.progress] {
            shortest = shorter(shortest, limit);
        }
        shortest
    }
}

pub(super) fn shorter(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}

/// Returns the nearest limit in range, for callers that cannot return an error.
pub(super) fn within_reason(limit: Duration) -> Duration {
    limit.clamp(SHORTEST, LONGEST)
}

/// Returns the interval of polls, where `shortest` is the shortest limit.
pub(super) fn tick(shortest: Option<Duration>) -> Duration {
    let shortest = shortest.unwrap_or(LONGEST);
    (shortest / TICKS_PER_LIMIT).clamp(SHORTEST_TICK, LONGEST_TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ticks_are_a_tenth_of_the_limit_or_ten_milliseconds() {
        for millis in [10, 50, 99, 100, 101, 250, 1_000, 10_000, 3_600_000] {
            let limit = Duration::from_millis(millis);
            let late = (limit / 10).max(Duration::from_millis(10));
            assert!(tick(Some(limit)) * 2 < late, "{limit:?}");
        }
    }

    #[test]
    fn limits_that_mean_nothing_are_refused() {
        let mut limits = Limits::new();
        assert!(limits.check().is_ok());
        limits.hold = Some(Duration::ZERO);
        let error = limits.check().unwrap_err();
        assert!(error.to_string().contains("a hold"), "{error}");
        limits.hold = None;
        limits.progress = Some(Duration::MAX);
        assert!(matches!(limits.check(), Err(Error::LimitTooLong { .. })));
    }

    #[test]
    fn events_are_limited_as_was_said_of_waits_and_not_by_default() {
        let mut limits = Limits::new();
        assert_eq!(limits.event(), None);
        limits.wait = Some(Duration::from_secs(3));
        limits.is_said = true;
        assert_eq!(limits.event(), limits.wait);
        limits.event = Some(None);
        assert_eq!(limits.event(), None);
    }
}
