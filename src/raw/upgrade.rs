//! Upgradable acquisitions of the raw reader-writer locks.

#![allow(unsafe_code)]

use std::panic::Location;
use std::ptr;
use std::time::{Duration, Instant};

use lock_api::{RawRwLockUpgrade as _, RawRwLockUpgradeDowngrade as _, RawRwLockUpgradeTimed as _};

use super::bare::bumped;
use super::defer::Defer;
use super::rwlock::{BareGuard, RawRwLock, acquisitions};
use super::slow::deadline;
use super::ways::Ways;
use crate::instrument;
use crate::instrument::FailedTry;
use crate::instrument::{AcquireKind, Hold, Mode, Scheduled, Site};

acquisitions! {
    Upgradable, Mode::Upgradable, false,
    lock_upgradable, try_lock_upgradable, spin_upgradable, try_lock_upgradable_for, try_lock_upgradable_until, unlock_upgradable,
    lock_upgradable_at, relock_upgradable
}

/// Short attempts on the bare lock, before a wait is recorded.
impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    #[inline(always)]
    pub(super) fn spin_upgradable(&self) -> Option<BareGuard> {
        super::spin!(self.bare, try_lock_upgradable, try_lock_upgradable_for)
    }
}

/// Upgrades that borrow the hold. If one unwinds, the hold is still upgradable.
impl<const RECURSIVE: bool> RawRwLock<RECURSIVE> {
    /// Upgrades without waiting, if there is no other holder.
    ///
    /// # Safety
    ///
    /// `hold` is an upgradable hold of this lock; an exclusive one if this returns true.
    #[inline]
    pub(crate) unsafe fn try_upgrade_held(&self, hold: &Hold) -> bool {
        // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
        let upgraded = unsafe { self.bare.try_upgrade(Default::default()) }.is_ok();
        if upgraded {
            // After the bare lock changed, as at an acquisition: a record never shows more than is
            // held.
            self.record.converted(hold, Mode::Exclusive);
        }
        upgraded
    }

    /// Upgrades for the call at `site`; waits until there is no other holder.
    ///
    /// # Safety
    ///
    /// `hold` is an upgradable hold of this lock; an exclusive one once this returns.
    #[inline]
    pub(crate) unsafe fn upgrade_held(&self, hold: &Hold, site: Site) {
        if !instrument::ON {
            // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
            let _ = unsafe { self.bare.upgrade(Default::default()) };
        // SAFETY: as above.
        } else if unsafe { self.bare.try_upgrade(Default::default()) }.is_ok() {
            if let Some(turn) = Scheduled::here() {
                // SAFETY: upgraded just now; no other thread of the exploration has run since.
                let _ = unsafe { self.bare.downgrade_to_upgradable(Default::default()) };
                // SAFETY: the caller's promise is the same.
                return unsafe { self.upgrade_in_turn(&turn, hold, site) };
            }
            // Not a mere conversion: it would have waited, so it counts for the order.
            self.record.upgraded(hold, site);
        } else {
            // SAFETY: as above, and the upgrade has failed so far.
            unsafe { self.upgrade_slow(hold, site) };
        }
    }

    /// # Safety
    ///
    /// As for [`upgrade_held`](Self::upgrade_held).
    #[cold]
    unsafe fn upgrade_slow(&self, hold: &Hold, site: Site) {
        if let Some(turn) = Scheduled::here() {
            // SAFETY: the caller's promise is the same.
            return unsafe { self.upgrade_in_turn(&turn, hold, site) };
        }
        let attempt = self
            .record
            .attempt_upgrade(hold, AcquireKind::Blocking, site);
        // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
        let _ = unsafe { self.bare.upgrade(Default::default()) };
        attempt.upgraded(hold);
    }

    /// Upgrades in a thread of an exploration.
    ///
    /// # Safety
    ///
    /// As for [`upgrade_held`](Self::upgrade_held).
    #[cold]
    unsafe fn upgrade_in_turn(&self, turn: &Scheduled, hold: &Hold, site: Site) {
        // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
        let try_upgrade = || unsafe { self.bare.try_upgrade(Default::default()) }.is_ok();
        turn.point_before(&self.record, Mode::Exclusive, site);
        if try_upgrade() {
            self.record.upgraded(hold, site);
        } else {
            turn.note_wait(&self.record, site);
            let attempt = self
                .record
                .attempt_upgrade(hold, AcquireKind::Blocking, site);
            let drain = turn.drain(ptr::from_ref(&self.record).addr());
            let mut failed = FailedTry::Seen;
            loop {
                if !turn.wait(failed, true) {
                    // SAFETY: as above.
                    let _ = unsafe { self.bare.upgrade(Default::default()) };
                    break;
                }
                if try_upgrade() {
                    break;
                }
                failed = FailedTry::Unseen;
            }
            drop(drain);
            attempt.upgraded(hold);
        }
        turn.note_lock("upgrades", &self.record, site);
        turn.acquired();
    }

