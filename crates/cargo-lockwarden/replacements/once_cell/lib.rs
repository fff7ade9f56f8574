//! `once_cell` 1, watched.
//!
//! The original is compiled beside this crate. Its `sync` has the records of one-time initialisation here, as the types
//! of `std` have them; `unsync` and `race`, in which no thread waits, are its own. Without the feature `std`, the package
//! stays as it is.

#![allow(clippy::all)]

pub mod sync;

#[doc(inline)]
pub use once_cell_original::*;
