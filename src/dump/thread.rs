//! One thread of a dump.

use crate::engine::ids::ThreadId;
use crate::report::{Activity, HeldInfo, Stack, WaitInfo};
use crate::system::NoStack;

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
    /// Whether this is not a thread of the system but an [`Agent`](crate::instrument::Agent) that holds a lock or waits
    /// for one: a task of an async runtime.
    pub is_task: bool,
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
