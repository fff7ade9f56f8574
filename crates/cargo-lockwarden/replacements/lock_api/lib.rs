//! `lock_api` 0.4, watched: its interface, over locks that keep a record.
//!
//! A lock is whatever a raw lock makes of it, as in the original; beside the raw lock stands the
//! record of `lockwarden`, which learns of each acquisition and release that goes through the types
//! of this crate.
//!
//! # What is not seen
//!
//! A lock that is handed out by `raw` is locked and released behind the record's back, so from that
//! call on it is not watched. A hold that is released by `force_unlock` is taken for one of the
//! calling thread.

// Not every combination of features uses every macro, and what the original does not document is not
// documented here either.
#![allow(clippy::all, missing_debug_implementations, unused_macros)]

extern crate alloc;

#[macro_use]
mod guard;
mod kind;
mod mutex;
mod raw;
mod record;
mod remutex;
mod rwlock;

/// What the replacement of `parking_lot` needs beside the interface of the original.
#[doc(hidden)]
pub mod watched {
    pub use crate::mutex::{record_of, wait};
}

pub use crate::mutex::*;
pub use crate::raw::*;
pub use crate::remutex::*;
pub use crate::rwlock::*;
