//! Locks of statics that the child of a fork finds free.
//!
//! A fork copies the memory and one thread. A lock that another thread held stays taken in the
//! child; so [`hold`] takes them all before the fork, and [`release`] lets them go in parent and
//! child. That is not enough where waiters stand in a queue, as `parking_lot`'s do: those of the
//! parent stay queued in the child, and a lock that is handed to one of them is lost. So the lock is
//! the standard library's, which on systems with a futex leaves nothing of its waiters in memory.

use std::cell::RefCell;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A mutex in a static. What is done under it runs no code but this crate's, and does not fork.
#[derive(Debug)]
pub(crate) struct ForkSafe<T>(Mutex<T>);

impl<T> ForkSafe<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // Whatever is changed under it is whole after each step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Any [`ForkSafe`].
pub(crate) trait Stands: Sync {
    fn hold(&'static self) -> Box<dyn Held>;
}

/// A guard, whatever it guards.
pub(crate) trait Held {}

impl<T> Held for MutexGuard<'_, T> {}

impl<T: Send> Stands for ForkSafe<T> {
    fn hold(&'static self) -> Box<dyn Held> {
        Box::new(self.lock())
    }
}

thread_local! {
    /// What the thread that forks holds, from before the fork until after it.
    static HELD: RefCell<Vec<Box<dyn Held>>> = const { RefCell::new(Vec::new()) };
}

/// Takes locks until [`release`]; in an order in which one may be taken under another.
pub(crate) fn hold(locks: &[&'static dyn Stands]) {
    // A thread that forks while its thread-locals are destroyed has no place to keep guards: the
    // locks are taken and let go, and the child takes its chance.
    for lock in locks {
        let guard = lock.hold();
        let _ = HELD.try_with(|held| held.borrow_mut().push(guard));
    }
}

/// Lets them all go.
pub(crate) fn release() {
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        while held.pop().is_some() {}
    });
}
