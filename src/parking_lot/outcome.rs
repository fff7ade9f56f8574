//! Construction of the result of a timed wait.
//!
//! `WaitTimeoutResult` has no constructor: only a condition variable of `lock_api` returns one. The
//! condition variable in this module returns at once, with a given result.

#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use ::parking_lot::{Mutex, RawMutex, WaitTimeoutResult};

type Guard = <RawMutex as lock_api::RawMutex>::Guard;

/// Returns the result of a wait that has timed out, or has not.
#[inline]
pub(super) fn outcome(timed_out: bool) -> WaitTimeoutResult {
    let mutex = Mutex::new(());
    let mut guard = mutex.lock();
    if timed_out {
        lock_api::Condvar::<Answer<true>>::new().wait_for(&mut guard, Duration::ZERO)
    } else {
        lock_api::Condvar::<Answer<false>>::new().wait_for(&mut guard, Duration::ZERO)
    }
}

/// Raw condition variable whose waits end at once, by a timeout or spuriously.
struct Answer<const TIMED_OUT: bool>;

// SAFETY: a wait may end spuriously, and these do so before they have released the mutex, which a
// single thread cannot distinguish from a release and a new acquisition.
unsafe impl<const TIMED_OUT: bool> lock_api::RawCondvar for Answer<TIMED_OUT> {
    const INIT: Self = Self;

    type RawMutex = RawMutex;

    unsafe fn wait(&self, _mutex: &RawMutex, _: &mut Guard) {}

    fn notify_one(&self) -> bool {
        false
    }

    fn notify_all(&self) -> usize {
        0
    }
}

// SAFETY: as for `RawCondvar` above; the only wait is for no time at all.
unsafe impl<const TIMED_OUT: bool> lock_api::RawCondvarTimed for Answer<TIMED_OUT> {
    fn checked_duration_to_instant(_: &Duration) -> Option<Instant> {
        None
    }

    unsafe fn wait_until(&self, _mutex: &RawMutex, _: &mut Guard, _: &Instant) -> bool {
        TIMED_OUT
    }

    #[inline]
    unsafe fn wait_for(&self, _mutex: &RawMutex, _: &mut Guard, _: &Duration) -> bool {
        TIMED_OUT
    }
}
