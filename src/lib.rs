//! Finds lock-order inversions and deadlocks.

// Wrappers.
mod raw;

// Tracking.
pub mod instrument;

// Engine.
mod engine;
