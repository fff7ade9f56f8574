//! Why the stack of a thread is not known.

use std::fmt;

/// Why the stack of a thread is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoStack {
    /// This build, or the configuration, sends no signals.
    NoSignals,
    /// The program handles the signal itself, and its handler is left in place.
    SignalTaken,
    /// The thread did not answer the signal in time.
    NoAnswer,
    /// The thread blocks the signal.
    SignalBlocked,
    /// The thread was stopped, or sleeps in the kernel where no signal reaches it.
    Unreachable,
    /// The thread has ended.
    Ended,
    /// The thread is one of the library's own, such as that of the watchdog.
    Watchdog,
    /// It is no thread but a task of an async runtime.
    Task,
}

impl fmt::Display for NoStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoStack::NoSignals => "signals are not used, so no thread was asked where it is",
            NoStack::SignalTaken => "the program handles the signal itself, so no thread was asked",
            NoStack::NoAnswer => "it did not answer the signal in time",
            NoStack::SignalBlocked => "it blocks the signal that asks where it is",
            NoStack::Unreachable => "no signal reaches it as long as it is there",
            NoStack::Ended => "it has ended",
            NoStack::Watchdog => "it is a thread of lockwarden",
            NoStack::Task => "it is a task, which has one only while a thread polls it",
        })
    }
}
