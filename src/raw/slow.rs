//! The slow ways of acquisition: those that wait, and those whose record is not a known one.

#![allow(unsafe_code)]

use std::time::{Duration, Instant};

use super::bare::{Bare, record_fresh};
use super::in_turn;
use crate::instrument::{AcquireKind, Hold, Scheduled, Site};

/// Acquires a lock whose bare one is not free.
#[cold]
#[inline(never)]
pub(super) fn lock(lock: &dyn Bare, site: Site) -> Hold {
    if let Some(turn) = Scheduled::here() {
        return in_turn::lock(lock, &turn, false, site);
    }
    let retry = || lock.attempt();
    let attempt = lock
        .record()
        .attempt_with_retry(retry, lock.mode(), AcquireKind::Blocking, site);
    if !attempt.is_granted() {
        lock.block();
    }
    attempt.acquired()
}

/// Acquires again a lock that the same call has released, and whose bare lock is not free.
#[cold]
#[inline(never)]
pub(super) fn relock(lock: &dyn Bare, site: Site) -> Hold {
    if let Some(turn) = Scheduled::here() {
        return in_turn::lock(lock, &turn, true, site);
    }
    let attempt = lock
        .record()
        .attempt_reacquire(lock.mode(), AcquireKind::Blocking, site);
    lock.block();
    attempt.acquired()
}

/// Returns the deadline of a wait of at most `timeout`; `None` if it cannot be represented.
#[inline]
pub(super) fn deadline(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// Acquires a lock whose bare one is not free, unless the deadline comes first.
#[cold]
#[inline(never)]
pub(super) fn lock_until(lock: &dyn Bare, deadline: Option<Instant>, site: Site) -> Option<Hold> {
    // A deadline that cannot be represented is never reached: the wait is unbounded.
    let Some(deadline) = deadline else {
        return Some(self::lock(lock, site));
    };
    if let Some(turn) = Scheduled::here() {
        return in_turn::try_lock(lock, &turn, AcquireKind::Timed, site);
    }
    let attempt = lock.record().attempt(lock.mode(), AcquireKind::Timed, site);
    lock.block_until(deadline).then(|| attempt.acquired())
}

/// Makes a failed try of a thread of an exploration anew, at the turn of the thread.
#[cold]
#[inline(never)]
pub(super) fn try_lock(lock: &dyn Bare, site: Site) -> Option<Hold> {
    in_turn::try_lock(lock, &Scheduled::here()?, AcquireKind::Try, site)
}

/// Records an acquisition of the bare lock that may add an edge.
///
/// # Safety
///
/// The bare lock was acquired in this mode, and that is not recorded.
#[inline(never)]
pub(super) unsafe fn record_unknown(lock: &dyn Bare, site: Site) -> Hold {
    let (known, mode) = (lock.record(), lock.mode());
    if let Some(hold) = known.acquired_alone(mode, site) {
        return hold;
    }
    if let Some(hold) = known.acquired_at_hand(mode, site) {
        return hold;
    }
    match known.acquired_remembered(mode, site) {
        Some(hold) => hold,
        // SAFETY: the caller's promise.
        None => unsafe { record(lock, site) },
    }
}

/// Records an acquisition of the bare lock, if the fast paths did not.
///
/// # Safety
///
/// The bare lock was acquired in this mode, and that is not recorded.
#[cold]
#[inline(never)]
pub(super) unsafe fn record(lock: &dyn Bare, site: Site) -> Hold {
    if let Some(turn) = Scheduled::here() {
        // SAFETY: the caller's promise.
        unsafe { lock.release() };
        return in_turn::lock(lock, &turn, false, site);
    }
    // SAFETY: the caller's promise.
    unsafe { record_fresh(lock, site) }
}

/// Records that the bare lock is acquired again.
///
/// # Safety
///
/// The bare lock was acquired in this mode, and that is not recorded.
#[cold]
#[inline(never)]
pub(super) unsafe fn record_again(lock: &dyn Bare, site: Site) -> Hold {
    if let Some(turn) = Scheduled::here() {
        // SAFETY: the caller's promise.
        unsafe { lock.release() };
        return in_turn::lock(lock, &turn, true, site);
    }
    lock.record().reacquired(lock.mode(), site)
}

/// Records an acquisition of the bare lock by a try or with a limit, if the fast path did not.
///
/// # Safety
///
/// The bare lock was acquired in this mode, and that is not recorded.
#[cold]
#[inline(never)]
pub(super) unsafe fn record_try(lock: &dyn Bare, kind: AcquireKind, site: Site) -> Option<Hold> {
    if let Some(turn) = Scheduled::here() {
        // SAFETY: the caller's promise.
        unsafe { lock.release() };
        return in_turn::try_lock(lock, &turn, kind, site);
    }
    Some(lock.record().acquired(lock.mode(), kind, site))
}
