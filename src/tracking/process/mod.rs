//! What is recorded of the process: all slots, threads that are about to start, the state of resources, and the alerts
//! that call the program.

pub(crate) mod alerts;
pub(crate) mod os_threads;
pub(crate) mod panicked_threads;
pub(crate) mod pending_spawns;
pub(crate) mod reacquired;
pub(crate) mod registry;
pub(crate) mod resource_state;
