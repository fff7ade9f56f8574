//! Finds lock-order inversions and deadlocks.

// Wrappers.
pub mod acquire;
pub mod parking_lot;
pub mod sync;

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
pub use self::detector::status;
