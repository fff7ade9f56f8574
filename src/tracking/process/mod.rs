//! What is recorded of the process: all slots, threads that are about to start, and the state of resources.

pub(crate) mod os_threads;
pub(crate) mod panicked_threads;
pub(crate) mod pending_spawns;
pub(crate) mod reacquired;
pub(crate) mod registry;
pub(crate) mod resource_state;
