//! The flags of a thread, beside its lockset and its wait.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A flag, by its bit above the operating system's id.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(crate) enum Flag {
    /// Set for a thread of this crate: it ends no wait of the program.
    Ours = 33,
    /// Set while the thread is idle: it waits for work, and a long wait is no stall.
    Idle,
    /// Set while the thread, which has ended as far as the program is concerned, checks the waits of
    /// remaining threads.
    Leaving,
    /// Set while a scheduler decides when the thread runs: its acquisitions then miss the fast path.
    Scheduled,
    /// Set for an agent that is no thread: a task, which threads poll.
    Agent,
    /// Set for a thread that a fork has left in the parent.
    LeftByFork,
    /// Set while the waits and holds of the thread are timed: its acquisitions then miss the fast path, too.
    Timed,
    /// Set for a thread that `lockwarden::thread` has started: what it owns at first was given to it there.
    Started,
    /// Set once the thread has been parked or has waited at a condition variable: what it was woken for may have been
    /// given to it in memory that is not watched.
    Woken,
    /// Set once it has been found out whether the thread runs a test of libtest.
    AskedForTest,
    /// Set for a thread in which libtest runs a test.
    RunsTest,
}

impl Flag {
    const fn mask(self) -> u64 {
        1 << self as u32
    }
}

/// The number of threads of this crate that ever had a number of the program's threads.
static OURS_EVER: AtomicU64 = AtomicU64::new(0);

/// Returns the number of threads of this crate that ever had a number of the program's threads.
pub(crate) fn ours() -> u64 {
    OURS_EVER.load(Ordering::Relaxed)
}

/// What the operating system and the library of C know a thread by, and flags.
#[derive(Debug)]
pub(crate) struct ThreadFlags {
    /// The id in the lower half, the flags above.
    word: AtomicU64,
    /// The address of the descriptor that the library of C keeps for the thread; zero where it is not read.
    descriptor: AtomicUsize,
}

