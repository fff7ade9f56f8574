//! Poisoning: how a panic under a lock becomes known to whoever takes the lock next.
//!
//! The rules are those of `std::sync`. A lock is poisoned when a guard that was made while its
//! thread was not panicking is dropped while it is. A guard made during a panic (in a destructor
//! that runs while the thread unwinds) leaves the lock as it was: the data was damaged, if at
//! all, before this guard came to be.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LockResult, PoisonError};
use std::thread;

/// Whether a thread has panicked under the lock that this flag stands beside.
///
/// Every access is relaxed. Under the lock, the flag is ordered by the lock itself: it is
/// written before the release and read after the acquire of the next holder, so that whoever
/// takes the lock sees a panic of any earlier holder. [`get`](Self::get) and
/// [`clear`](Self::clear) outside the lock are no more than a look at what is known now.
#[derive(Debug)]
pub(super) struct Flag(AtomicBool);

impl Flag {
    #[inline]
    pub(super) const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    #[inline]
    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// Hands out what was locked, as an error if the lock is poisoned.
    #[inline]
    pub(super) fn wrap<T>(&self, locked: T) -> LockResult<T> {
        if self.get() {
            Err(PoisonError::new(locked))
        } else {
            Ok(locked)
        }
    }

    /// Begins to watch for a panic of this thread. To be called right after the acquisition.
    #[inline]
    pub(super) fn watch(&self) -> Watch<'_> {
        Watch {
            flag: self,
            was_panicking: thread::panicking(),
        }
    }
}

/// Poisons its flag when it is dropped by a panic that began after it was made.
///
/// It must be dropped before the lock is released: otherwise the next holder could miss the
/// panic. In a guard it is therefore the field that is declared first.
#[derive(Debug)]
pub(super) struct Watch<'a> {
    flag: &'a Flag,
    was_panicking: bool,
}

impl<'a> Watch<'a> {
    /// The flag that is watched.
    #[inline]
    pub(super) fn flag(&self) -> &'a Flag {
        self.flag
    }

    /// Ends the watch without a look: what was held alone is so no more.
    #[inline]
    pub(super) fn dismiss(self) {
        mem::forget(self);
    }
}

impl Drop for Watch<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.was_panicking && thread::panicking() {
            self.flag.0.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn a_watch_that_ends_quietly_leaves_the_flag_alone() {
        let flag = Flag::new();
        drop(flag.watch());
        assert!(!flag.get());
        assert!(flag.wrap(()).is_ok());
    }

    #[test]
    fn a_panic_under_a_watch_sets_the_flag_until_it_is_cleared() {
        let flag = Flag::new();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _watch = flag.watch();
            panic!("under the watch");
        }));
        assert!(flag.get());
        assert_eq!(flag.wrap(7).unwrap_err().into_inner(), 7);
        flag.clear();
        assert!(!flag.get());
    }

    #[test]
    fn a_watch_that_begins_during_a_panic_leaves_the_flag_alone() {
        struct WatchOnDrop<'a>(&'a Flag);
        impl Drop for WatchOnDrop<'_> {
            fn drop(&mut self) {
                drop(self.0.watch());
            }
        }
        let flag = Flag::new();
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _late = WatchOnDrop(&flag);
            panic!("before the watch");
        }));
        assert!(!flag.get());
    }
}
