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
    /// The id that the operating system gave it, where that is known: on Linux and Android.
    pub os_id: Option<u32>,
    /// The name of the thread. Of one that has never used a tracked primitive, what the operating
    /// system calls it: the first 15 bytes, or `main` if it is the first one of the process.
    pub name: Option<String>,
    /// Whether it is a thread of this crate: of the watchdog, or one that helps a check. Those are listed
    /// last.
    pub is_ours: bool,
    /// What the operating system says that it does.
    pub activity: Activity,
    /// The locks that it holds, in the order in which it took them; `None` if it took and released
    /// locks all the time, so that no list of them was ever true.
    pub held: Option<Vec<HeldInfo>>,
    /// What it waits for, if it does.
    pub waits: Option<WaitInfo>,
    /// Where it is, or why that is not known.
    pub stack: Result<Stack, NoStack>,
}

/// Why the stack of a thread is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NoStack {
    /// This build, or the configuration, does without signals.
    NoSignals,
    /// The signal is handled by the program, which nobody interferes with.
    SignalTaken,
    /// The thread was asked by a signal and did not answer in time.
    NoAnswer,
    /// The thread does not let the signal through.
    SignalBlocked,
    /// The thread was stopped, or sleeps in the kernel where no signal reaches it.
    Unreachable,
    /// The thread ended meanwhile, or before.
    Ended,
    /// It is the thread of the watchdog, which looks at the others.
    Watchdog,
}

impl fmt::Display for NoStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoStack::NoSignals => "signals are not used, so no thread was asked where it is",
            NoStack::SignalTaken => "the program handles the signal itself, so nobody was asked",
            NoStack::NoAnswer => "it did not answer the signal in time",
            NoStack::SignalBlocked => "it blocks the signal that asks where it is",
            NoStack::Unreachable => "no signal reaches it as long as it is there",
            NoStack::Ended => "it has ended",
            NoStack::Watchdog => "it is the watchdog",
        })
    }
}
