//! The engine: order graph, cycles and their verdicts, wait-for reduction.
//!
//! Pure: no statics, no thread-locals, no I/O, no clock. It is told of acquisitions in ids and
//! answers with findings made of ids; names, stacks and words are put to them further up.

pub(crate) mod acquisition;
pub(crate) mod awaited;
pub(crate) mod clock;
pub(crate) mod counts;
pub(crate) mod ids;
pub(crate) mod mode;
pub(crate) mod order;
#[cfg(test)]
mod random;
pub(crate) mod reacquisition;
pub(crate) mod timeline;
pub(crate) mod verdict;
// The rule is general. Who could bring a permit, or come to a barrier, is anyone, so the parts of it
// that count are not needed by what there is.
#[allow(dead_code)]
pub(crate) mod waitfor;
