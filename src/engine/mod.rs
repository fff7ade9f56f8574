//! The engine: order graph, cycles and their verdicts, wait-for reduction.
//!
//! Pure: no statics, no thread-locals, no I/O, no clock. It is told of acquisitions in ids and
//! answers with findings made of ids; names, stacks and words are put to them further up.

pub(crate) mod acquisition;
pub(crate) mod counts;
pub(crate) mod ids;
pub(crate) mod mode;
pub(crate) mod order_graph;
#[cfg(test)]
mod random;
pub(crate) mod reacquisition;
pub(crate) mod verdict;
pub(crate) mod wait_reason;
// The rule is general. Who could bring a permit, or come to a barrier, is anyone, so the parts of it
// that count are not needed by what there is.
pub(crate) mod clock;
#[allow(dead_code)]
pub(crate) mod wait_for;
