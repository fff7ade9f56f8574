//! `tokio::sync`, whose waits and holds are watched.
//!
//! Names, signatures, fairness and cancel safety are those of tokio. What differs is that functions
//! which are `async fn` there return a named wait here, and that guards and handles are types of this
//! crate; `as_tokio` is on those that other crates expect in tokio's own type.

#[doc(no_inline)]
pub use tokio::sync::*;

pub(crate) mod acquire;
mod barrier;
mod blocking;
pub mod broadcast;
mod budget;
pub(crate) mod channel_macros;
pub(crate) mod eager;
mod fast_semaphore;
pub(crate) mod guard_macros;
mod keep;
mod locking;
pub mod mpsc;
mod mutex;
mod mutex_guards;
mod notifications;
mod notify;
mod once_cell;
pub mod oneshot;
pub(crate) mod permits;
mod primitives;
mod rarely;
mod raw;
mod rwlock;
mod rwlock_guards;
mod semaphore;
mod set_once;
pub(crate) mod sited;
pub mod watch;
pub(crate) mod watched;

pub use self::barrier::{Barrier, BarrierWaitResult};
pub use self::mutex::Mutex;
pub use self::mutex_guards::{
    MappedMutexGuard, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
};
pub use self::notify::Notify;
pub use self::once_cell::OnceCell;
pub use self::rwlock::RwLock;
pub use self::rwlock_guards::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard,
    RwLockMappedWriteGuard, RwLockReadGuard, RwLockWriteGuard,
};
pub use self::semaphore::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
pub use self::set_once::SetOnce;

/// The futures of this module that have names.
pub mod futures {
    pub use super::notify::{Notified, OwnedNotified};
}
