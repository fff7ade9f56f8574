//! The raw reader-writer lock: the original's, of which it is known that a writer that waits keeps new
//! readers out.

use std::time::{Duration, Instant};

use lock_api::{
    RawRwLock as _, RawRwLockDowngrade, RawRwLockFair, RawRwLockRecursive, RawRwLockRecursiveTimed,
    RawRwLockTimed, RawRwLockUpgrade, RawRwLockUpgradeDowngrade, RawRwLockUpgradeFair,
    RawRwLockUpgradeTimed,
};
use parking_lot_original::RawRwLock as Original;

/// A raw reader-writer lock.
pub struct RawRwLock(Original);

/// Passes calls on to the original, whose promises are the same.
macro_rules! passes {
    ($(fn $name:ident($($argument:ident: $Type:ty)?) $(-> $Out:ty)?;)+) => {
        $(
            #[inline]
            fn $name(&self $(, $argument: $Type)?) $(-> $Out)? {
                self.0.$name($($argument)?)
            }
        )+
    };
}

/// The same of unsafe ones.
macro_rules! passes_unsafe {
    ($(fn $name:ident($($argument:ident: $Type:ty)?) $(-> $Out:ty)?;)+) => {
        $(
            #[inline]
            unsafe fn $name(&self $(, $argument: $Type)?) $(-> $Out)? {
                unsafe { self.0.$name($($argument)?) }
            }
        )+
    };
}

// SAFETY: it is the original, here and below.
unsafe impl lock_api::RawRwLock for RawRwLock {
    const INIT: Self = Self(Original::INIT);
    type GuardMarker = <Original as lock_api::RawRwLock>::GuardMarker;
    const WRITER_BLOCKS_READERS: bool = true;
    passes! {
        fn lock_shared();
        fn try_lock_shared() -> bool;
        fn lock_exclusive();
        fn try_lock_exclusive() -> bool;
        fn is_locked() -> bool;
        fn is_locked_exclusive() -> bool;
    }
    passes_unsafe! {
        fn unlock_shared();
        fn unlock_exclusive();
    }
}

unsafe impl RawRwLockFair for RawRwLock {
    passes_unsafe! {
        fn unlock_shared_fair();
        fn unlock_exclusive_fair();
        fn bump_shared();
        fn bump_exclusive();
    }
}

unsafe impl RawRwLockDowngrade for RawRwLock {
    passes_unsafe! {
        fn downgrade();
    }
}

unsafe impl RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;
    passes! {
        fn try_lock_shared_for(timeout: Duration) -> bool;
        fn try_lock_shared_until(timeout: Instant) -> bool;
        fn try_lock_exclusive_for(timeout: Duration) -> bool;
        fn try_lock_exclusive_until(timeout: Instant) -> bool;
    }
}

unsafe impl RawRwLockRecursive for RawRwLock {
    passes! {
        fn lock_shared_recursive();
        fn try_lock_shared_recursive() -> bool;
    }
}

unsafe impl RawRwLockRecursiveTimed for RawRwLock {
    passes! {
        fn try_lock_shared_recursive_for(timeout: Duration) -> bool;
        fn try_lock_shared_recursive_until(timeout: Instant) -> bool;
    }
}

unsafe impl RawRwLockUpgrade for RawRwLock {
    passes! {
        fn lock_upgradable();
        fn try_lock_upgradable() -> bool;
    }
    passes_unsafe! {
        fn unlock_upgradable();
        fn upgrade();
        fn try_upgrade() -> bool;
    }
}

unsafe impl RawRwLockUpgradeFair for RawRwLock {
    passes_unsafe! {
        fn unlock_upgradable_fair();
        fn bump_upgradable();
    }
}

unsafe impl RawRwLockUpgradeDowngrade for RawRwLock {
    passes_unsafe! {
        fn downgrade_upgradable();
        fn downgrade_to_upgradable();
    }
}

unsafe impl RawRwLockUpgradeTimed for RawRwLock {
    passes! {
        fn try_lock_upgradable_for(timeout: Duration) -> bool;
        fn try_lock_upgradable_until(timeout: Instant) -> bool;
    }
    passes_unsafe! {
        fn try_upgrade_for(timeout: Duration) -> bool;
        fn try_upgrade_until(timeout: Instant) -> bool;
    }
}
