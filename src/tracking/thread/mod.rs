//! What is recorded of each thread: its slot, which other threads read, and its local state.

pub(crate) mod agent;
pub(crate) mod clock_ref;
pub(crate) mod current;
pub(crate) mod inherited_holds;
pub(crate) mod local;
pub(crate) mod lockset_hash;
pub(crate) mod own;
pub(crate) mod remote_panic;
pub(crate) mod section;
mod seen_cache;
pub(crate) mod signal_handler;
pub(crate) mod slot;
pub(crate) mod times;
mod variables;
pub(crate) mod wait;
