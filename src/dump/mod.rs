//! All threads of the process at one moment.
//!
//! [`thread`] and [`Dump`] are the data, [`text`] puts words to it, [`capture`] makes it; [`system`]
//! is what the operating system says of a thread.

mod capture;
pub(crate) mod signal;
mod system;
mod text;
mod thread;

use std::time::{Duration, SystemTime};

pub(crate) use self::capture::capture;
pub(crate) use self::system::{activity, threads};
pub use self::thread::{DumpedThread, NoStack};
use crate::engine::ids::{LockId, ThreadId};
use crate::report::{LockInfo, Stack};

/// All threads of the process: what each does, holds and waits for, and where it is.
///
/// Made by [`dump()`](crate::watchdog::dump). Displayed as text, in which the functions of the stacks are
/// looked up; see [`Stack`] for what that costs the first time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Dump {
    /// When it was made.
    pub taken: SystemTime,
    /// How long that took. The threads were looked at one after the other, while the others went on.
    pub took: Duration,
    /// The threads: those that use tracked primitives, in the order in which they came to do so,
    /// then the others, and those of the watchdog last.
    pub threads: Vec<DumpedThread>,
    /// The locks, and other things, that the threads hold and wait for.
    pub locks: Vec<LockInfo>,
}

impl Dump {
    /// What is known of the thread `id`, if it is listed.
    #[must_use]
    pub fn thread(&self, id: ThreadId) -> Option<&DumpedThread> {
        self.threads.iter().find(|thread| thread.id == Some(id))
    }

    /// What is known of the lock `id`, if a thread holds it or waits for it.
    #[must_use]
    pub fn lock(&self, id: LockId) -> Option<&LockInfo> {
        self.locks.iter().find(|lock| lock.id == id)
    }

    /// Looks up the functions of all stacks.
    pub(crate) fn resolve(&self) {
        let stacks = self.threads.iter().filter_map(|t| t.stack.as_ref().ok());
        Stack::resolve_all(stacks, || {});
    }
}
