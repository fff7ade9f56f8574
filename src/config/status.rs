//! The state of the detector, and its counters.

use std::fmt;
use std::time::Duration;

use super::limit::Limit;
use crate::report::counted;

/// The state of the detector, with its counters: evidence that the absence of reports means something.
///
/// # Examples
///
/// ```
/// use lockwarden::config::Status;
///
/// fn print(status: &Status) {
///     match status {
///         Status::On(activity) => println!("{} locks watched", activity.locks),
///         off => println!("{off}"),
///     }
/// }
/// # let _: fn(&Status) = print;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Locks are watched.
    On(Counters),
    /// No locks are watched.
    Off(OffReason),
}

/// Why the detector is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OffReason {
    /// The build has neither debug assertions nor the feature `always`.
    NotCompiledIn,
    /// `LOCKWARDEN=off`, or [`Config::enabled(false)`](crate::config::Config::enabled).
    SwitchedOff,
}

/// The counters of the detector up to now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// The time since the detector started.
    pub uptime: Duration,
    /// The locks that live and have been part of a nested acquisition.
    pub locks: u64,
    /// The distinct acquired-before edges between them.
    pub edges: u64,
    /// The threads that live and have used a lock.
    pub threads: u64,
    /// The reports made since the start.
    pub reports: u64,
    /// The findings since the start that were not reported, because their verdict is ignored or
    /// because a limit was reached.
    pub unreported: u64,
    /// The findings since the start to which a [suppression](crate::suppress) applied.
    pub suppressed: u64,
    /// Totals since the start, of living and dropped locks and threads.
    pub total: Totals,
    /// The limits that were reached, ascending.
    pub limits: Vec<Limit>,
}

/// Totals since the start of the process, of living and dropped locks and threads.
///
/// `Display` writes "12 locks of 5 classes, 7 orders, 4 threads", and "9 tasks" if there were any. The totals change only where
/// something is new, so that known acquisitions cost nothing for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// The locks that were used. Each living thread, except the calling one, adds up to 255 ids that it has reserved.
    pub locks: u64,
    /// Their classes: names, or places of construction.
    pub classes: u64,
    /// The orders: the distinct pairs of source places of which the second was reached while the lock
    /// of the first was held.
    pub orders: u64,
    /// The threads that have used a lock.
    pub threads: u64,
    /// The tasks that were started: agents that are no threads.
    pub tasks: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes = if self.classes == 1 {
            "class"
        } else {
            "classes"
        };
        write!(
            f,
            "{} of {} {classes}, {}, {}",
            counted(self.locks, "lock"),
            self.classes,
            counted(self.orders, "order"),
            counted(self.threads, "thread"),
        )?;
        if self.tasks > 0 {
            write!(f, ", {}", counted(self.tasks, "task"))?;
        }
        Ok(())
    }
}

impl Status {
    /// Returns whether locks are watched.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        matches!(self, Status::On(_))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::On(activity) => write!(f, "on, {activity}"),
            Status::Off(reason) => write!(f, "off: {reason}"),
        }
    }
}

impl fmt::Display for OffReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OffReason::NotCompiledIn => {
                "this build has neither debug assertions nor the feature `always`"
            }
            OffReason::SwitchedOff => "switched off by `LOCKWARDEN` or by the configuration",
        })
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "for {:.1} s: {}, {}, {}, {}",
            self.uptime.as_secs_f64(),
            counted(self.locks, "lock"),
            counted(self.edges, "edge"),
            counted(self.threads, "thread"),
            counted(self.reports, "report"),
        )?;
        if self.unreported > 0 {
            write!(f, ", {} not reported", counted(self.unreported, "finding"))?;
        }
        if self.suppressed > 0 {
            write!(f, ", {} suppressed", counted(self.suppressed, "finding"))?;
        }
        if self.total != Totals::default() {
            write!(f, "; since the start {}", self.total)?;
        }
        for (at, limit) in self.limits.iter().enumerate() {
            f.write_str(if at == 0 { "; limits reached: " } else { ", " })?;
            write!(f, "{limit} ({})", limit.cost())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_was_seen() {
        let status = Status::On(Counters {
            uptime: Duration::from_millis(2_340),
            locks: 1,
            edges: 2,
            threads: 0,
            reports: 1,
            unreported: 3,
            suppressed: 1,
            total: Totals {
                locks: 12,
                classes: 1,
                orders: 7,
                threads: 4,
                tasks: 9,
            },
            limits: vec![Limit::MaxReports, Limit::SearchSteps],
        });
        assert!(status.is_on());
        assert_eq!(
            status.to_string(),
            "on, for 2.3 s: 1 lock, 2 edges, 0 threads, 1 report, 3 findings not reported, \
             1 finding suppressed; since the start 12 locks of 1 class, 7 orders, 4 threads, 9 tasks; \
             limits reached: max_reports (later reports are only counted), search_steps \
             (some cycles were not looked at)"
        );
    }

    #[test]
    fn a_status_says_why_it_is_off() {
        assert_eq!(
            Status::Off(OffReason::NotCompiledIn).to_string(),
            "off: this build has neither debug assertions nor the feature `always`"
        );
        assert!(!Status::Off(OffReason::SwitchedOff).is_on());
    }
}
