//! Membership of threads in a check session of `testing`.

use crate::tracking::process::pending_spawns;
use crate::tracking::thread::current;
use crate::watchdog::startup::attach;

/// Check session that a thread belongs to, passed to a thread that it spawns.
///
/// From its creation until the spawned thread has entered it, the session counts a pending spawn.
#[derive(Debug)]
pub struct CheckMembership(u64);

impl CheckMembership {
    /// Returns the membership of the calling thread, or of the agent that it acts as, which is about to spawn a thread.
    pub fn here() -> Self {
        Self::of(current::scope())
    }

    /// Returns the membership of the check session with this number.
    pub fn of(number: u64) -> Self {
        if number != 0 {
            pending_spawns::add(number);
        }
        Self(number)
    }

    /// Makes the calling thread, which has just begun, a member of the session.
    pub fn enter(self) {
        // Number 0 stands for the process: every thread is a member of it without an entry.
        if self.0 != 0
            && let Some(slot) = attach()
        {
            slot.set_check_id(self.0);
        }
        // The drop of `self` ends the pending spawn; by now the slot of the thread names its
        // session.
    }
}

impl Drop for CheckMembership {
    fn drop(&mut self) {
        if self.0 != 0 {
            pending_spawns::remove(self.0);
        }
    }
}
