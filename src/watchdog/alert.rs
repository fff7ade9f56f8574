//! The argument of an action.

use std::fmt;
use std::time::Duration;

use super::backoff::Phase;
use crate::dump::Dump;
use crate::report::{Report, duration};

/// A stall, or a deadlock, with all threads of the process.
///
/// Displayed as a line, then the dump.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alert {
    /// Whether the stall began, lasts, or is over.
    pub phase: Phase,
    /// The report. For a stall that lasts this is a new report with the sequence number of the first
    /// one; for one that is over, the last report.
    pub report: Report,
    /// How long the stall has lasted; zero for a deadlock, which is reported at once.
    pub lasted: Duration,
    /// How many stalls were not reported when they began, because of the limit per minute, since the
    /// last alert.
    pub left_out: u64,
    /// All threads; `None` when the stall is over.
    pub dump: Option<Dump>,
    /// The number of the report whose alert had the same dump, if an earlier one had: the stalls that
    /// one look at the threads finds have one dump, which the text shows once.
    pub dump_of: Option<u64>,
}

impl Alert {
    /// Returns an alert without a dump.
    pub(super) fn of(phase: Phase, report: Report, lasted: Duration) -> Self {
        Self {
            phase,
            report,
            lasted,
            left_out: 0,
            dump: None,
            dump_of: None,
        }
    }

    /// Returns the first line of the text, without a line break.
    #[must_use]
    pub fn headline(&self) -> String {
        format!("lockwarden: watchdog: {}", self.subject())
    }

    /// Returns the first line without its prefix.
    pub(super) fn subject(&self) -> String {
        let number = self.report.sequence;
        let what = self.report.subject();
        let mut text = match self.phase {
            Phase::Began => format!("{what} (report {number})"),
            Phase::GoesOn => format!("report {number} goes on: {what}"),
            Phase::Ended => {
                let (lasted, what) = (duration(self.lasted), self.report.past());
                format!("report {number} is over after {lasted}: {what}")
            }
        };
        self.add_left_out(&mut text);
        text
    }

    /// Returns the text for a place below the text of the report itself.
    pub(super) fn below_the_report(&self) -> String {
        let (verdict, number) = (self.report.verdict, self.report.sequence);
        let mut text =
            format!("lockwarden: watchdog: all threads at the {verdict} above, report {number}");
        self.add_left_out(&mut text);
        match (self.dump_of, &self.dump) {
            (Some(first), _) => format!("{text}: see those at report {first}\n"),
            (None, Some(dump)) => format!("{text}\n{dump}"),
            (None, None) => text + "\n",
        }
    }

    fn add_left_out(&self, text: &mut String) {
        match self.left_out {
            0 => {}
            1 => *text += "; 1 more was left out before",
            many => *text += &format!("; {many} more were left out before"),
        }
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.headline())?;
        match (self.dump_of, &self.dump) {
            (Some(first), _) => writeln!(f, "all threads: see report {first}"),
            (None, Some(dump)) => write!(f, "{dump}"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::verdict::Verdict;
    use crate::report::{Facts, Stall, StallCause};

    fn alert(phase: Phase, left_out: u64) -> Alert {
        let lasted = Duration::from_millis(2_500);
        let cause = StallCause::Heartbeat {
            name: "ingest".to_owned(),
            site: std::panic::Location::caller(),
            thread: None,
        };
        let stall = Stall {
            cause,
            lasted,
            limit: Duration::from_secs(2),
            holders: Vec::new(),
        };
        let facts = Facts {
            stall: Some(stall),
            ..Facts::of(Verdict::Stall)
        };
        Alert {
            left_out,
            ..Alert::of(phase, Report::new(7, facts), lasted)
        }
    }

    #[test]
    fn a_headline_names_the_stall_and_the_number_of_omitted_ones() {
        for (phase, left_out, line) in [
            (
                Phase::Began,
                0,
                "Stall: the heartbeat `ingest` has not come for 2.5 s (report 7)",
            ),
            (
                Phase::Began,
                3,
                "Stall: the heartbeat `ingest` has not come for 2.5 s (report 7); 3 more were left \
                 out before",
            ),
            (
                Phase::GoesOn,
                0,
                "report 7 goes on: Stall: the heartbeat `ingest` has not come for 2.5 s",
            ),
            (
                Phase::Ended,
                0,
                "report 7 is over after 2.5 s: the missed heartbeat `ingest`",
            ),
        ] {
            let headline = alert(phase, left_out).headline();
            assert_eq!(headline, format!("lockwarden: watchdog: {line}"));
        }
        assert_eq!(
            alert(Phase::Began, 1).below_the_report(),
            "lockwarden: watchdog: all threads at the Stall above, report 7; 1 more was left out \
             before\n"
        );
        let mut second = alert(Phase::Began, 0);
        second.dump_of = Some(6);
        assert_eq!(
            second.below_the_report(),
            "lockwarden: watchdog: all threads at the Stall above, report 7: see those at report 6\n"
        );
        assert!(
            second
                .to_string()
                .ends_with("\nall threads: see report 6\n")
        );
    }
}
