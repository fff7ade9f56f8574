//! Threads that ended by a panic, or caught one: a wait without end is often for something that the panicked
//! code was to do.

use crate::engine::ids::{Site, ThreadId};
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::thread::slot::Slot;

/// The number of threads that are remembered, the last ones.
const KEPT: usize = 16;

/// A thread in which code panicked.
#[derive(Clone, Debug)]
pub(crate) struct Panicked {
    /// The check of `testing` that it belonged to; zero stands for the process.
    scope: u64,
    ancestor: Option<ThreadId>,
    pub(crate) thread: ThreadId,
    pub(crate) name: Option<String>,
    pub(crate) spawned: Option<Site>,
    /// Whether the panic was that of a job or a callback, and the thread continued.
    pub(crate) is_caught: bool,
}

/// The last one comes first.
pub(in crate::tracking) static PANICKED: ForkSafe<Vec<Panicked>> = ForkSafe::new(Vec::new());

/// Records the thread of this slot, which ends by a panic or, if it `is_caught`, continues after one.
pub(crate) fn add(slot: &Slot, thread: ThreadId, is_caught: bool) {
    let mut panicked = PANICKED.lock();
    // One entry per thread, so that a worker whose jobs keep panicking displaces no other thread.
    panicked.retain(|entry| entry.thread != thread);
    panicked.truncate(KEPT - 1);
    let last = Panicked {
        scope: slot.check_id(),
        ancestor: slot.ancestor(),
        thread,
        name: slot.name(),
        spawned: slot.spawned(),
        is_caught,
    };
    panicked.insert(0, last);
}

/// Returns the threads of a check, or of the process, in which code panicked, the last one first; only those with this
/// ancestor, if there is one.
pub(crate) fn of(scope: u64, ancestor: Option<ThreadId>) -> Vec<Panicked> {
    let mut of_scope = Vec::new();
    for entry in PANICKED.lock().iter() {
        if entry.scope == scope && (ancestor.is_none() || entry.ancestor == ancestor) {
            of_scope.push(entry.clone());
        }
    }
    of_scope
}
