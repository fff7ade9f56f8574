//! The order graph: which lock was asked for while which was held, and what its cycles mean.
//!
//! The graph is fed with acquisitions and answers with the findings that each one makes new.
//! A known edge in a known context costs a look-up; a new edge costs the Pearce–Kelly
//! maintenance of a topological order; cycles are searched for only where that order says that
//! there is one. Why this is correct, what it costs and what it cannot see stands in the
//! README of the engine.

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
mod reported_cycles;
mod store;
#[cfg(test)]
mod tests;
mod writers;

pub(crate) use graph::OrderGraph;
pub(crate) use hash::IdMap;
pub(crate) use limits::Limits;
