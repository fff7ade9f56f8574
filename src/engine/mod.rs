//! The engine: order graph, cycles and their verdicts, wait-for reduction.
//!
//! Pure: no statics, no thread-locals, no I/O, no time. Its input consists of acquisitions and waits,
//! its output of findings, all made of ids; the detector adds names, stacks and text.

pub(crate) mod acquisition;
pub(crate) mod clock;
pub(crate) mod counts;
pub(crate) mod ids;
pub(crate) mod lists;
pub(crate) mod mode;
pub(crate) mod order_graph;
pub(crate) mod random;
pub(crate) mod reacquisition;
pub(crate) mod sorting;
pub(crate) mod verdict;
pub(crate) mod wait_for;
pub(crate) mod wait_reason;
