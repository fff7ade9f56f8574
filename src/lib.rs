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

// Raw locks under them.
mod raw;

// Tracking.
pub mod instrument;
mod tracking;

// Engine.
mod engine;

// Out.
pub mod config;
mod declare;
mod detector;
pub mod report;
mod sink;
pub mod suppress;

pub use self::acquire::{acquire, each, read, write};
pub use self::declare::OrderError;
pub use self::detector::{declare_order, declare_order_file, status};
