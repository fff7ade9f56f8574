//! The programs with the original locks.

/// The locks and threads of the programs.
mod flavour {
    pub(crate) use parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard};
    pub(crate) use std::thread;
}

/// Those of the programs that use the ones of the standard library.
mod std_flavour {
    pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, RwLock, mpsc};
    pub(crate) use std::thread;
}

#[path = "handover.rs"]
pub(crate) mod handover;
#[path = "kv_server.rs"]
pub(crate) mod kv_server;
#[path = "ledger.rs"]
pub(crate) mod ledger;
#[path = "../../examples/kv_server/program/mod.rs"]
mod program;
