//! Locks of statics that the child of a fork finds free, and of the data that threads of the library wait for.
//!
//! A fork copies the memory and one thread. A lock that another thread held stays locked in the child; so
//! [`hold`] takes all of them before the fork, and [`release`] releases them in parent and child. That is not
//! enough where waiting threads are queued in memory, as in `parking_lot`: those of the parent stay queued in
//! the child, and a lock that is handed to one of them is lost. So the lock is the standard library's, which
//! on systems with a futex keeps nothing of its waiters in memory.

#![allow(unsafe_code)]

#[cfg(unix)]
use std::cell::RefCell;
use std::cell::UnsafeCell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::tracking::thread::section::Inside;

/// A mutex, mostly in a static. The code that runs under it is this crate's alone, and does not fork.
pub(crate) struct ForkSafe<T> {
    lock: StaticLock,
    data: UnsafeCell<T>,
}

// SAFETY: the data is accessed through a `Guard`, which has the lock.
unsafe impl<T: Send> Sync for ForkSafe<T> {}

impl<T> ForkSafe<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self {
            lock: StaticLock(Mutex::new(())),
            data: UnsafeCell::new(value),
        }
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        Guard {
            locked: self.lock.lock(),
            data: &self.data,
        }
    }

    /// Returns the lock, whatever it guards.
    #[cfg(unix)]
    pub(crate) const fn as_lock(&self) -> &StaticLock {
        &self.lock
    }
}

impl<T> fmt::Debug for ForkSafe<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForkSafe")
    }
}

/// The data of a [`ForkSafe`], and its lock.
pub(crate) struct Guard<'a, T> {
    locked: Locked<'a>,
    data: &'a UnsafeCell<T>,
}

impl<T> Guard<'_, T> {
    /// Waits for a notification.
    pub(crate) fn wait(mut self, changed: &Condvar) -> Self {
        self.locked = self.locked.wait(changed);
        self
    }

    /// Waits for a notification, for at most `limit`; returns whether the time ran out.
    pub(crate) fn wait_timeout(mut self, changed: &Condvar, limit: Duration) -> (Self, bool) {
        let (locked, timed_out) = self.locked.wait_timeout(changed, limit);
        self.locked = locked;
        (self, timed_out)
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the guard has the lock, and lends the data for as long as it is borrowed itself.
        unsafe { &*self.data.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.data.get() }
    }
}

/// The lock of a [`ForkSafe`], apart from its data: one type for all, so that it is compiled once.
pub(crate) struct StaticLock(Mutex<()>);

/// A locked [`StaticLock`], and the section of the detector that has locked it.
struct Locked<'a> {
    guard: MutexGuard<'a, ()>,
    _inside: Inside,
}

impl StaticLock {
    fn lock(&self) -> Locked<'_> {
        // First the section, as for `tracking::Mutex`.
        let inside = Inside::enter();
        Locked {
            // The data is consistent after each step of a change under the lock.
            guard: self.0.lock().unwrap_or_else(PoisonError::into_inner),
            _inside: inside,
        }
    }
}

impl Locked<'_> {
    fn wait(mut self, changed: &Condvar) -> Self {
        let woken = changed.wait(self.guard);
        self.guard = woken.unwrap_or_else(PoisonError::into_inner);
        self
    }

    fn wait_timeout(mut self, changed: &Condvar, limit: Duration) -> (Self, bool) {
        let woken = changed.wait_timeout(self.guard, limit);
        let (guard, result) = woken.unwrap_or_else(PoisonError::into_inner);
        self.guard = guard;
        (self, result.timed_out())
    }
}

#[cfg(unix)]
thread_local! {
    /// The locks that the forking thread holds, from before the fork until after it.
    static HELD: RefCell<Vec<Locked<'static>>> = const { RefCell::new(Vec::new()) };
}

/// Takes locks until [`release`]; in an order in which one may be taken under another.
#[cfg(unix)]
pub(crate) fn hold(locks: &[&'static StaticLock]) {
    // A thread that forks while its thread-locals are destroyed cannot store guards: the locks are taken and
    // released, and the child may find one locked.
    for lock in locks {
        let locked = lock.lock();
        let _ = HELD.try_with(|held| held.borrow_mut().push(locked));
    }
}

/// Releases all of them.
#[cfg(unix)]
pub(crate) fn release() {
    let _ = HELD.try_with(|held| {
        let mut held = held.borrow_mut();
        while held.pop().is_some() {}
    });
}
