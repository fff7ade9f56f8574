//! The traits of raw locks, with the names and signatures of the original.

use core::num::NonZeroUsize;

/// Marks a lock whose guards may be sent to another thread.
pub struct GuardSend(());

/// Marks a lock whose guards stay in their thread.
#[allow(dead_code)]
pub struct GuardNoSend(*mut ());

// SAFETY: the pointer is there to be not `Send`; nothing reads it.
unsafe impl Sync for GuardNoSend {}

/// A raw mutex.
pub unsafe trait RawMutex {
    /// An unlocked mutex.
    const INIT: Self;
    /// `GuardSend` or `GuardNoSend`.
    type GuardMarker;
    /// Takes the lock, and waits for it.
    fn lock(&self);
    /// Takes the lock if it is free.
    fn try_lock(&self) -> bool;
    /// Releases the lock, which the calling context holds.
    unsafe fn unlock(&self);
    /// Whether the lock is held.
    fn is_locked(&self) -> bool {
        let acquired = self.try_lock();
        if acquired {
            // SAFETY: the line above took it.
            unsafe { self.unlock() };
        }
        !acquired
    }
}

/// A raw mutex that can be handed to the longest waiter.
pub unsafe trait RawMutexFair: RawMutex {
    /// Hands the lock over.
    unsafe fn unlock_fair(&self);
    /// Lets a waiter have the lock for once.
    unsafe fn bump(&self) {
        unsafe { self.unlock_fair() };
        self.lock();
    }
}

/// A raw mutex that can be waited for with a limit.
pub unsafe trait RawMutexTimed: RawMutex {
    /// A span of time.
    type Duration;
    /// A moment.
    type Instant;
    /// Takes the lock, and waits for so long.
    fn try_lock_for(&self, timeout: Self::Duration) -> bool;
    /// Takes the lock, and waits until then.
    fn try_lock_until(&self, timeout: Self::Instant) -> bool;
}

/// A raw reader-writer lock.
pub unsafe trait RawRwLock {
    /// An unlocked lock.
    const INIT: Self;
    /// `GuardSend` or `GuardNoSend`.
    type GuardMarker;
    /// Whether a writer that waits keeps new readers out. The original does not ask, so of most locks
    /// it is not known; then they count as locks whose readers pass.
    #[doc(hidden)]
    const WRITER_BLOCKS_READERS: bool = false;
    /// Takes the lock as a reader.
    fn lock_shared(&self);
    /// Takes the lock as a reader if that is possible at once.
    fn try_lock_shared(&self) -> bool;
    /// Releases a reader's hold.
    unsafe fn unlock_shared(&self);
    /// Takes the lock as the writer.
    fn lock_exclusive(&self);
    /// Takes the lock as the writer if it is free.
    fn try_lock_exclusive(&self) -> bool;
    /// Releases the writer's hold.
    unsafe fn unlock_exclusive(&self);
    /// Whether the lock is held.
    fn is_locked(&self) -> bool {
        let acquired = self.try_lock_exclusive();
        if acquired {
            // SAFETY: the line above took it.
            unsafe { self.unlock_exclusive() };
        }
        !acquired
    }
    /// Whether the lock is held by a writer.
    fn is_locked_exclusive(&self) -> bool {
        let acquired = self.try_lock_shared();
        if acquired {
            // SAFETY: the line above took it.
            unsafe { self.unlock_shared() };
        }
        !acquired
    }
}

/// A raw reader-writer lock that can be handed to the longest waiter.
pub unsafe trait RawRwLockFair: RawRwLock {
    /// Hands a reader's hold over.
    unsafe fn unlock_shared_fair(&self);
    /// Hands the writer's hold over.
    unsafe fn unlock_exclusive_fair(&self);
    /// Lets a waiter have the lock for once.
    unsafe fn bump_shared(&self) {
        unsafe { self.unlock_shared_fair() };
        self.lock_shared();
    }
    /// Lets a waiter have the lock for once.
    unsafe fn bump_exclusive(&self) {
        unsafe { self.unlock_exclusive_fair() };
        self.lock_exclusive();
    }
}

