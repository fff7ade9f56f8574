//! The watchdog as a program has it: what it does about an alert, what it refuses, and dumps.
//!
//! There is one watchdog in a process, so each case runs in one of its own: the test binary starts
//! itself again (see [`child`]). What a stall is reported by is tested with the scenarios.

#![cfg(any(debug_assertions, feature = "always"))]

#[cfg(unix)]
mod actions;
mod child;
mod deadlock;
mod environment;
mod errors;
#[cfg(feature = "json")]
mod events;
mod exempt;
#[cfg(feature = "timer")]
mod periods;
mod places;
#[cfg(feature = "json")]
#[path = "../support/schema.rs"]
mod published;
#[cfg(feature = "json")]
mod schema;
#[cfg(all(feature = "signals", target_os = "linux"))]
mod stacks;
#[cfg(all(feature = "systemd", unix))]
mod systemd;
#[cfg(all(feature = "signals", target_os = "linux"))]
mod under_load;
