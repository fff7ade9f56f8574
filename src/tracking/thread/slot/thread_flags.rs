//! The flags of a thread, beside its lockset and its wait.

use std::sync::atomic::{AtomicU64, Ordering};

/// Set for a thread of this crate: it ends no wait of the program.
const OURS: u64 = 1 << 33;
/// Set while the thread is idle: it waits for work, and a long wait is no stall.
const IDLE: u64 = 1 << 34;
/// Set while the thread, which has ended as far as the program is concerned, checks the waits of remaining
/// threads.
const LEAVING: u64 = 1 << 35;
/// Set while a scheduler decides when the thread runs: its acquisitions then miss the fast path.
const SCHEDULED: u64 = 1 << 36;

/// Set for an agent that is no thread: a task, which threads poll.
const AGENT: u64 = 1 << 37;
/// Set while the waits and holds of the thread are timed: its acquisitions then miss the fast path, too.
const TIMED: u64 = 1 << 39;
/// The number of threads of this crate that ever existed.
static OURS_EVER: AtomicU64 = AtomicU64::new(0);

/// Returns the number of threads of this crate that ever existed.
pub(crate) fn ours() -> u64 {
    OURS_EVER.load(Ordering::Relaxed)
}

/// Set for a thread that a fork has left in the parent.
const LEFT_BY_FORK: u64 = 1 << 36;

/// The operating system's id of a thread, and flags.
#[derive(Debug)]
pub(crate) struct ThreadFlags(AtomicU64);

impl ThreadFlags {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Initialises the flags for the calling thread, which begins to use the slot, or is the one that
    /// continues after a fork.
    pub(crate) fn begin(&self) {
        self.0.store(u64::from(os_id()), Ordering::Relaxed);
    }

    /// The slot is that of an agent, not of a thread of the operating system.
    pub(crate) fn mark_agent(&self) {
        self.0.store(AGENT, Ordering::Relaxed);
    }

    /// Whether it is that of an agent, not of a thread of the operating system.
    pub(crate) fn is_agent(&self) -> bool {
        self.0.load(Ordering::Relaxed) & AGENT != 0
    }

    /// Marks the thread as one of this crate's own.
    pub(crate) fn mark_ours(&self) {
        // Relaxed: a number for display.
        OURS_EVER.fetch_add(1, Ordering::Relaxed);
        self.0.fetch_or(OURS, Ordering::Relaxed);
    }

    /// Records that the thread begins, or ends, to wait for work.
    pub(crate) fn set_idle(&self, idle: bool) {
        if idle {
            self.0.fetch_or(IDLE, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!IDLE, Ordering::Relaxed);
        }
    }

    /// A scheduler controls the thread, or does so no longer.
    pub(crate) fn set_scheduled(&self, scheduled: bool) {
        // Relaxed: the thread itself reads it.
        if scheduled {
            self.0.fetch_or(SCHEDULED, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!SCHEDULED, Ordering::Relaxed);
        }
    }

    /// Whether a scheduler controls the thread.
    pub(crate) fn is_scheduled(&self) -> bool {
        self.0.load(Ordering::Relaxed) & SCHEDULED != 0
    }

    /// The waits and holds of the thread are timed, or are so no longer.
    pub(crate) fn set_timed(&self, timed: bool) {
        // Relaxed: the thread itself reads it.
        if timed {
            self.0.fetch_or(TIMED, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!TIMED, Ordering::Relaxed);
        }
    }

    /// Whether the waits and holds of the thread are timed.
    pub(crate) fn is_timed(&self) -> bool {
        self.0.load(Ordering::Relaxed) & TIMED != 0
    }

    /// Whether each acquisition of the thread is to miss the fast path.
    pub(crate) fn is_slow(&self) -> bool {
        self.0.load(Ordering::Relaxed) & (SCHEDULED | TIMED) != 0
    }

    /// The thread has come to its end and begins, or ends, to look after others.
    pub(crate) fn set_leaving(&self, leaving: bool) {
        // Release, and Acquire in `is_leaving`: a thread that sees the flag, after having asked the system
        // for the number of threads, knows that the flagged thread was counted.
        if leaving {
            self.0.fetch_or(LEAVING, Ordering::Release);
        } else {
            self.0.fetch_and(!LEAVING, Ordering::Release);
        }
    }

    /// Marks the thread as left in the parent by a fork.
    pub(crate) fn mark_left_by_fork(&self) {
        self.0.fetch_or(LEFT_BY_FORK, Ordering::Relaxed);
    }

    pub(crate) fn is_left_by_fork(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LEFT_BY_FORK != 0
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.0.load(Ordering::Acquire) & LEAVING != 0
    }

    /// Returns the id that the operating system gave the thread, where it is known.
    pub(crate) fn os_id(&self) -> Option<u32> {
        Some(self.0.load(Ordering::Relaxed) as u32).filter(|id| *id != 0)
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.0.load(Ordering::Relaxed) & OURS != 0
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.0.load(Ordering::Relaxed) & IDLE != 0
    }
}

/// Returns the operating system's id of the calling thread; zero where it is not read.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)]
pub(crate) fn os_id() -> u32 {
    // SAFETY: the call takes no arguments and cannot fail.
    unsafe { libc::gettid() }.cast_unsigned()
}

/// Returns zero: the operating system's id is not read on this system.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn os_id() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reused_slot_has_no_flags() {
        let life = ThreadFlags::new();
        life.begin();
        life.mark_ours();
        life.set_idle(true);
        assert!(life.is_ours() && life.is_idle());
        life.set_idle(false);
        assert!(life.is_ours() && !life.is_idle());
        life.begin();
        assert!(!life.is_ours());
        assert_eq!(life.os_id().unwrap_or(0), os_id());
    }
}
