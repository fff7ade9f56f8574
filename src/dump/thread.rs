//! One thread of a dump.

use std::fmt;

use crate::engine::ids::ThreadId;
use crate::report::{Activity, HeldInfo, Stack, WaitInfo};

/// One thread of a [`Dump`](super::Dump).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DumpedThread {
    /// The identity of the thread; `None` if it has never used a tracked primitive.
    pub id: Option<ThreadId>,
    /// The id that the operating system gave the thread, where it is known: on Linux and Android.
    pub os_id: Option<u32>,
    /// The name of the thread. For a thread that has never used a tracked primitive, the name that the
    /// operating system has: its first 15 bytes, or `main` for the first thread of the process.
    pub name: Option<String>,
    /// Whether this is a thread of this crate: of the watchdog, or one that serves a check. Those are
    /// listed last.
    pub is_ours: bool,
    /// The state of the thread in the operating system.
    pub activity: Activity,
    /// The locks that the thread holds, in the order of acquisition; `None` if the lockset changed each
    /// time it was read.
    pub held: Option<Vec<HeldInfo>>,
    /// What the thread waits for, if it waits.
    pub waits: Option<WaitInfo>,
    /// The stack, or why it is not known.
    pub stack: Result<Stack, NoStack>,
}

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
    /// The thread is the polling thread of the watchdog.
    Watchdog,
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
            NoStack::Watchdog => "it is the watchdog",
        })
    }
}