    /// Upgrades for the call at `site`, unless `timeout` passes first.
    ///
    /// # Safety
    ///
    /// `hold` is an upgradable hold of this lock; an exclusive one if this returns true.
    #[inline]
    pub(crate) unsafe fn try_upgrade_held_for(
        &self,
        hold: &Hold,
        timeout: Duration,
        site: Site,
    ) -> bool {
        if !instrument::ON {
            // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
            return unsafe { self.bare.try_upgrade_for(Default::default(), timeout) }.is_ok();
        }
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.try_upgrade_held(hold) || self.upgrade_timed(hold, deadline(timeout), site) }
    }

    /// Upgrades for the call at `site`, unless the deadline comes first.
    ///
    /// # Safety
    ///
    /// `hold` is an upgradable hold of this lock; an exclusive one if this returns true.
    #[inline]
    pub(crate) unsafe fn try_upgrade_held_until(
        &self,
        hold: &Hold,
        deadline: Instant,
        site: Site,
    ) -> bool {
        if !instrument::ON {
            // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
            return unsafe { self.bare.try_upgrade_until(Default::default(), deadline) }.is_ok();
        }
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.try_upgrade_held(hold) || self.upgrade_timed(hold, Some(deadline), site) }
    }

    /// # Safety
    ///
    /// As for [`try_upgrade_held_until`](Self::try_upgrade_held_until).
    #[cold]
    unsafe fn upgrade_timed(&self, hold: &Hold, deadline: Option<Instant>, site: Site) -> bool {
        let Some(deadline) = deadline else {
            // A deadline that cannot be represented is never reached: the wait is unbounded.
            // SAFETY: guaranteed by the caller, under the same conditions.
            unsafe { self.upgrade_slow(hold, site) };
            return true;
        };
        let attempt = self.record.attempt_upgrade(hold, AcquireKind::Timed, site);
        let upgraded = match Scheduled::here() {
            Some(turn) => {
                turn.note_try();
                let drain = turn.drain(ptr::from_ref(&self.record).addr());
                turn.lapse();
                drop(drain);
                // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
                unsafe { self.bare.try_upgrade(Default::default()) }.is_ok()
            }
            // SAFETY: as above.
            None => unsafe { self.bare.try_upgrade_until(Default::default(), deadline) }.is_ok(),
        };
        if upgraded {
            attempt.upgraded(hold);
        }
        upgraded
    }

    /// Makes an exclusive hold upgradable again.
    ///
    /// # Safety
    ///
    /// `hold` is an exclusive hold of this lock; an upgradable one once this returns.
    #[inline]
    pub(crate) unsafe fn downgrade_held(&self, hold: &Hold) {
        // Before the bare lock changes, as at a release: a record never shows more than is held.
        self.record.converted(hold, Mode::Upgradable);
        // SAFETY: the caller has an exclusive hold, so the bare lock is held that way.
        let _ = unsafe { self.bare.downgrade_to_upgradable(Default::default()) };
    }

    /// Upgrades a hold that `lock_api` has passed by value: it is released if `upgrade` unwinds.
    ///
    /// # Safety
    ///
    /// `hold` is an upgradable hold of this lock, and an upgrade that unwinds leaves it so.
    #[inline]
    unsafe fn consume<T>(&self, hold: &Hold, upgrade: impl FnOnce() -> T) -> T {
        if !instrument::ON {
            // Nothing unwinds, so nothing needs to be released.
            return upgrade();
        }
        const { assert!(!std::mem::needs_drop::<Hold>()) };
        // SAFETY: runs on unwind only: the hold is upgradable then, and is not used again. It has no destructor, so that
        // the caller's is not released once more.
        let undo = Defer::new(|| unsafe { self.unlock_upgradable(ptr::read(hold)) });
        let upgraded = upgrade();
        undo.disarm();
        upgraded
    }
}

/// Returns the result of an upgrade that may fail: an exclusive hold, or the upgradable one.
#[inline]
fn settle(hold: Hold, upgraded: bool) -> Result<Hold, Hold> {
    if upgraded { Ok(hold) } else { Err(hold) }
}

// SAFETY: every acquisition, release and upgrade is one of the bare lock, which is a
// `RawRwLockUpgrade` itself; the record does not affect exclusion. An attempt may unwind, and does
// so before the bare lock is called; `consume` releases a hold that was passed by value.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgrade for RawRwLock<RECURSIVE> {
    type UpgradableGuard = Hold;

    #[inline]
    #[track_caller]
    fn lock_upgradable(&self) -> Hold {
        self.lock_upgradable_at(Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_upgradable(&self) -> Option<Hold> {
        Upgradable(self).try_lock_at(Location::caller())
    }

    #[inline]
    unsafe fn unlock_upgradable(&self, hold: Hold) {
        self.record.released_upgradable(hold);
        // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
        unsafe { self.bare.unlock_upgradable(Default::default()) };
    }

    #[inline]
    #[track_caller]
    unsafe fn upgrade(&self, hold: Hold) -> Hold {
        let site = Location::caller();
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.consume(&hold, || self.upgrade_held(&hold, site)) };
        hold
    }

    #[inline]
    #[track_caller]
    unsafe fn try_upgrade(&self, hold: Hold) -> Result<Hold, Hold> {
        // SAFETY: guaranteed by the caller, under the same conditions.
        let upgraded = unsafe { self.try_upgrade_held(&hold) };
        settle(hold, upgraded)
    }
}

