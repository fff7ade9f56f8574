//! The programs with watched locks.

/// The locks and threads of the programs.
mod flavour {
    pub(crate) use lockwarden::parking_lot::{Condvar, Mutex, RwLock, RwLockReadGuard};
    pub(crate) use lockwarden::thread;
}

/// Those of the programs that use the ones named like those of the standard library.
mod std_flavour {
    pub(crate) use lockwarden::sync::{Condvar, Mutex, MutexGuard, RwLock, mpsc};
    pub(crate) use lockwarden::thread;
}

#[path = "handover.rs"]
pub(crate) mod handover;
#[path = "kv_server.rs"]
pub(crate) mod kv_server;
#[path = "ledger.rs"]
pub(crate) mod ledger;
#[path = "../../examples/kv_server/program/mod.rs"]
mod program;
