//! Locks of statics that the child of a fork finds free.
//!
//! A fork copies the memory and one thread. A lock that another thread held stays locked in the child; so
//! [`hold`] takes all of them before the fork, and [`release`] releases them in parent and child. That is not
//! enough where waiting threads are queued in memory, as in `parking_lot`: those of the parent stay queued in
//! the child, and a lock that is handed to one of them is lost. So the lock is the standard library's, which
//! on systems with a futex keeps nothing of its waiters in memory.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{self, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::tracking::thread::section::Inside;

/// A mutex in a static. The code that runs under it is this crate's alone, and does not fork.
#[derive(Debug)]
pub(crate) struct ForkSafe<T>(Mutex<T>);

impl<T> ForkSafe<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        // First the section, as for `tracking::Mutex`.
        let inside = Inside::enter();
        Guard {
            // The data is consistent after each step of a change under the lock.
            data: self.0.lock().unwrap_or_else(PoisonError::into_inner),
            _inside: inside,
        }
    }
}

/// The data of a [`ForkSafe`], and the section of the detector that accesses it.
#[derive(Debug)]
pub(crate) struct Guard<'a, T> {
    data: sync::MutexGuard<'a, T>,
    _inside: Inside,
}

impl<'a, T> Guard<'a, T> {
    /// Waits for a notification.
    pub(crate) fn wait(self, changed: &Condvar) -> Guard<'a, T> {
        Guard {
            data: changed
                .wait(self.data)
                .unwrap_or_else(PoisonError::into_inner),
            _inside: self._inside,
        }
    }

    /// Waits for a notification, for at most `limit`; returns whether the time ran out.
    pub(crate) fn wait_timeout(self, changed: &Condvar, limit: Duration) -> (Guard<'a, T>, bool) {
        let (data, result) = changed
            .wait_timeout(self.data, limit)
            .unwrap_or_else(PoisonError::into_inner);
        let woken = Guard {
            data,
            _inside: self._inside,
        };
        (woken, result.timed_out())
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

/// Any [`ForkSafe`].
pub(crate) trait Stands: Sync {
    fn hold(&'static self) -> Box<dyn Held>;
}

/// A guard, whatever it guards.
pub(crate) trait Held {}

impl<T> Held for Guard<'_, T> {}

impl<T: Send> Stands for ForkSafe<T> {
    fn hold(&'static self) -> Box<dyn Held> {
        Box::new(self.lock())
    }
}

thread_local! {
    /// The guards that the forking thread holds, from before the fork until after it.
    static HELD: RefCell<Vec<Box<dyn Held>>> = const { RefCell::new(Vec::new()) };
}

/// Takes locks until [`release`]; in an order in which one may be taken under another.
pub(crate) fn hold(locks: &[&'static dyn Stands]) {
    // A thread that forks while its thread-locals are destroyed cannot store guards: the locks are taken and
    // released, and the child may find one locked.
    for lock in locks {
        let guard = lock.hold();
        let _ = HELD.try_with(|held| held.borrow_mut().push(guard));
    }
}

/// Releases all of them.
pub(crate) fn release() {
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        while held.pop().is_some() {}
    });
}
