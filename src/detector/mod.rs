//! The one process-wide detector: threads in, findings of the engine in, reports out.
//!
//! Everything here is off the fast path. No function calls a sink, or anything else that is not
//! ours, while it holds the detector's lock: what was found is described under the lock, and
//! [`publish`](publish::publish)ed by the caller when it holds nothing.

pub(crate) mod abandoned;
pub(crate) mod assertion;
mod classes;
pub(crate) mod deadlock;
mod declaration;
mod declared;
mod describe;
mod exit;
mod fork;
#[cfg(all(loom, test))]
mod models;
mod name;
pub(crate) mod observe;
pub(crate) mod order;
mod publish;
pub(crate) mod section;
mod state;
mod status;
mod stuck;
pub(crate) mod succession;
mod tally;
mod threads;
pub(crate) mod trial;
pub(crate) mod writing;

pub use self::declaration::{declare_order, declare_order_file};
pub(crate) use self::describe::{card, held_here, name};
pub(crate) use self::order::{relabel, retire};
pub(crate) use self::publish::{
    Panic, Published, aside, can_unwind, end_in, publish, publish_stall,
};
pub use self::status::status;
pub(crate) use self::stuck::publish_stuck;
#[cfg(feature = "metrics")]
pub(crate) use self::tally::reported;

/// Whether this build is instrumented. A constant, so that a branch on it costs nothing.
pub(crate) const ON: bool = cfg!(any(debug_assertions, feature = "always"));
pub(crate) use self::threads::{attach, detach_agent, note_panic, with_own, with_own_at_hand};