impl ThreadFlags {
    pub(super) const fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            descriptor: AtomicUsize::new(0),
        }
    }

    /// Initialises the flags for the calling thread, which begins to use the slot, or is the one that
    /// continues after a fork.
    pub(crate) fn begin(&self) {
        // Relaxed: another thread that reads them looks at a thread that sleeps, and finds what it sleeps for in one of the
        // two by the other.
        self.word.store(u64::from(os_id()), Ordering::Relaxed);
        self.descriptor.store(descriptor(), Ordering::Relaxed);
    }

    /// The slot is that of an agent, not of a thread of the operating system.
    pub(crate) fn mark_agent(&self) {
        self.descriptor.store(0, Ordering::Relaxed);
        self.word.store(Flag::Agent.mask(), Ordering::Relaxed);
    }

    /// Marks the thread as one of this crate's own, which has a number of the program's threads.
    pub(crate) fn mark_ours(&self) {
        // Relaxed: a number for display.
        OURS_EVER.fetch_add(1, Ordering::Relaxed);
        self.set(Flag::Ours, true);
    }

    /// Whether each acquisition of the thread is to miss the fast path.
    pub(crate) fn is_slow(&self) -> bool {
        self.word.load(Ordering::Relaxed) & (Flag::Scheduled.mask() | Flag::Timed.mask()) != 0
    }

    /// Records that the thread is about to be parked, or to wait at a condition variable.
    pub(crate) fn mark_woken(&self) {
        // Read first: a thread of a pool comes here often.
        if !self.has(Flag::Woken) {
            self.set(Flag::Woken, true);
        }
    }

    /// Returns whether `lockwarden::thread` has started the thread, and nothing has woken it but a message or the time.
    pub(super) fn receives_in_sight(&self) -> bool {
        // No order is needed: a thread that sleeps for its first time has been given nothing in that sleep yet, and what ends
        // the sleep comes after it in the order of the mutex or of the token of its park.
        self.has(Flag::Started) && !self.has(Flag::Woken)
    }

    /// Records whether the thread with this id of the operating system runs a test of libtest, unless the slot is that of
    /// another one by now.
    pub(crate) fn set_runs_test(&self, os_id: u32, runs_test: bool) {
        let runs = if runs_test { Flag::RunsTest.mask() } else { 0 };
        let flags = Flag::AskedForTest.mask() | runs;
        // Relaxed: the flags publish no other memory.
        let _ = self
            .word
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
                (word as u32 == os_id).then_some(word | flags)
            });
    }

    /// Sets the flag, or clears it.
    pub(crate) fn set(&self, flag: Flag, on: bool) {
        // Release for `Leaving`, with the Acquire in `has`: a thread that sees the flag, after having asked the
        // system for the number of threads, finds that the flagged thread was counted. The others publish nothing.
        if on {
            self.word.fetch_or(flag.mask(), Ordering::Release);
        } else {
            self.word.fetch_and(!flag.mask(), Ordering::Release);
        }
    }

    /// Returns whether the flag is set.
    pub(crate) fn has(&self, flag: Flag) -> bool {
        self.word.load(Ordering::Acquire) & flag.mask() != 0
    }

    /// Returns whether a sleep in a futex at `address`, which had this value, is that of `pthread_join` for this thread: glibc
    /// keeps the operating system's id of a thread in its descriptor, which the kernel sets to zero at the thread's end.
    pub(crate) fn is_joined_at(&self, address: usize, value: u32) -> bool {
        // The id is in the first part of the descriptor, and not the only futex of it.
        const PART: usize = 1024;
        let descriptor = self.descriptor.load(Ordering::Relaxed);
        let is_there = descriptor != 0 && (descriptor..descriptor + PART).contains(&address);
        is_there && self.os_id() == Some(value)
    }

    /// Returns the id that the operating system gave the thread, where it is known.
    pub(crate) fn os_id(&self) -> Option<u32> {
        Some(self.word.load(Ordering::Relaxed) as u32).filter(|id| *id != 0)
    }
}

/// Returns the address of the descriptor that the library of C keeps for the calling thread; zero where it is not read.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn descriptor() -> usize {
    // SAFETY: the call takes no arguments and cannot fail.
    unsafe { libc::pthread_self() as usize }
}

/// Returns zero: what the library of C keeps for a thread is not read on this system.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn descriptor() -> usize {
    0
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
        life.set(Flag::Idle, true);
        assert!(life.has(Flag::Ours) && life.has(Flag::Idle));
        life.set(Flag::Idle, false);
        assert!(life.has(Flag::Ours) && !life.has(Flag::Idle));
        life.set(Flag::Scheduled, true);
        assert!(life.has(Flag::Scheduled) && !life.has(Flag::LeftByFork) && !life.has(Flag::Agent));
        life.begin();
        assert!(!life.has(Flag::Ours));
        assert_eq!(life.os_id().unwrap_or(0), os_id());
    }

    #[test]
    fn what_was_found_out_about_a_thread_is_not_recorded_for_the_next_one_of_its_slot() {
        let life = ThreadFlags::new();
        life.begin();
        life.set_runs_test(os_id() + 1, true);
        assert!(!life.has(Flag::AskedForTest) && !life.has(Flag::RunsTest));
        life.set_runs_test(os_id(), true);
        assert!(life.has(Flag::AskedForTest) && life.has(Flag::RunsTest));
    }

    #[test]
    fn a_thread_under_a_scheduler_is_not_one_that_a_fork_left_behind() {
        let life = ThreadFlags::new();
        life.set(Flag::Scheduled, true);
        assert!(life.has(Flag::Scheduled) && !life.has(Flag::LeftByFork));
        life.set(Flag::LeftByFork, true);
        life.set(Flag::Scheduled, false);
        assert!(life.has(Flag::LeftByFork) && !life.has(Flag::Scheduled));
    }
}
