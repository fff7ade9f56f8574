//! How a schedule is run, and why it is over.

use std::path::PathBuf;

#[derive(Clone, Default)]
pub(crate) struct Settings {
    /// Whether a thread that is about to release a lock is at a point.
    pub(crate) before_releases: bool,
    /// Whether the operations of the threads are noted.
    pub(crate) is_noting: bool,
    /// Whether panics are not printed.
    pub(crate) is_quiet: bool,
    /// Whether the stack of a thread that stays away is captured.
    pub(crate) looks_outside: bool,
    /// The report file.
    pub(crate) reported: Option<PathBuf>,
    /// Whether the table of the operations is printed at the end of the schedule.
    pub(crate) shows: bool,
    /// Whether schedules are left out that differ in the order of independent steps alone.
    pub(crate) reduces: bool,
}

/// Why a schedule is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// All threads have ended, or the body has ended and the others wait.
    Over,
    /// No thread can go on, and the body has not ended, or the deadlock is the one that the schedule tries to reach.
    Stuck,
    /// The time limit was over first.
    Late,
}
