//! [`Dump`]: all threads of the process at one moment.

use std::time::{Duration, SystemTime};

use super::thread::DumpedThread;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::lists;
use crate::report::{LockInfo, Stack};

/// All threads of the process: the state, the locks, the wait and the stack of each.
///
/// Made by [`dump()`](crate::watchdog::dump). `Display` writes it as text, and looks up the function
/// names of the stacks; see [`Stack`] for the cost of the first lookup.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dump {
    /// When the capture began.
    pub taken: SystemTime,
    /// How long the capture took. The threads were read one after the other, while the others ran.
    pub took: Duration,
    /// The threads: those that use tracked primitives, in the order of their first use, then the
    /// others, and those of this crate last.
    pub threads: Vec<DumpedThread>,
    /// The locks and other resources that the threads hold and wait for.
    pub locks: Vec<LockInfo>,
    /// A paragraph for each agent that is no thread, from the functions that were given to
    /// [`instrument::describe_agents_with`](crate::instrument::describe_agents_with): the tasks of an async runtime.
    pub agents: Vec<String>,
}

impl Dump {
    /// Returns the thread `id`, if it is listed.
    #[must_use]
    pub fn thread(&self, id: ThreadId) -> Option<&DumpedThread> {
        lists::find(&self.threads, &|thread| thread.id == Some(id))
    }

    /// Returns the lock `id`, if a thread holds it or waits for it.
    #[must_use]
    pub fn lock(&self, id: LockId) -> Option<&LockInfo> {
        lists::find(&self.locks, &|lock| lock.id == id)
    }

    /// Looks up the functions of all stacks.
    pub(crate) fn resolve(&self) {
        let mut stacks: Vec<&Stack> = Vec::new();
        for thread in &self.threads {
            stacks.extend(&thread.stack);
        }
        Stack::resolve_all(&stacks, &|| {});
    }
}
