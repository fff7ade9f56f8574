//! Raw locks: `parking_lot`'s, each with a record beside it.
//!
//! Both flavours of wrappers are built on these through `lock_api`. The fast path is a try of the
//! bare lock; only when that fails is the detector told of a wait, before it begins.
//!
//! Beside the traits of `lock_api`, each has a `lock…_at(site)` for wrappers that have captured
//! their caller already, and a `lock…_again(site)` that does not unwind, for those that let go of
//! a lock for a while and must have it back.

use std::time::Duration;

/// How long an acquisition waits before the detector is told: not at all, but the bare lock spins
/// before it looks at the clock, as it does before it blocks. A lock that is free a moment later is
/// then had without a word, and a lock that is free at once by the same instructions as a bare one,
/// which `try_lock`, with a load before its compare-and-swap, is not.
pub(crate) const SPIN: Duration = Duration::ZERO;

/// Tries a bare lock as said there; without the clock where there is none, by `$once`.
macro_rules! spin {
    ($bare:expr, $once:ident, $for:ident) => {
        if $crate::tracking::thread::wait::HAS_CLOCK {
            $bare.$for($crate::raw::SPIN)
        } else {
            $bare.$once()
        }
    };
}
use spin;

pub(crate) mod call;
mod condvar;
mod mutex;
mod rwlock;
mod undo;
mod upgrade;

pub use self::condvar::RawCondvar;
pub use self::mutex::{RawFairMutex, RawMutex, RawRemutex};
pub use self::rwlock::{RawRwLock, RawRwLockRecursive};
