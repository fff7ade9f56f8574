//! Acquisitions by threads of an exploration, which wait for their turn and never block.
//!
//! A blocking acquisition is a point, a try, and further tries each time that another thread has done
//! something. One with a limit tries at its turn, and once more at a later one: between the two is all
//! that may happen before the limit.

#![allow(unsafe_code)]

use super::bare::{Bare, record_fresh};
use crate::instrument::FailedTry;
use crate::instrument::{AcquireKind, Hold, Mode, Scheduled, Site};

/// The address by which a scheduler identifies the lock.
fn address(lock: &dyn Bare) -> usize {
    std::ptr::from_ref(lock.record()).addr()
}

/// Notes that the lock was acquired, and goes on.
fn acquired(lock: &dyn Bare, turn: &Scheduled, site: Site) {
    let verb = match lock.mode() {
        Mode::Shared => "reads",
        _ => "takes",
    };
    turn.note_lock(verb, lock.record(), site);
    turn.acquired();
}

/// Acquires the lock. One that is acquired `again`, after a release by the same call, does not unwind.
#[cold]
pub(super) fn lock(lock: &dyn Bare, turn: &Scheduled, again: bool, site: Site) -> Hold {
    let record = lock.record();
    turn.point_before(record, lock.mode(), site);
    let hold = if !lock.attempt_in_turn(turn) {
        turn.note_wait(record, site);
        wait(lock, turn, again, site)
    } else if again {
        record.reacquired(lock.mode(), site)
    } else {
        // SAFETY: the attempt has acquired the bare lock.
        unsafe { record_fresh(lock, site) }
    };
    acquired(lock, turn, site);
    hold
}

fn wait(lock: &dyn Bare, turn: &Scheduled, again: bool, site: Site) -> Hold {
    let (record, mode) = (lock.record(), lock.mode());
    let attempt = if again {
        record.attempt_reacquire(mode, AcquireKind::Blocking, site)
    } else {
        let retry = || lock.attempt_in_turn(turn);
        record.attempt_with_retry(retry, mode, AcquireKind::Blocking, site)
    };
    let mut drain = None;
    let mut granted = attempt.is_granted();
    while !granted {
        let mut failed = FailedTry::Unseen;
        if drain.is_none() && lock.drains(turn) {
            drain = Some(turn.drain(address(lock)));
            failed = FailedTry::Seen;
        }
        if turn.wait(failed, !again) {
            granted = lock.attempt_in_turn(turn);
        } else {
            // The scheduler controls nothing any more.
            lock.block();
            break;
        }
    }
    drop(drain);
    attempt.acquired()
}

/// Acquires the lock without a wait, or with a limit, as `kind` says.
pub(super) fn try_lock(
    lock: &dyn Bare,
    turn: &Scheduled,
    kind: AcquireKind,
    site: Site,
) -> Option<Hold> {
    turn.note_try();
    match kind {
        AcquireKind::Timed => timed(lock, turn, site),
        _ => tried(lock, turn, site),
    }
}

/// Acquires the lock unless its limit is over first.
fn timed(lock: &dyn Bare, turn: &Scheduled, site: Site) -> Option<Hold> {
    let (record, mode) = (lock.record(), lock.mode());
    turn.point();
    let hold = if lock.attempt_in_turn(turn) {
        record.acquired(mode, AcquireKind::Timed, site)
    } else {
        let attempt = record.attempt(mode, AcquireKind::Timed, site);
        let drain = lock.drains(turn).then(|| turn.drain(address(lock)));
        turn.lapse();
        if !lock.attempt_in_turn(turn) {
            return None;
        }
        drop(drain);
        attempt.acquired()
    };
    acquired(lock, turn, site);
    Some(hold)
}

/// Acquires the lock if that is possible at this turn.
fn tried(lock: &dyn Bare, turn: &Scheduled, site: Site) -> Option<Hold> {
    let record = lock.record();
    turn.point_of_try(record);
    turn.note_lock("tries", record, site);
    if !lock.attempt_in_turn(turn) {
        return None;
    }
    let hold = record.acquired(lock.mode(), AcquireKind::Try, site);
    turn.acquired();
    Some(hold)
}