/// A raw reader-writer lock whose writer can become a reader.
pub unsafe trait RawRwLockDowngrade: RawRwLock {
    /// Makes the writer's hold a reader's.
    unsafe fn downgrade(&self);
}

/// A raw reader-writer lock that can be waited for with a limit.
pub unsafe trait RawRwLockTimed: RawRwLock {
    /// A span of time.
    type Duration;
    /// A moment.
    type Instant;
    /// Takes the lock as a reader, and waits for so long.
    fn try_lock_shared_for(&self, timeout: Self::Duration) -> bool;
    /// Takes the lock as a reader, and waits until then.
    fn try_lock_shared_until(&self, timeout: Self::Instant) -> bool;
    /// Takes the lock as the writer, and waits for so long.
    fn try_lock_exclusive_for(&self, timeout: Self::Duration) -> bool;
    /// Takes the lock as the writer, and waits until then.
    fn try_lock_exclusive_until(&self, timeout: Self::Instant) -> bool;
}

/// A raw reader-writer lock that a reader may take again.
pub unsafe trait RawRwLockRecursive: RawRwLock {
    /// Takes the lock as a reader, past writers that wait.
    fn lock_shared_recursive(&self);
    /// The same if that is possible at once.
    fn try_lock_shared_recursive(&self) -> bool;
}

/// A raw reader-writer lock that a reader may take again, with a limit.
pub unsafe trait RawRwLockRecursiveTimed: RawRwLockRecursive + RawRwLockTimed {
    /// Takes the lock as a reader, past writers that wait, and waits for so long.
    fn try_lock_shared_recursive_for(&self, timeout: Self::Duration) -> bool;
    /// Takes the lock as a reader, past writers that wait, and waits until then.
    fn try_lock_shared_recursive_until(&self, timeout: Self::Instant) -> bool;
}

/// A raw reader-writer lock with a reader that can become the writer.
pub unsafe trait RawRwLockUpgrade: RawRwLock {
    /// Takes the lock as that reader.
    fn lock_upgradable(&self);
    /// The same if that is possible at once.
    fn try_lock_upgradable(&self) -> bool;
    /// Releases the hold of that reader.
    unsafe fn unlock_upgradable(&self);
    /// Makes that reader the writer, and waits for it.
    unsafe fn upgrade(&self);
    /// Makes that reader the writer if it is the only one.
    unsafe fn try_upgrade(&self) -> bool;
}

/// The same, handed to the longest waiter.
pub unsafe trait RawRwLockUpgradeFair: RawRwLockUpgrade + RawRwLockFair {
    /// Hands the hold over.
    unsafe fn unlock_upgradable_fair(&self);
    /// Lets a waiter have the lock for once.
    unsafe fn bump_upgradable(&self) {
        unsafe { self.unlock_upgradable_fair() };
        self.lock_upgradable();
    }
}

/// The same, with the ways back.
pub unsafe trait RawRwLockUpgradeDowngrade: RawRwLockUpgrade + RawRwLockDowngrade {
    /// Makes an upgradable hold a reader's.
    unsafe fn downgrade_upgradable(&self);
    /// Makes the writer's hold upgradable.
    unsafe fn downgrade_to_upgradable(&self);
}

/// The same, with a limit.
pub unsafe trait RawRwLockUpgradeTimed: RawRwLockUpgrade + RawRwLockTimed {
    /// Takes the lock upgradably, and waits for so long.
    fn try_lock_upgradable_for(&self, timeout: Self::Duration) -> bool;
    /// Takes the lock upgradably, and waits until then.
    fn try_lock_upgradable_until(&self, timeout: Self::Instant) -> bool;
    /// Becomes the writer, and waits for so long.
    unsafe fn try_upgrade_for(&self, timeout: Self::Duration) -> bool;
    /// Becomes the writer, and waits until then.
    unsafe fn try_upgrade_until(&self, timeout: Self::Instant) -> bool;
}

/// Tells threads apart.
pub unsafe trait GetThreadId {
    /// A value to ask.
    const INIT: Self;
    /// A number that no other thread has that lives.
    fn nonzero_thread_id(&self) -> NonZeroUsize;
}
