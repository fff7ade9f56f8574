//! Finds lock-order inversions and deadlocks.

// Without instrumentation the wrappers use nothing of what lies below the records.
#![cfg_attr(
    not(any(debug_assertions, feature = "always")),
    allow(dead_code, unused_imports)
)]

// Wrappers.
pub mod acquire;
pub mod parking_lot;
pub mod sync;
pub mod thread;

// Words of the user about locks.
mod declare;

// Raw locks under them.
mod raw;

// Tracking.
pub mod instrument;
mod tracking;

// Engine.
mod engine;

// Atomics.
mod primitives;

// Out.
pub mod config;
mod detector;
pub mod report;
mod sink;

pub use self::acquire::{acquire, each, read, write};
pub use self::declare::{OrderError, declare_order, declare_order_file};
pub use self::detector::status;
