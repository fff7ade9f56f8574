//! Tracked locks with the interface of the crate `parking_lot`.
//!
//! The module has every name of `parking_lot` 0.13, with the same signature and behaviour: to adopt
//! the detector, replace `parking_lot` by `lockwarden::parking_lot`. In a build without
//! instrumentation, each lock has the size of the original and compiles to its instructions.
//!
//! # Examples
//!
//! ```
//! use lockwarden::parking_lot::{Mutex, RwLock};
//!
//! struct Account { balance: Mutex<i64>, owner: RwLock<String> }
//!
//! let account = Account {
//!     balance: Mutex::new(10),
//!     owner: RwLock::named("owner", "ada".into()),
//! };
//! account.balance.set_label("the account of ada");
//! *account.balance.lock() -= 3;
//! assert_eq!(*account.balance.lock(), 7);
//! assert_eq!(*account.owner.read(), "ada");
//! ```
//!
//! # Beyond the original
//!
//! A lock belongs to a *class*, which is the construction site, or the name given to `named`. An
//! order recorded for one lock holds for its class. `set_label` names one instance, in reports
//! only.
//!
//! # What differs
//!
//! - The locks are separate types, not aliases of those of [`lock_api`], since `new` records its
//!   call site. Code that is generic over `lock_api::Mutex<R, T>` takes
//!   `lock_api::Mutex<lockwarden::parking_lot::RawMutex, T>`, whose class is a line of this crate.
//! - The guards that own an `Arc` (feature `arc_lock`) are those of `lock_api`: their `mutex` and
//!   `into_arc` return an `Arc` of its lock, which `from_inner_arc` turns into one of this
//!   module's. Where such a guard reacquires a lock that it has released, reports show the line of
//!   `lock_api`, and a deadlock that panics there aborts the process.
//! - The inner raw lock of a [`ReentrantMutex`] is a [`RawRemutex`].
//! - The raw locks keep their state per acquisition in a [`Hold`](crate::instrument::Hold).
//! - There is no module `deadlock`: the whole crate takes its place.
//!
//! # What is not seen
//!
//! With the feature `send_guard`, a guard may be in another thread than the one that acquired the
//! lock, and the detector does not know in which. The order of these locks is recorded for the
//! acquiring thread as usual; but verdicts that require that this thread still holds the lock
//! (`Deadlock`, `SelfDeadlock`, `Abandoned`) are not reported for them.

mod acquire;
#[cfg(feature = "arc_lock")]
mod arc;
mod condvar;
mod guard;
mod lock;
mod lockable;
mod mutex;
mod once;
mod outcome;
mod relock;
mod remutex;
mod remutex_guard;
mod rwlock;
#[cfg(feature = "serde")]
mod serde;
mod tracked;
mod upgrade;

pub use ::lock_api;
pub use ::parking_lot::OnceState;
#[cfg(feature = "arc_lock")]
pub use lock_api::{
    ArcMutexGuard, ArcReentrantMutexGuard, ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard,
    ArcRwLockWriteGuard,
};

pub use self::condvar::{Condvar, WaitTimeoutResult};
pub use self::mutex::{
    FairMutex, FairMutexGuard, MappedFairMutexGuard, MappedMutexGuard, Mutex, MutexGuard,
};
pub use self::once::Once;
pub use self::remutex::{RawThreadId, ReentrantMutex};
pub use self::remutex_guard::{MappedReentrantMutexGuard, ReentrantMutexGuard};
pub use self::rwlock::{
    MappedRecursiveRwLockReadGuard, MappedRecursiveRwLockWriteGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard, RecursiveRwLock, RecursiveRwLockReadGuard,
    RecursiveRwLockUpgradableReadGuard, RecursiveRwLockWriteGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
pub use crate::raw::{
    RawCondvar, RawFairMutex, RawMutex, RawRemutex, RawRwLock, RawRwLockRecursive,
};
