//! A thread that has stayed away from the scheduler.

use std::fmt;

use crate::dump::{self, Dump, DumpedThread};
use crate::engine::lists;
use crate::report::Activity;

/// A thread that had the turn and stayed away from the scheduler for longer than
/// [`Explore::patience`](crate::testing::explore::Explore::patience) says, as it was then: it waited for I/O or for a lock
/// that is not watched, or it ran in a loop without any operation of this crate.
///
/// Displayed as text, with the stack of the thread where the feature `signals` can capture it.
#[derive(Clone, Debug)]
pub struct Outside {
    /// That thread alone.
    dump: Dump,
}

impl Outside {
    /// Looks at the thread with this id of the operating system; `None` if it has come back and ended meanwhile.
    pub(crate) fn look(os_id: u32) -> Option<Self> {
        let mut dump = dump::capture();
        let is_it = |thread: &DumpedThread| {
            thread.os_id == Some(os_id) && thread.activity != Activity::Ended
        };
        lists::retain(&mut dump.threads, &is_it);
        (!dump.threads.is_empty()).then_some(Self { dump })
    }

    /// Returns whether the thread was running, as in a loop that waits for an atomic of another thread
    /// and never yields; otherwise it slept in the operating system.
    #[must_use]
    pub fn spins(&self) -> bool {
        let mut threads = self.dump.threads.iter();
        threads.any(|thread| matches!(thread.activity, Activity::Running { .. }))
    }
}

impl fmt::Display for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.spins() {
            writeln!(
                f,
                "a thread has run for long without an operation of this crate; if it waits in a loop for an \
                 atomic, let it call `lockwarden::testing::explore::spin_loop` there, or run the test by \
                 `cargo lockwarden explore --atomics`"
            )?;
        } else {
            writeln!(f, "a thread has waited for something that is not watched")?;
        }
        self.dump.write_threads(f, &|_| true)
    }
}
