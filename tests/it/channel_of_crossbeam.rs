//! The suite on crossbeam's own channels: proof that what it demands of ours is what those do.

// The file is that of `channel_of_lockwarden`, compiled a second time with another `channel`.
#![allow(clippy::duplicate_mod)]

use crossbeam_channel as channel;

#[path = "channel_suite.rs"]
mod suite;
