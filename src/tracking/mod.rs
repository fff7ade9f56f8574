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
pub(crate) fn statics() -> [&'static dyn fork_safe::Stands; 13] {
    [
        // Taken outside of the locks of single threads, which no static holds.
        &thread::times::TIMES,
        &scheduled::BODY,
        &process::registry::SLOTS,
        &process::registry::PARENT,
        &lock::lock_id_pool::SPARE,
        &lock::class::TABLE,
        &lock::label::LABELS,
        &lock::subclass::SUBCLASSES,
        &process::panicked_threads::PANICKED,
        &process::resource_state::SPARE,
        &process::pending_spawns::COUNTS,
        &process::reacquired::CALLS,
        &thread::slot::OUTGROWN,
    ]
}
