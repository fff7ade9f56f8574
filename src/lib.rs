//! Finds lock-order inversions and deadlocks.

// Wrappers.
pub mod acquire;
pub mod parking_lot;
pub mod sync;

// Raw locks under them.
mod raw;

// Tracking.
pub mod instrument;

// Engine.
mod engine;
