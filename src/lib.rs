//! Finds lock-order inversions and deadlocks.

mod engine;
