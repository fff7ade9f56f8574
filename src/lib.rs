//! Finds lock-order inversions and deadlocks.

// Wrappers.
mod raw;

// Tracking.
pub mod instrument;

// Engine.
mod engine;

// Out.
pub mod config;
pub mod report;
mod sink;
