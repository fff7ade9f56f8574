//! What the benches share: the locks that are measured, what is done with them, and how samples are
//! taken.
//!
//! The packages under `crates/` that measure other crates include these files too, so that every
//! figure comes from the same loops.

#![allow(dead_code, unreachable_pub, reason = "no bench uses all of it")]

pub mod cases;
pub mod random;
pub mod rounds;
pub mod subject;
