//! The text of a report.

use std::fmt;

use super::data::Report;
use super::thread::{WaitInfo, WaitsFor};

impl Report {
    /// What a thread waits for, in words.
    pub(super) fn awaited(&self, wait: &WaitInfo) -> String {
        match wait.what {
            WaitsFor::Lock { lock, mode } => format!("{} ({mode})", self.the_lock(lock)),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())
    }
}
