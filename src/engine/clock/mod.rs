//! Happens-before: vector clocks, and the timeline of one thread.

pub(crate) mod timeline;
pub(crate) mod vector_clock;
