//! What a slot says of its thread beside what that holds and waits for.

use std::sync::atomic::{AtomicU64, Ordering};

/// Set for a thread of this crate: it can wake nobody of the program.
const OURS: u64 = 1 << 33;
/// Set while the thread waits for work, and is in no hurry to get any.
const IDLE: u64 = 1 << 34;
/// Set while the thread, which has ended as far as the program goes, looks after those that it leaves
/// behind.
const LEAVING: u64 = 1 << 35;

/// Set for an agent that is no thread: a task, which threads poll.
const AGENT: u64 = 1 << 36;
/// How many threads of this crate there ever were.
static OURS_EVER: AtomicU64 = AtomicU64::new(0);

/// How many threads of this crate there ever were.
pub(crate) fn ours() -> u64 {
    OURS_EVER.load(Ordering::Relaxed)
}

/// Set for a thread that a fork has left behind in the parent.
const LEFT_BY_FORK: u64 = 1 << 36;

/// The operating system's id of a thread, and marks.
#[derive(Debug)]
pub(crate) struct ThreadFlags(AtomicU64);

impl ThreadFlags {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The calling thread begins to use the slot, or is the one that goes on after a fork.
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

    /// The thread is one of this crate's own.
    pub(crate) fn mark_ours(&self) {
        // Relaxed: a number that is only told.
        OURS_EVER.fetch_add(1, Ordering::Relaxed);
        self.0.fetch_or(OURS, Ordering::Relaxed);
    }

    /// The thread begins, or ends, to wait for work.
    pub(crate) fn set_idle(&self, idle: bool) {
        if idle {
            self.0.fetch_or(IDLE, Ordering::Relaxed);
        } else {
            self.0.fetch_and(!IDLE, Ordering::Relaxed);
        }
    }

    /// The thread has come to its end and begins, or ends, to look after others.
    pub(crate) fn set_leaving(&self, leaving: bool) {
        // Release, and Acquire in `is_leaving`: who sees that the thread still looks, after having
        // asked the system for the number of threads, knows that it was among them.
        if leaving {
            self.0.fetch_or(LEAVING, Ordering::Release);
        } else {
            self.0.fetch_and(!LEAVING, Ordering::Release);
        }
    }

    /// A fork has left the thread behind in the parent.
    pub(crate) fn mark_left_by_fork(&self) {
        self.0.fetch_or(LEFT_BY_FORK, Ordering::Relaxed);
    }

    pub(crate) fn is_left_by_fork(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LEFT_BY_FORK != 0
    }

    pub(crate) fn is_leaving(&self) -> bool {
        self.0.load(Ordering::Acquire) & LEAVING != 0
    }

    /// The id that the operating system gave the thread, where that is known.
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

/// The operating system's id of the calling thread; zero where that is not asked for.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[allow(unsafe_code)]
pub(crate) fn os_id() -> u32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::gettid() }.cast_unsigned()
}

/// The operating system's id of the calling thread; zero where that is not asked for.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn os_id() -> u32 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_that_is_used_again_has_no_marks() {
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
