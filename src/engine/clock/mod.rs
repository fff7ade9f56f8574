//! Happens-before: vector clocks, and the timeline by which a thread has its own.

pub(crate) mod timeline;
pub(crate) mod vector_clock;
