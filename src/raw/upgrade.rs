//! Upgradable acquisitions of the raw reader-writer locks.

#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::panic::Location;
use std::time::{Duration, Instant};

use lock_api::{RawRwLockUpgrade as _, RawRwLockUpgradeDowngrade as _, RawRwLockUpgradeTimed as _};

use super::rwlock::{BareGuard, RawRwLock, acquisitions, deadline};
use crate::instrument;
use crate::instrument::FailedTry;
use crate::instrument::{AcquireKind, Hold, Mode, Scheduled, Site};

acquisitions! {
    Mode::Upgradable, false, lock_upgradable, try_lock_upgradable, spin_upgradable,
    try_lock_upgradable_until, unlock_upgradable,
    lock_upgradable_at, relock_upgradable, upgradable_checked, upgradable_new,
    upgradable_slow, upgradable_again_slow,
    upgradable_timed, upgradable_timed_slow,
    upgradable_in_turn, upgradable_record, try_upgradable_at, try_upgradable_new, try_upgradable_in_turn, try_upgradable_failed
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
            let drain = turn.drain(std::ptr::from_ref(&self.record).addr());
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
                let drain = turn.drain(std::ptr::from_ref(&self.record).addr());
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

    /// Takes over a hold for an upgrade, which has to release it if it unwinds.
    ///
    /// # Safety
    ///
    /// `hold` is an upgradable hold of this lock.
    #[inline]
    unsafe fn consume(&self, hold: Hold) -> Consumed<'_, RECURSIVE> {
        Consumed {
            lock: self,
            hold: ManuallyDrop::new(hold),
        }
    }
}

/// Hold that an upgrade has consumed. Its drop, which happens on unwind only, releases the
/// upgradable lock, as `lock_api` requires of every operation that consumes a hold.
struct Consumed<'a, const RECURSIVE: bool> {
    lock: &'a RawRwLock<RECURSIVE>,
    hold: ManuallyDrop<Hold>,
}

impl<const RECURSIVE: bool> Consumed<'_, RECURSIVE> {
    /// Returns the hold, in whichever mode it is now.
    #[inline]
    fn restore(self) -> Hold {
        let mut consumed = ManuallyDrop::new(self);
        // SAFETY: `consumed` is never dropped, so the hold is taken once.
        unsafe { ManuallyDrop::take(&mut consumed.hold) }
    }
}

/// Returns the result of an upgrade that may fail: an exclusive hold, or the upgradable one.
#[inline]
fn settle(hold: Hold, upgraded: bool) -> Result<Hold, Hold> {
    if upgraded { Ok(hold) } else { Err(hold) }
}

impl<const RECURSIVE: bool> Drop for Consumed<'_, RECURSIVE> {
    fn drop(&mut self) {
        // SAFETY: reached on unwind only, which leaves the hold upgradable; taken once.
        unsafe {
            self.lock
                .unlock_upgradable(ManuallyDrop::take(&mut self.hold))
        };
    }
}

// SAFETY: every acquisition, release and upgrade is one of the bare lock, which is a
// `RawRwLockUpgrade` itself; the record does not affect exclusion. An attempt may unwind, and does
// so before the bare lock is called; `Consumed` releases a hold that was passed by value.
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
        self.try_upgradable_at(Location::caller())
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
        if !instrument::ON {
            // Nothing unwinds, so nothing needs to be released.
            // SAFETY: guaranteed by the caller, under the same conditions.
            unsafe { self.upgrade_held(&hold, Location::caller()) };
            return hold;
        }
        // SAFETY: guaranteed by the caller, under the same conditions.
        let consumed = unsafe { self.consume(hold) };
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { self.upgrade_held(&consumed.hold, Location::caller()) };
        consumed.restore()
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
        unsafe { self.bumped(hold, Mode::Upgradable, site, bump) };
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
        let site = Location::caller();
        if instrument::ON {
            return self.upgradable_timed(|| deadline(timeout), site);
        }
        self.bare.try_lock_upgradable_for(timeout)?;
        Some(
            self.record
                .acquired(Mode::Upgradable, AcquireKind::Timed, site),
        )
    }

    #[inline]
    #[track_caller]
    fn try_lock_upgradable_until(&self, timeout: Instant) -> Option<Hold> {
        let site = Location::caller();
        if instrument::ON {
            return self.upgradable_timed(|| Some(timeout), site);
        }
        self.bare.try_lock_upgradable_until(timeout)?;
        Some(
            self.record
                .acquired(Mode::Upgradable, AcquireKind::Timed, site),
        )
    }

    #[inline]
    #[track_caller]
    unsafe fn try_upgrade_for(&self, hold: Hold, timeout: Duration) -> Result<Hold, Hold> {
        let site = Location::caller();
        if !instrument::ON {
            // SAFETY: guaranteed by the caller, under the same conditions.
            let upgraded = unsafe { self.try_upgrade_held_for(&hold, timeout, site) };
            return settle(hold, upgraded);
        }
        // SAFETY: guaranteed by the caller, under the same conditions.
        let consumed = unsafe { self.consume(hold) };
        // SAFETY: guaranteed by the caller, under the same conditions.
        let upgraded = unsafe { self.try_upgrade_held_for(&consumed.hold, timeout, site) };
        settle(consumed.restore(), upgraded)
    }

    #[inline]
    #[track_caller]
    unsafe fn try_upgrade_until(&self, hold: Hold, timeout: Instant) -> Result<Hold, Hold> {
        let site = Location::caller();
        if !instrument::ON {
            // SAFETY: guaranteed by the caller, under the same conditions.
            let upgraded = unsafe { self.try_upgrade_held_until(&hold, timeout, site) };
            return settle(hold, upgraded);
        }
        // SAFETY: guaranteed by the caller, under the same conditions.
        let consumed = unsafe { self.consume(hold) };
        // SAFETY: guaranteed by the caller, under the same conditions.
        let upgraded = unsafe { self.try_upgrade_held_until(&consumed.hold, timeout, site) };
        settle(consumed.restore(), upgraded)
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
            // SAFETY: the hold is the one just acquired, and is not used again.
            let _consumed = unsafe { lock.consume(hold) };
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(caught.is_err());
        assert!(!lock.is_locked());
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
