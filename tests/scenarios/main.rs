//! Patterns of real blocking bugs as small kernels, and patterns that only look like bugs, each
//! with the verdict it must get.
//!
//! Every case owns its process: the test binary starts itself again, runs the one case there and
//! compares what was found with what was expected (see [`harness`]). Interleavings are forced by
//! turns (see [`turns`]), never by sleeping.

// With guards that may be sent, the holder of a lock of `parking_lot`'s flavour is unknown, and its
// deadlocks are not reported: then these guards are what is tested, and little of the harness is used.
#![cfg(any(debug_assertions, feature = "always"))]
#![cfg_attr(feature = "send_guard", allow(dead_code, unused_imports))]

#[path = "../support/child.rs"]
mod child;
#[cfg(not(feature = "send_guard"))]
mod condvar;
#[cfg(not(feature = "send_guard"))]
mod deadlock;
#[cfg(not(feature = "send_guard"))]
mod guards;
mod harness;
#[cfg(not(feature = "send_guard"))]
mod kinds;
#[cfg(not(feature = "send_guard"))]
mod matrix;
#[cfg(not(feature = "send_guard"))]
mod order;
#[cfg(not(feature = "send_guard"))]
mod robust;
#[cfg(not(feature = "send_guard"))]
mod rwlock_modes;
#[cfg(not(feature = "send_guard"))]
mod schedule;
#[cfg(not(feature = "send_guard"))]
mod self_deadlock;
#[cfg(feature = "send_guard")]
mod sent;
#[cfg(not(feature = "send_guard"))]
mod silent;
#[cfg(not(feature = "send_guard"))]
mod stall;
#[cfg(not(feature = "send_guard"))]
mod thread_exit;
#[cfg(not(feature = "send_guard"))]
mod together;
mod turns;
#[path = "../support/verdicts.rs"]
mod verdicts;
