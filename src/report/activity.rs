//! The state of a thread in the operating system.

use std::fmt;

/// The state of a thread, as far as the operating system reports it.
///
/// Displayed as a predicate: "is in the system call `nanosleep`", "runs, or is ready to".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activity {
    /// The thread is on a CPU, or ready to run.
    #[non_exhaustive]
    Running {
        /// The CPU that the thread last ran on, if that is known.
        cpu: Option<u32>,
    },
    /// The thread sleeps in a system call, until it is woken or the call times out.
    #[non_exhaustive]
    InSystemCall {
        /// The number of the system call.
        number: i64,
        /// The name of the system call, if it is one of those in which threads often sleep.
        name: Option<&'static str>,
    },
    /// The thread sleeps; in which system call is not known.
    Asleep,
    /// The thread waits for a device, and handles no signal meanwhile.
    Uninterruptible,
    /// The thread was stopped, by a signal or a debugger.
    Stopped,
    /// The thread has ended.
    Ended,
    /// The operating system does not report it.
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
            Activity::Unknown => f.write_str("is in a state that the system does not report"),
        }
    }
}
