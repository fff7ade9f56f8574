//! The order graph: which lock was requested while which was held, and which cycles result.
//!
//! For each acquisition it returns the findings that the acquisition adds. A known edge in a known
//! context costs a look-up; a new edge costs the Pearce–Kelly maintenance of a topological order; cycles are
//! searched only where that order shows that there is one. The README of the engine says why this is correct,
//! what it costs and what it cannot see.

mod classify;
mod context;
mod cycle;
mod cycle_step;
mod edge;
mod finding;
mod gates;
mod graph;
mod hash;
mod limits;
mod path;
mod prune;
mod queued_writers;
mod rank;
mod reach;
mod repeats;
mod reported_cycles;
mod scratch;
mod store;
mod table;
#[cfg(test)]
#[path = "../../../tests/unit/engine/order_graph/mod.rs"]
mod tests;
mod writers;

pub(crate) use graph::OrderGraph;
pub(crate) use hash::{Hashes, hash_of};
pub(crate) use limits::Limits;
pub(crate) use repeats::FEWEST as FEWEST_REPEATED;
pub(crate) use table::IdTable;
