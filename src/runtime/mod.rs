//! The runtime: the start of the detector, the attachment of threads, other copies, fork and exit handlers.

pub(crate) mod copies;
mod exit;
mod fork;
pub(crate) mod status;
mod thread_name;
pub(crate) mod threads;
