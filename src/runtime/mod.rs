//! The start of the detector, the life of its threads, and what a fork leaves of both.

mod exit;
mod fork;
pub(crate) mod status;
mod thread_name;
pub(crate) mod threads;
