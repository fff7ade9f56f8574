//! What the slow ways of acquisition need of a raw lock in one mode: they exist once for all of them.

#![allow(unsafe_code)]

use std::ptr;
use std::time::{Duration, Instant};

use super::defer::Defer;
use crate::instrument;
use crate::instrument::{AcquireKind, Hold, Lock, Mode, Scheduled, Site};

/// A bare lock, as it is acquired and released in one mode, beside its record.
pub(super) trait Bare {
    fn record(&self) -> &Lock;

    fn mode(&self) -> Mode;

    /// Acquires the bare lock if that is possible without waiting.
    fn attempt(&self) -> bool;

    /// Acquires the bare lock.
    fn block(&self);

    /// Acquires the bare lock, unless `timeout` passes first.
    fn block_for(&self, timeout: Duration) -> bool;

    /// Acquires the bare lock, unless the deadline comes first.
    fn block_until(&self, deadline: Instant) -> bool;

    /// Releases the bare lock.
    ///
    /// # Safety
    ///
    /// The bare lock was acquired in this mode, and no hold was returned for that.
    unsafe fn release(&self);

    /// Acquires the bare lock if that is possible within a moment, before a wait is recorded.
    fn spin(&self) -> bool;

    /// Does what [`attempt`](Self::attempt) does, in a thread of an exploration.
    fn attempt_in_turn(&self, _turn: &Scheduled) -> bool {
        self.attempt()
    }

    /// Whether a wait for the bare lock keeps new readers out.
    fn drains(&self, _turn: &Scheduled) -> bool {
        false
    }
}

/// Records an acquisition of the bare lock, which it releases if that unwinds.
///
/// # Safety
///
/// The bare lock was acquired in this mode, and that is not recorded.
pub(super) unsafe fn record_fresh(lock: &dyn Bare, site: Site) -> Hold {
    // SAFETY: the caller's promise; and this runs only if `acquired` unwinds, so that no hold is returned.
    let undo = Defer::new(|| unsafe { lock.release() });
    let hold = lock
        .record()
        .acquired(lock.mode(), AcquireKind::Blocking, site);
    undo.disarm();
    hold
}

/// Calls `bump`, which yields the bare lock, and records that as a release and a new acquisition.
///
/// # Safety
///
/// `hold` is a hold of the lock with this record, in this mode, and `bump` yields such a hold of the bare
/// lock.
#[inline]
pub(super) unsafe fn bumped(
    record: &Lock,
    mode: Mode,
    hold: &mut Hold,
    site: Site,
    bump: impl FnOnce(),
) {
    if !instrument::ON {
        return bump();
    }
    // SAFETY: the hold is read here and written below; nothing in between unwinds, since
    // `attempt_reacquire` and the bare lock do not.
    let held = unsafe { ptr::read(hold) };
    match mode {
        Mode::Upgradable => record.released_upgradable(held),
        Mode::Shared | Mode::Exclusive => record.released(held),
    }
    let attempt = record.attempt_reacquire(mode, AcquireKind::Blocking, site);
    bump();
    // SAFETY: the old value was moved out above.
    unsafe { ptr::write(hold, attempt.acquired()) };
}
