//! Holds that a task is listed with, and whose guards it may have sent away.
//!
//! The list of what a task holds keeps a guard until that is dropped, wherever it is by then. What the task acquires after
//! it has given away something that could own the guard is not acquired under it, as far as is known: so it makes no order,
//! until the guard is dropped. This is so for guards that own their lock alone: a guard of a static can be sent too, but most
//! are kept until the end of a function, and all orders of what that spawns something and locks would be lost.
//! Which holds are of such guards is known of a lock, not of a hold, so that an acquisition is not
//! slowed down: a loose guard that borrows its lock counts as an owned one if the lock has had an owned guard before.

use std::sync::atomic::{AtomicBool, Ordering};

use lockwarden::instrument::{self, LockId};
use parking_lot::Mutex;

use super::mark::Loose;

/// The locks of a task whose guards may be elsewhere, though it is listed with them.
#[derive(Debug, Default)]
pub(super) struct Sent {
    locks: Mutex<Vec<LockId>>,
    /// Whether there are any.
    is_any: AtomicBool,
}

impl Sent {
    /// The task, which the calling thread acts as, gives away something that could own a guard.
    pub(super) fn note(&self) {
        if instrument::held_count() != 0 {
            self.note_held();
        }
    }

    #[cold]
    fn note_held(&self) {
        let locks = Loose::owned(held);
        // Relaxed, here and below: one thread at a time acts as the task.
        self.is_any.store(!locks.is_empty(), Ordering::Relaxed);
        *self.locks.lock() = locks;
    }

    /// Whether the guards of some may be elsewhere.
    #[inline]
    pub(super) fn is_any(&self) -> bool {
        self.is_any.load(Ordering::Relaxed)
    }

    /// Whether one of the guards is not known to be dropped by now. The calling thread acts as the task.
    pub(super) fn holds(&self) -> bool {
        self.is_any() && self.still_holds()
    }

    #[cold]
    fn still_holds(&self) -> bool {
        let held = held();
        let mut locks = self.locks.lock();
        locks.retain(|lock| held.contains(lock));
        self.is_any.store(!locks.is_empty(), Ordering::Relaxed);
        !locks.is_empty()
    }
}

/// The locks whose guards can be sent that the calling thread, or the task that it acts as, is listed with.
fn held() -> Vec<LockId> {
    instrument::held_by_caller()
        .into_iter()
        .filter(|(_, _, is_sendable)| *is_sendable)
        .map(|(lock, ..)| lock.id)
        .collect()
}
