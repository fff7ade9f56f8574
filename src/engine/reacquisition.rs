//! Acquisitions of a lock that the same call released before, or held in another mode.

/// The way in which a thread requests a lock other than by a call that locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reacquisition {
    /// The end of a wait for a condition variable, which released the lock when it began.
    Wait,
    /// The end of a call that released the lock while it ran, as `MutexGuard::unlocked` and `bump`.
    Unlocked,
    /// The upgrade of an upgradable hold, which waits for all other readers.
    Upgrade,
}
