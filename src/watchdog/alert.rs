//! What an action is given.

use std::fmt;
use std::time::Duration;

use super::course::Phase;
use super::dump::Dump;
use crate::report::{Report, duration};

/// A stall, or a deadlock, with all threads of the process.
///
/// Displayed as a line, then the dump.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alert {
    /// Whether it began, goes on, or is over.
    pub phase: Phase,
    /// What it is. When it goes on this is a new report with the number of the first one; when it is
    /// over, the last one.
    pub report: Report,
    /// How long it has lasted; zero for a deadlock, which is told at once.
    pub lasted: Duration,
    /// How many stalls were not told of when they began, because there were too many, since the last
    /// one that was.
    pub left_out: u64,
    /// All threads; `None` when it is over.
    pub dump: Option<Dump>,
}

impl Alert {
    /// The first line of the text, without its end.
    #[must_use]
    pub fn headline(&self) -> String {
        let number = self.report.sequence;
        let line = self.report.headline();
        let what = line.strip_prefix("lockwarden: ").unwrap_or(&line);
        let lasted = duration(self.lasted);
        let mut text = match self.phase {
            Phase::Began => format!("lockwarden: watchdog: {what} (report {number})"),
            Phase::GoesOn => {
                format!("lockwarden: watchdog: report {number} goes on after {lasted}: {what}")
            }
            Phase::Ended => {
                format!(
                    "lockwarden: watchdog: report {number} is over after {lasted}: it was {what}"
                )
            }
        };
        if self.left_out > 0 {
            text += &format!("; {} more were left out before", self.left_out);
        }
        text
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        match &self.dump {
            Some(dump) => write!(f, "{dump}"),
            None => Ok(()),
        }
    }
}
