//! How long something may last before it is told of.

use std::time::Duration;

use super::error::Error;

/// The shortest limit: what is told up to this much late cannot be limited more finely.
const SHORTEST: Duration = Duration::from_millis(10);
/// The longest limit.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A hold is seen up to one tick after it began, and looked at once more up to one tick after its
/// limit is over: two ticks, and some time to spare, are a tenth of a limit.
const TICKS_PER_LIMIT: u32 = 25;
/// Two of them, and some time to spare, are ten milliseconds.
const SHORTEST_TICK: Duration = Duration::from_millis(4);
/// However long the limits are.
const LONGEST_TICK: Duration = Duration::from_millis(500);

/// The limits of a watchdog; `None` for what it does not look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Limits {
    /// For a wait for a lock.
    pub(super) wait: Option<Duration>,
    /// For a wait for something else. If nothing is said of it: that for locks, if that was said.
    pub(super) event: Option<Option<Duration>>,
    /// Whether the first one was said by somebody, and is not the default.
    pub(super) is_said: bool,
    /// For a hold.
    pub(super) hold: Option<Duration>,
    /// For the time in which nothing happens.
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

    pub(super) fn event(&self) -> Option<Duration> {
        self.event.unwrap_or(self.wait.filter(|_| self.is_said))
    }

    /// Refuses limits that mean nothing.
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

    /// The shortest of them.
    pub(super) fn shortest(&self) -> Option<Duration> {
        let all = [self.wait, self.event(), self.hold, self.progress];
        all.into_iter().flatten().min()
    }
}

/// A limit that can be kept, from one that was asked for where nothing can be refused.
pub(super) fn within_reason(limit: Duration) -> Duration {
    limit.clamp(SHORTEST, LONGEST)
}

/// How often to look, for limits of which this is the shortest.
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
