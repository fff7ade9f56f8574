//! The process-wide detector: acquisitions and waits of threads in, reports out.
//!
//! Everything here is off the fast path. No function calls a sink, or any other code outside this crate,
//! while it holds the detector's lock: a finding is described under the lock, and
//! [`publish`](publish::publish)ed by the caller when it holds no lock of the detector.

pub(crate) mod abandoned;
pub(crate) mod check_session;
pub(crate) mod counters;
pub(crate) mod deadlock;
pub(crate) mod describe;
pub(crate) mod happens_before;
mod lock_info;
#[cfg(all(loom, test))]
#[path = "../../tests/models/detector.rs"]
mod models;
pub(crate) mod observation;
pub(crate) mod observe;
pub(crate) mod order;
pub(crate) mod panic;
pub(crate) mod publish;
pub(crate) mod state;
pub(crate) mod times;
pub(crate) mod writing;

#[cfg(feature = "metrics")]
pub(crate) use self::counters::reported;
pub(crate) use self::describe::{held_here, inherited_here};
pub(crate) use self::lock_info::{lock_info, name};
pub(crate) use self::order::check::{relabel, retire};
pub(crate) use self::panic::{Panic, can_unwind, end_in};
pub(crate) use self::publish::{Published, publish, publish_stall, publish_stuck};

/// Whether this build is instrumented. A constant, so that a branch on it costs nothing.
pub const ON: bool = cfg!(any(debug_assertions, feature = "always"));
pub(crate) use crate::tracking::thread::own::{identify, identify_at, with_own, with_own_at_hand};
