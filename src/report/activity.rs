//! What a thread does at one moment.

use std::fmt;

/// What a thread does, as far as the operating system says so.
///
/// Displayed as what comes after "it": "is in the system call `nanosleep`", "runs, or is ready
/// to".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// It is on a CPU, or ready to be.
    #[non_exhaustive]
    Running {
        /// The CPU that it was on last, if that is known.
        cpu: Option<u32>,
    },
    /// It sleeps in a system call, until somebody wakes it or its time is over.
    #[non_exhaustive]
    InSystemCall {
        /// The number of the call.
        number: i64,
        /// Its name, if it is one of those in which threads often sleep.
        name: Option<&'static str>,
    },
    /// It sleeps; in which system call is not known.
    Asleep,
    /// It waits for a device, and answers nobody meanwhile.
    Uninterruptible,
    /// It was stopped, by a signal or a debugger.
    Stopped,
    /// It has ended.
    Ended,
    /// The operating system does not say.
    Unknown,
}

impl fmt::Display for Activity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Activity::Running { cpu: Some(cpu) } => {
                write!(f, "runs, or is ready to, on CPU {cpu}")
            }
            Activity::Running { cpu: None } => f.write_str("runs, or is ready to"),
            Activity::InSystemCall {
                name: Some(name), ..
            } => write!(f, "is in the system call `{name}`"),
            Activity::InSystemCall { number, .. } => {
                write!(f, "is in the system call number {number}")
            }
            Activity::Asleep => f.write_str("sleeps"),
            Activity::Uninterruptible => f.write_str("waits for a device"),
            Activity::Stopped => f.write_str("is stopped"),
            Activity::Ended => f.write_str("has ended"),
            Activity::Unknown => f.write_str("does something that the system does not tell"),
        }
    }
}