// SAFETY: as for `RawRwLockUpgrade` above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeFair for RawRwLock<RECURSIVE> {
    #[inline]
    unsafe fn unlock_upgradable_fair(&self, hold: Hold) {
        self.record.released_upgradable(hold);
        // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
        unsafe { self.bare.unlock_upgradable_fair(Default::default()) };
    }

    #[inline]
    #[track_caller]
    unsafe fn bump_upgradable(&self, hold: &mut Hold) {
        let site = Location::caller();
        // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
        let bump = || unsafe { self.bare.bump_upgradable(&mut Default::default()) };
        // SAFETY: hold, mode and bare lock agree.
        unsafe { bumped(&self.record, Mode::Upgradable, hold, site, bump) };
    }
}

// SAFETY: as for `RawRwLockUpgrade` above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeDowngrade for RawRwLock<RECURSIVE> {
    #[inline]
    unsafe fn downgrade_upgradable(&self, hold: Hold) -> Hold {
        // Before the bare lock changes, as at a release: a record never shows more than is held.
        self.record.converted(&hold, Mode::Shared);
        // SAFETY: the caller has an upgradable hold, so the bare lock is held that way.
        let _ = unsafe { self.bare.downgrade_upgradable(Default::default()) };
        hold
    }

    #[inline]
    unsafe fn downgrade_to_upgradable(&self, hold: Hold) -> Hold {
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.downgrade_held(&hold) };
        hold
    }
}

// SAFETY: as for `RawRwLockUpgrade` above.
unsafe impl<const RECURSIVE: bool> lock_api::RawRwLockUpgradeTimed for RawRwLock<RECURSIVE> {
    #[inline]
    #[track_caller]
    fn try_lock_upgradable_for(&self, timeout: Duration) -> Option<Hold> {
        Upgradable(self).lock_for_at(timeout, Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_upgradable_until(&self, timeout: Instant) -> Option<Hold> {
        Upgradable(self).lock_until_at(timeout, Location::caller())
    }

    #[inline]
    #[track_caller]
    unsafe fn try_upgrade_for(&self, hold: Hold, timeout: Duration) -> Result<Hold, Hold> {
        let site = Location::caller();
        let upgrade = || {
            // SAFETY: guaranteed by the caller, under the same conditions.
            unsafe { self.try_upgrade_held_for(&hold, timeout, site) }
        };
        // SAFETY: as above.
        let upgraded = unsafe { self.consume(&hold, upgrade) };
        settle(hold, upgraded)
    }

    #[inline]
    #[track_caller]
    unsafe fn try_upgrade_until(&self, hold: Hold, timeout: Instant) -> Result<Hold, Hold> {
        let site = Location::caller();
        let upgrade = || {
            // SAFETY: guaranteed by the caller, under the same conditions.
            unsafe { self.try_upgrade_held_until(&hold, timeout, site) }
        };
        // SAFETY: as above.
        let upgraded = unsafe { self.consume(&hold, upgrade) };
        settle(hold, upgraded)
    }
}

#[cfg(test)]
mod tests {
    use lock_api::RawRwLock as _;

    use super::super::RawRwLockRecursive;
    use super::*;

    #[test]
    fn an_upgrade_that_unwinds_releases_what_it_consumed() {
        let lock = RawRwLockRecursive::new();
        let hold = lock.lock_upgradable();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let unwind = || std::panic::resume_unwind(Box::new(()));
            // SAFETY: the hold is the one just acquired, and is not used again.
            unsafe { lock.consume(&hold, unwind) }
        }));
        assert!(caught.is_err());
        // Without instrumentation nothing in an upgrade unwinds, and nothing is released for that.
        assert_eq!(lock.is_locked(), !instrument::ON);
    }

    #[test]
    fn a_timed_upgrade_that_fails_leaves_the_hold_upgradable() {
        let lock = RawRwLock::<false>::new();
        let reader = lock.lock_shared();
        let hold = lock.lock_upgradable();
        // SAFETY: every hold is passed in the mode that it has.
        unsafe {
            let hold = lock.try_upgrade_for(hold, Duration::ZERO).unwrap_err();
            let hold = lock.try_upgrade_until(hold, Instant::now()).unwrap_err();
            let hold = lock.try_upgrade(hold).unwrap_err();
            lock.unlock_shared(reader);
            let hold = lock.upgrade(hold);
            assert!(lock.is_locked_exclusive());
            let hold = lock.downgrade_to_upgradable(hold);
            let hold = lock.try_upgrade_for(hold, Duration::MAX).unwrap();
            lock.unlock_exclusive(hold);
        }
        assert!(!lock.is_locked());
    }
}
