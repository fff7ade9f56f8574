//! [`std::sync`](bare::sync), with watched locks.

#[doc(no_inline)]
pub use bare::sync::*;
#[doc(no_inline)]
#[expect(deprecated, reason = "std still has it")]
pub use lockwarden::sync::ONCE_INIT;
#[doc(no_inline)]
pub use lockwarden::sync::{
    Barrier, BarrierWaitResult, Condvar, LazyLock, Mutex, MutexGuard, Once, OnceLock, RwLock,
    RwLockReadGuard, RwLockWriteGuard, WaitTimeoutResult,
};

#[cfg(feature = "atomics")]
pub mod atomic;
pub mod mpsc;
