//! A schedule as a text.

use std::fmt;
use std::str::FromStr;

/// The choices of one schedule: which thread went on at each point.
///
/// Displayed, and parsed, as the numbers of the threads with the number of choices in succession:
/// `0*3 1 0*2`. The body is thread 0, and each thread that is started has the next number. A `+` at the
/// beginning says that there were points before releases, too.
///
/// # Examples
///
/// ```
/// use lockwarden::testing::explore::Schedule;
///
/// let schedule: Schedule = "0*3 1 0*2".parse().unwrap();
/// assert_eq!(schedule.switches(), 2);
/// assert_eq!(schedule.to_string(), "0*3 1 0*2");
/// assert!("0*3 x".parse::<Schedule>().is_err());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Schedule {
    pub(crate) choices: Vec<usize>,
    /// Whether a thread that is about to release a lock is at a point.
    pub(crate) before_releases: bool,
}

/// A text that is no [`Schedule`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleError {
    word: String,
}

/// The most choices that a text can stand for.
const MOST: usize = 10_000_000;

impl Schedule {
    /// How many choices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.choices.len()
    }

    /// Whether there is no choice at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.choices.is_empty()
    }

    /// How many times another thread was chosen than the one before.
    #[must_use]
    pub fn switches(&self) -> usize {
        runs(&self.choices).len().saturating_sub(1)
    }
}

/// Returns the threads that are chosen one after the other, each with the number of choices in succession.
pub(super) fn runs(choices: &[usize]) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &choice in choices {
        match runs.last_mut() {
            Some((thread, count)) if *thread == choice => *count += 1,
            _ => runs.push((choice, 1)),
        }
    }
    runs
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut space = "";
        if self.before_releases {
            f.write_str("+")?;
            space = " ";
        }
        for (thread, count) in &runs(&self.choices) {
            match count {
                1 => write!(f, "{space}{thread}")?,
                count => write!(f, "{space}{thread}*{count}")?,
            }
            space = " ";
        }
        Ok(())
    }
}

impl FromStr for Schedule {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let mut schedule = Self::default();
        for (at, word) in text.split_whitespace().enumerate() {
            if at == 0 && word == "+" {
                schedule.before_releases = true;
                continue;
            }
            let (thread, count) = word.split_once('*').unwrap_or((word, "1"));
            let error = || ScheduleError {
                word: word.to_owned(),
            };
            let thread: usize = thread.parse().map_err(|_| error())?;
            let count: usize = count.parse().map_err(|_| error())?;
            if count > MOST - schedule.choices.len() {
                return Err(error());
            }
            schedule.choices.extend(std::iter::repeat_n(thread, count));
        }
        Ok(schedule)
    }
}

impl fmt::Display for ScheduleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is no part of a schedule: say the number of a thread, or a number and how many times \
             it is chosen, as in 0*3 1 0*2",
            self.word
        )
    }
}

impl std::error::Error for ScheduleError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_parsed_as_it_was_written() {
        for text in ["", "0", "0*3 1 0*2", "+ 0 1*7 12"] {
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        let schedule: Schedule = "0*2 1".parse().unwrap();
        assert_eq!(schedule.choices, [0, 0, 1]);
    }

    #[test]
    fn what_is_no_schedule_is_named() {
        for (text, word) in [
            ("0 x", "x"),
            ("0*", "0*"),
            ("1 +", "+"),
            ("0*99999999", "0*99999999"),
        ] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert_eq!(error.word, word);
            assert!(error.to_string().contains(&format!("{word:?}")));
        }
    }
}
