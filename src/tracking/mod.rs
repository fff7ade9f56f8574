//! Tracking: what each thread holds and waits for, and the identity of each lock.
//!
//! Passive data, in three parts. Every lock contains a [`LockRecord`](lock::record::LockRecord), which every
//! acquisition accesses. An [`Ident`](lock::ident::Ident) is what is recorded of a lock independently of its
//! address: it is assigned at the first acquisition and outlives every reference to it. A
//! [`Slot`](thread::slot::Slot) belongs to a thread: its lockset, its wait, its flags. Only its thread writes
//! it; other threads read it, and discard what they read if its epoch changed meanwhile.

pub(crate) mod fork_safe;
pub(crate) mod lock;
#[cfg(all(loom, test))]
#[path = "../../tests/models/tracking/mod.rs"]
pub(crate) mod models;
#[cfg(not(all(loom, test)))]
mod mutex;
pub(crate) mod process;
pub(crate) mod scheduled;
pub(crate) mod thread;

#[cfg(not(all(loom, test)))]
pub(crate) use self::mutex::{Mutex, MutexGuard};
#[cfg(all(loom, test))]
pub(crate) use crate::shim::model::{Mutex, MutexGuard};

/// Returns the locks of this layer that the child of a fork must find free. None is taken under another.
#[cfg(unix)]
pub(crate) fn statics() -> [&'static fork_safe::StaticLock; 12] {
    [
        // Taken outside of the locks of single threads, which no static holds.
        thread::times::TIMES.as_lock(),
        scheduled::BODY.as_lock(),
        process::registry::SLOTS.as_lock(),
        process::registry::PARENT.as_lock(),
        lock::lock_id_pool::SPARE.as_lock(),
        lock::class::TABLE.as_lock(),
        lock::label::GIVEN.as_lock(),
        process::panicked_threads::PANICKED.as_lock(),
        process::resource_state::SPARE.as_lock(),
        process::pending_spawns::COUNTS.as_lock(),
        process::reacquired::CALLS.as_lock(),
        thread::slot::OUTGROWN.as_lock(),
    ]
}
