//! Finds lock-order inversions and deadlocks.

// Wrappers.
pub mod parking_lot;
mod raw;

// Tracking.
pub mod instrument;

// Engine.
mod engine;
