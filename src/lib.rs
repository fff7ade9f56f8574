//! Finds lock-order inversions and deadlocks.

// Wrappers.
mod raw;

// Tracking.
pub mod instrument;
mod tracking;

// Engine.
mod engine;

// Out.
pub mod config;
mod detector;
pub mod report;
mod sink;

pub use self::detector::status;
