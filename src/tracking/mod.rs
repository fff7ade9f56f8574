//! Tracking: what each thread holds and waits for, and who each lock is.
//!
//! Passive data, in three parts. A [`Record`](record::Record) stands in every lock and is touched
//! by every acquisition. An [`Ident`](ident::Ident) is what is known of a lock apart from where it
//! lies: it is given out at the first acquisition and outlives every reference to it. A
//! [`Slot`](slot::Slot) belongs to a thread: its held locks, what it waits for, since when. It is
//! written by its thread alone and read by others, who believe it only if its epoch stood still.

pub(crate) mod agent;
pub(crate) mod alarm;
pub(crate) mod census;
pub(crate) mod class;
pub(crate) mod class_key;
pub(crate) mod contexts;
pub(crate) mod current;
pub(crate) mod expected;
pub(crate) mod first;
pub(crate) mod handler;
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
pub(crate) mod reacquired;
pub(crate) mod record;
pub(crate) mod registry;
pub(crate) mod section;
pub(crate) mod slot;
mod subclass;
pub(crate) mod tag;
pub(crate) mod wait;

/// The locks of this layer that the child of a fork must find free. None is taken under another.
#[cfg(unix)]
pub(crate) fn statics() -> [&'static dyn crate::primitives::fork_safe::Stands; 10] {
    [
        &registry::SLOTS,
        &pool::SPARE,
        &class::TABLE,
        &label::LABELS,
        &subclass::SUBCLASSES,
        &panicked::PANICKED,
        &party::SPARE,
        &expected::COUNTS,
        &reacquired::CALLS,
        &slot::OUTGROWN,
    ]
}
