//! Raw locks: `parking_lot`'s, each with a detector record.
//!
//! The wrappers of `sync` and of `parking_lot` are built on these through `lock_api`. The fast path
//! tries the bare lock; only if that fails, a wait is recorded in the detector, before it begins.
//!
//! Beside the traits of `lock_api`, each lock has a `lock…_at(site)` for wrappers that have
//! captured their caller already, and a `relock…(site)` that does not unwind, for wrappers that
//! release a lock temporarily and must reacquire it.

use std::time::Duration;

/// The time for which an acquisition waits before the wait is recorded. It is zero, but the bare
/// lock spins before it reads the clock, as it does before it blocks. A lock that becomes free a
/// moment later is then acquired without a recorded wait, and a free lock is acquired by the same
/// instructions as a bare one; `try_lock`, which loads before its compare-and-swap, takes others.
pub(crate) const SPIN: Duration = Duration::ZERO;

/// Tries a bare lock for [`SPIN`]; where there is no clock, once, by `$once`.
macro_rules! spin {
    ($bare:expr, $once:ident, $for:ident) => {
        if $crate::instrument::HAS_CLOCK {
            $bare.$for($crate::raw::SPIN)
        } else {
            $bare.$once()
        }
    };
}
use spin;

mod bare;
pub(crate) mod call;
mod condvar;
pub(crate) mod defer;
mod in_turn;
mod mutex;
mod rwlock;
mod slow;
mod upgrade;
mod ways;

pub use self::condvar::RawCondvar;
pub use self::mutex::{RawFairMutex, RawMutex, RawRemutex};
pub use self::rwlock::{RawRwLock, RawRwLockRecursive};
