//! Tracking: what each thread holds and waits for, and who each lock is.
//!
//! Passive data, in three parts. A [`Record`](record::Record) stands in every lock and is touched
//! by every acquisition. An [`Ident`](ident::Ident) is what is known of a lock apart from where it
//! lies: it is given out at the first acquisition and outlives every reference to it. A
//! [`Slot`](slot::Slot) belongs to a thread: its held locks, what it waits for, since when. It is
//! written by its thread alone and read by others, who believe it only if its epoch stood still.

pub(crate) mod alarm;
mod census;
pub(crate) mod class;
pub(crate) mod contexts;
pub(crate) mod current;
pub(crate) mod expected;
pub(crate) mod ident;
pub(crate) mod kind;
mod known;
mod label;
#[cfg(all(loom, test))]
pub(crate) mod models;
pub(crate) mod own;
pub(crate) mod panicked;
pub(crate) mod party;
pub(crate) mod pin;
pub(crate) mod point;
pub(crate) mod pool;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod section;
pub(crate) mod slot;
pub(crate) mod tag;
pub(crate) mod wait;

/// Takes every lock of this layer, so that none is held by a thread that is gone in the child.
#[cfg(unix)]
pub(crate) fn before_fork() {
    registry::before_fork();
    pool::before_fork();
    class::before_fork();
    label::before_fork();
    panicked::before_fork();
    party::before_fork();
    expected::before_fork();
}

/// Lets them go again, in parent and child.
///
/// # Safety
///
/// `before_fork` ran in this thread, before the fork.
#[cfg(unix)]
#[allow(unsafe_code)]
pub(crate) unsafe fn after_fork() {
    // SAFETY: the caller's promise.
    unsafe {
        expected::after_fork();
        party::after_fork();
        panicked::after_fork();
        label::after_fork();
        class::after_fork();
        pool::after_fork();
        registry::after_fork();
    }
}
