//! The check of `testing` that threads belong to.

use crate::detector;
use crate::tracking::process::pending_spawns;
use crate::tracking::thread::current;

/// The check that a thread belongs to, on its way to a thread that it starts.
///
/// As long as it is on its way, that thread is expected.
#[derive(Debug)]
pub(crate) struct CheckMembership(u64);

impl CheckMembership {
    /// That of the calling thread, which is about to start another.
    pub(crate) fn here() -> Self {
        Self::of(current::own().check_id())
    }

    /// That of the check with this number.
    pub(crate) fn of(number: u64) -> Self {
        if number != 0 {
            pending_spawns::add(number);
        }
        Self(number)
    }

    /// The calling thread, which has just begun, belongs to it.
    pub(crate) fn enter(self) {
        // Who belongs to the process does already.
        if self.0 != 0
            && let Some(slot) = detector::attach()
        {
            slot.set_check_id(self.0);
        }
        // Dropped, and the thread not expected any more, when its slot says where it belongs.
    }
}

impl Drop for CheckMembership {
    fn drop(&mut self) {
        if self.0 != 0 {
            pending_spawns::remove(self.0);
        }
    }
}
