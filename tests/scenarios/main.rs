//! Patterns of real blocking bugs as small kernels, and patterns that only look like bugs, each
//! with the verdict it must get.
//!
//! Every case owns its process: the test binary starts itself again, runs the one case there and
//! compares what was found with what was expected (see [`harness`]). Interleavings are forced by
//! turns (see [`turns`]), never by sleeping.

// With guards that may be sent, nobody can say who holds a lock of `parking_lot`'s flavour, and its
// deadlocks are not told.
#![cfg(all(any(debug_assertions, feature = "always"), not(feature = "send_guard")))]

mod condvar;
mod deadlock;
mod guards;
mod harness;
mod kinds;
mod matrix;
mod order;
mod robust;
mod rwlock_modes;
mod schedule;
mod self_deadlock;
mod silent;
mod thread_exit;
mod together;
mod turns;
