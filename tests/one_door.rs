//! The types that a program imports, compiled as the code of another crate: so they use the public interface of
//! `lockwarden`, and of `instrument` above all, and nothing else. Their unit tests run here, too.

#![allow(
    dead_code,
    missing_docs,
    private_bounds,
    private_interfaces,
    // Some lints look at public items alone, and these are private here.
    unfulfilled_lint_expectations,
    unreachable_pub,
    unused_imports
)]
#![cfg(all(
    feature = "channel",
    feature = "pool",
    feature = "queue",
    feature = "timer"
))]

#[path = "../src/acquire/mod.rs"]
mod acquire;
#[path = "../src/extra/mod.rs"]
mod extra;
#[path = "../src/parking_lot/mod.rs"]
mod parking_lot;
#[path = "../src/raw/mod.rs"]
mod raw;
#[path = "../src/sync/mod.rs"]
mod sync;
#[path = "../src/thread/mod.rs"]
mod thread;

// The names by which they refer to the rest of their own crate.
use lockwarden::{instrument, watchdog};

use extra::{channel, queue};
