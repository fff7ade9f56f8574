//! What spawn, join and scopes make of lock orders. Each case runs in a process of its own.

// A build without instrumentation finds nothing.
#![cfg(any(debug_assertions, feature = "always"))]

mod harness;
mod sections;
mod spawned;
mod surrounded;
