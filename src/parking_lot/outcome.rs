//! Construction of the result of a timed wait.
//!
//! `WaitTimeoutResult` has no constructor: only a condition variable of `lock_api` returns one. The
//! condition variable in this module returns at once, with a given result. Optimised code contains
//! nothing of it.

#![allow(unsafe_code)]

use std::cell::Cell;

use lock_api::{Mutex, WaitTimeoutResult};

/// Returns the result of a wait that has timed out, or has not.
#[inline]
pub(super) fn outcome(timed_out: bool) -> WaitTimeoutResult {
    let mutex = Mutex::<Own, ()>::new(());
    let mut guard = mutex.lock();
    if timed_out {
        lock_api::Condvar::<Answer<true>>::new().wait_until(&mut guard, ())
    } else {
        lock_api::Condvar::<Answer<false>>::new().wait_until(&mut guard, ())
    }
}

/// Raw mutex of one thread, which cannot be shared.
struct Own(Cell<bool>);

// SAFETY: the type is not `Sync`, so all calls come from one thread at a time, and `lock` does not
// return while the mutex is held.
unsafe impl lock_api::RawMutex for Own {
    #[allow(clippy::declare_interior_mutable_const)]
    const INIT: Self = Self(Cell::new(false));

    type Guard = ();

    #[inline]
    fn lock(&self) {
        assert!(
            !self.0.replace(true),
            "a second lock by the only thread would never end"
        );
    }

    #[inline]
    fn try_lock(&self) -> Option<()> {
        (!self.0.replace(true)).then_some(())
    }

    #[inline]
    unsafe fn unlock(&self, (): ()) {
        self.0.set(false);
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.0.get()
    }
}

// SAFETY: as for `RawMutex` above; with one thread, a longer wait changes nothing.
unsafe impl lock_api::RawMutexTimed for Own {
    type Duration = ();
    type Instant = ();

    #[inline]
    fn try_lock_for(&self, (): ()) -> Option<()> {
        lock_api::RawMutex::try_lock(self)
    }

    #[inline]
    fn try_lock_until(&self, (): ()) -> Option<()> {
        lock_api::RawMutex::try_lock(self)
    }
}

/// Raw condition variable whose waits end at once, by a timeout or spuriously.
struct Answer<const TIMED_OUT: bool>;

// SAFETY: a wait may end spuriously, and these do so before they have released the mutex, which a
// single thread cannot distinguish from a release and a new acquisition.
unsafe impl<const TIMED_OUT: bool> lock_api::RawCondvar for Answer<TIMED_OUT> {
    const INIT: Self = Self;

    type RawMutex = Own;

    #[inline]
    unsafe fn wait(&self, _mutex: &Own, (): &mut ()) {}

    #[inline]
    fn notify_one(&self) -> bool {
        false
    }

    #[inline]
    fn notify_all(&self) -> usize {
        0
    }
}

// SAFETY: as for `RawCondvar` above; there is only one instant, `()`, so none is later.
unsafe impl<const TIMED_OUT: bool> lock_api::RawCondvarTimed for Answer<TIMED_OUT> {
    #[inline]
    fn checked_duration_to_instant((): &()) -> Option<()> {
        Some(())
    }

    #[inline]
    unsafe fn wait_until(&self, _mutex: &Own, (): &mut (), (): &()) -> bool {
        TIMED_OUT
    }
}

#[cfg(test)]
mod tests {
    use super::outcome;

    #[test]
    fn an_outcome_says_what_it_was_made_of() {
        assert!(outcome(true).timed_out());
        assert!(!outcome(false).timed_out());
    }
}
