//! The number of restarts, passed from one program to the next.
//!
//! An environment variable holds the number, with the time of the last restart behind it:
//! `2@1770000000`. A program that has run for an hour since its restart counts from zero. Otherwise a
//! service that hangs once a month would at last not be restarted.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::variables::Variable;

pub(super) const RESTARTS: &str = Variable::Restarts.name();

/// After this time without a restart, counting begins anew.
const WELL: Duration = Duration::from_secs(60 * 60);

/// Restarts that each came within an hour of the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Restarts {
    pub(super) in_a_row: u32,
    /// When the last one was, in seconds since 1970; `None` if the variable has no time.
    last: Option<u64>,
}

impl Restarts {
    /// Returns those that the environment names, as they count at `now`.
    pub(super) fn of_environment(now: SystemTime) -> Self {
        Self::parse(&Variable::Restarts.text())
            .unwrap_or_default()
            .at(now)
    }

    fn parse(text: &str) -> Option<Self> {
        let (in_a_row, last) = match text.split_once('@') {
            Some((in_a_row, last)) => (in_a_row, Some(last.parse().ok()?)),
            None => (text, None),
        };
        Some(Self {
            in_a_row: in_a_row.parse().ok()?,
            last,
        })
    }

    /// Returns what counts at `now`: all of them if the clock was set back meanwhile.
    fn at(self, now: SystemTime) -> Self {
        let well_by = self.last.map(|last| last.saturating_add(WELL.as_secs()));
        match well_by {
            Some(well_by) if well_by <= seconds(now) => Self::default(),
            _ => self,
        }
    }

    /// Returns the count with the restart that is made at `now`.
    pub(super) fn one_more(self, now: SystemTime) -> Self {
        Self {
            in_a_row: self.in_a_row.saturating_add(1),
            last: Some(seconds(now)),
        }
    }
}

/// Writes the value of the variable.
impl fmt::Display for Restarts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.in_a_row)?;
        match self.last {
            Some(last) => write!(f, "@{last}"),
            None => Ok(()),
        }
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn start() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_770_000_000)
    }

    /// What the next program reads at `now`.
    fn count_at(made: Restarts, now: SystemTime) -> u32 {
        Restarts::parse(&made.to_string()).unwrap().at(now).in_a_row
    }

    #[test]
    fn those_within_an_hour_of_each_other_are_in_a_row() {
        let first = Restarts::default().one_more(start());
        assert_eq!(first.to_string(), "1@1770000000");
        assert_eq!(count_at(first, start() + 59 * MINUTE), 1);
        let second = first.one_more(start() + 59 * MINUTE);
        // The hour begins with the last one.
        assert_eq!(count_at(second, start() + 118 * MINUTE), 2);
    }

    #[test]
    fn after_an_hour_without_one_they_count_anew() {
        let made = Restarts::default().one_more(start()).one_more(start());
        assert_eq!(count_at(made, start() + 60 * MINUTE), 0);
        assert_eq!(count_at(made, start() + 60 * 24 * 30 * MINUTE), 0);
    }

    #[test]
    fn a_clock_that_was_set_back_forgets_nothing() {
        let made = Restarts::default().one_more(start());
        assert_eq!(count_at(made, start() - 600 * MINUTE), 1);
        assert_eq!(count_at(made, UNIX_EPOCH - MINUTE), 1);
    }

    #[test]
    fn a_number_without_a_time_counts_and_what_is_no_number_does_not() {
        let known = Restarts::parse("3").unwrap();
        assert_eq!(known.at(start()).in_a_row, 3);
        assert_eq!(known.to_string(), "3");
        for text in ["", "many", "-1", "3@", "3@noon", "@5"] {
            assert_eq!(Restarts::parse(text), None, "{text}");
        }
        let most = Restarts::parse("4294967295@18446744073709551615").unwrap();
        assert_eq!(most.at(start()).one_more(start()).in_a_row, u32::MAX);
    }
}
