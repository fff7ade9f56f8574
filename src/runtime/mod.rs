//! The runtime: the start of the detector, the attachment of threads, other copies, fork and exit handlers.

pub(crate) mod copies;
mod exit;
mod fork;
mod install;
pub(crate) mod later_looks;
pub(crate) mod status;
mod thread_name;
pub(crate) mod threads;
