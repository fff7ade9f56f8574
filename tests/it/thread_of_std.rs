//! The suite on std's own threads: proof that what it demands of ours is what std does.

// The files are those of `thread_of_lockwarden`, compiled a second time with another `thread`.
#![allow(clippy::duplicate_mod)]

use std::thread;

#[path = "thread_suite/ends.rs"]
mod ends;
#[path = "thread_suite/scopes.rs"]
mod scopes;
#[path = "thread_suite/surface.rs"]
mod surface;
