//! Tracking: what each thread holds and waits for, and who each lock is.
//!
//! Passive data, in three parts. A [`LockRecord`](record::Record) stands in every lock and is touched
//! by every acquisition. An [`Ident`](ident::Ident) is what is known of a lock apart from where it
//! lies: it is given out at the first acquisition and outlives every reference to it. A
//! [`Slot`](slot::Slot) belongs to a thread: its held locks, what it waits for, since when. It is
//! written by its thread alone and read by others, who believe it only if its epoch stood still.

#[cfg(all(loom, test))]
pub(crate) mod models;

pub(crate) mod lock;
pub(crate) mod process;
pub(crate) mod thread;
/// The locks of this layer that the child of a fork must find free. None is taken under another.
#[cfg(unix)]
pub(crate) fn statics() -> [&'static dyn crate::shim::fork_safe::Stands; 10] {
    [
        &process::registry::SLOTS,
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
