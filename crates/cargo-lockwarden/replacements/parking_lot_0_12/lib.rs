//! `parking_lot` 0.12, watched.
//!
//! The original is compiled beside this crate, over the watched `lock_api`, which makes its mutexes
//! watched ones. What is left is here: condition variables, one-time initialisation, the places where
//! locks are made, and that a writer which waits keeps new readers out.

#![allow(clippy::all)]

mod condvar;
mod raw_rwlock;

#[doc(inline)]
pub use parking_lot_original::*;

pub use self::condvar::{Condvar, WaitTimeoutResult};
pub use self::raw_rwlock::RawRwLock;
pub use lockwarden::parking_lot::{Once, OnceState};

/// A reader-writer lock.
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;
/// Holds a reader-writer lock as a reader.
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;
/// Holds a reader-writer lock as the writer.
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;
/// Holds a reader-writer lock as the reader that can become the writer.
pub type RwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;
/// Holds a reader-writer lock as a reader, with a part of its data.
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;
/// Holds a reader-writer lock as the writer, with a part of its data.
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;

/// An unlocked mutex.
#[track_caller]
pub const fn const_mutex<T>(val: T) -> Mutex<T> {
    Mutex::new(val)
}

/// An unlocked fair mutex.
#[track_caller]
pub const fn const_fair_mutex<T>(val: T) -> FairMutex<T> {
    FairMutex::new(val)
}

/// An unlocked reentrant mutex.
#[track_caller]
pub const fn const_reentrant_mutex<T>(val: T) -> ReentrantMutex<T> {
    ReentrantMutex::new(val)
}

/// An unlocked reader-writer lock.
#[track_caller]
pub const fn const_rwlock<T>(val: T) -> RwLock<T> {
    RwLock::new(val)
}
