//! Why a watchdog was not started.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::system::signal::SignalError;

/// Why a watchdog was not started. The program goes on without it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A limit is shorter than the precision of the watchdog.
    #[non_exhaustive]
    LimitTooShort {
        /// The wait, hold or heartbeat that the limit applies to.
        what: &'static str,
        /// The limit.
        limit: Duration,
        /// The shortest limit that is allowed.
        shortest: Duration,
    },
    /// A limit is so long that it would never be exceeded.
    #[non_exhaustive]
    LimitTooLong {
        /// The wait, hold or heartbeat that the limit applies to.
        what: &'static str,
        /// The limit.
        limit: Duration,
        /// The longest limit that is allowed.
        longest: Duration,
    },
    /// The number of alerts in a minute is zero, so none would ever be made.
    NoAlerts,
    /// An exit code that the system would truncate: codes are 0 to 255.
    #[non_exhaustive]
    ExitCode {
        /// The code.
        code: i32,
    },
    /// There is a watchdog in this process already.
    AlreadyRunning,
    /// The file for lines of JSON cannot be written.
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The signal is ignored, or the program, or a library of it, handles it itself.
    #[non_exhaustive]
    SignalTaken {
        /// The number of the signal.
        signal: i32,
    },
    /// The signal does not exist, or cannot be handled.
    #[non_exhaustive]
    SignalUnusable {
        /// The number of the signal.
        signal: i32,
        /// The error of the system.
        source: io::Error,
    },
    /// The thread could not be started.
    #[non_exhaustive]
    Thread {
        /// The error of the system.
        source: io::Error,
    },
    /// A part of the environment variable `LOCKWARDEN_WATCHDOG` is not understood.
    #[non_exhaustive]
    Environment {
        /// The part.
        part: String,
        /// What is wrong with it.
        why: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::LimitTooShort {
                what,
                limit,
                shortest,
            } => write!(
                f,
                "the limit for {what} is {limit:?}, and the shortest one is {shortest:?}; to switch \
                 it off, leave it out"
            ),
            Error::LimitTooLong {
                what,
                limit,
                longest,
            } => write!(
                f,
                "the limit for {what} is {limit:?}, and the longest one is {longest:?}; to switch \
                 it off, leave it out"
            ),
            Error::NoAlerts => {
                f.write_str("no alert is allowed in a minute, so none would be made")
            }
            Error::ExitCode { code } => write!(
                f,
                "the exit code {code} does not exist: those of a process are 0 to 255"
            ),
            Error::AlreadyRunning => f.write_str("a watchdog is running in this process already"),
            Error::File { path, source } => {
                write!(f, "the file {path:?} cannot be written: {source}")
            }
            Error::SignalTaken { signal } => write!(
                f,
                "the signal {signal} is ignored, or the program handles it already; choose another one"
            ),
            Error::SignalUnusable { signal, source } => {
                write!(f, "the signal {signal} cannot be used: {source}")
            }
            Error::Thread { source } => {
                write!(f, "the thread of the watchdog cannot be started: {source}")
            }
            Error::Environment { part, why } => write!(f, "{part:?} is not understood: {why}"),
        }
    }
}

impl From<SignalError> for Error {
    fn from(error: SignalError) -> Self {
        match error {
            SignalError::Taken { signal } => Self::SignalTaken { signal },
            SignalError::Unusable { signal, source } => Self::SignalUnusable { signal, source },
        }
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Error::File { source, .. }
            | Error::SignalUnusable { source, .. }
            | Error::Thread { source } => Some(source),
            _ => None,
        }
    }
}
