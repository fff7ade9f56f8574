//! `once_cell` 1, watched.
//!
//! The original is compiled beside this crate. Its `sync` has the records of one-time initialisation here, as the types
//! of `std` have them; `unsync` and `race`, in which no thread waits, are its own. So is all of it without the feature
//! `std`, where `sync` waits in critical sections, if it is there.

#![cfg_attr(not(feature = "std"), no_std)]
#![allow(clippy::all)]

#[cfg(feature = "std")]
pub mod sync;

#[doc(inline)]
pub use once_cell_original::*;
