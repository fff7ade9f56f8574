//! The interface of `parking_lot` 0.12, over the watched locks of [`lockwarden`].
//!
//! In the manifest of a crate that uses `parking_lot` 0.12, the dependency is renamed, and its sources
//! stay as they are:
//!
//! ```toml
//! [dependencies]
//! parking_lot = { package = "lockwarden-parking-lot", version = "0.1" }
//! ```
//!
//! To watch the locks of all crates of a program at once, without a change to a manifest, use
//! `cargo lockwarden`, under which `parking_lot` 0.12 keeps its own locks.
//!
//! # Examples
//!
//! ```
//! use lockwarden_parking_lot as parking_lot;
//! use parking_lot::{Mutex, RwLock, const_mutex};
//!
//! static COUNT: Mutex<u32> = const_mutex(1);
//!
//! *COUNT.lock() += 1;
//! assert_eq!(*COUNT.lock(), 2);
//! assert_eq!(*RwLock::new("read").read(), "read");
//! ```
//!
//! # Differences from `parking_lot` 0.12
//!
//! - The locks are those of 0.13 underneath: they have no eventual fairness, so a thread that takes a
//!   lock again at once can keep others waiting.
//! - [`lock_api`] is 0.5: code that names its types, or has raw locks of its own under them, is
//!   written for 0.4 and does not compile. Under `cargo lockwarden` it does.
//! - [`RwLock`] has no `read_recursive`, nor its kinds with a limit or an `Arc`: a lock of 0.13 permits recursive
//!   reads always, as [`RecursiveRwLock`] does, or never. Under `cargo lockwarden` they are there.
//! - `wait_while_for` and `wait_while_until` of a [`Condvar`] look at the condition once more when the time is over,
//!   and have timed out only if it still holds.
//! - The constructors `const_new` are gone, in favour of `from_raw`, and [`MappedRwLockReadGuard`]'s
//!   `try_map_or_else` is named `try_map_or_err`, as that of the other guards.
//! - The features `deadlock_detection`, `hardware-lock-elision` and `nightly` do nothing, and there is
//!   no module `deadlock`.
//!
//! # Cost
//!
//! That of [`lockwarden::parking_lot`].

#[doc(no_inline)]
pub use lockwarden::parking_lot::*;

/// An unlocked mutex: [`Mutex::new`] under the name of 0.12.
///
/// # Examples
///
/// ```
/// use lockwarden_parking_lot::{Mutex, const_mutex};
///
/// static TOTAL: Mutex<u32> = const_mutex(7);
/// assert_eq!(*TOTAL.lock(), 7);
/// ```
#[inline]
#[must_use]
#[track_caller]
pub const fn const_mutex<T>(value: T) -> Mutex<T> {
    Mutex::new(value)
}

/// An unlocked fair mutex: [`FairMutex::new`] under the name of 0.12.
///
/// # Examples
///
/// ```
/// use lockwarden_parking_lot::{FairMutex, const_fair_mutex};
///
/// static TOTAL: FairMutex<u32> = const_fair_mutex(7);
/// assert_eq!(*TOTAL.lock(), 7);
/// ```
#[inline]
#[must_use]
#[track_caller]
pub const fn const_fair_mutex<T>(value: T) -> FairMutex<T> {
    FairMutex::new(value)
}

/// An unlocked reentrant mutex: [`ReentrantMutex::new`] under the name of 0.12.
///
/// # Examples
///
/// ```
/// use lockwarden_parking_lot::{ReentrantMutex, const_reentrant_mutex};
///
/// static TOTAL: ReentrantMutex<u32> = const_reentrant_mutex(7);
/// let outer = TOTAL.lock();
/// assert_eq!(*TOTAL.lock(), *outer);
/// ```
#[inline]
#[must_use]
#[track_caller]
pub const fn const_reentrant_mutex<T>(value: T) -> ReentrantMutex<T> {
    ReentrantMutex::new(value)
}

/// An unlocked reader-writer lock: [`RwLock::new`] under the name of 0.12.
///
/// # Examples
///
/// ```
/// use lockwarden_parking_lot::{RwLock, const_rwlock};
///
/// static TOTAL: RwLock<u32> = const_rwlock(7);
/// assert_eq!(*TOTAL.read(), 7);
/// ```
#[inline]
#[must_use]
#[track_caller]
pub const fn const_rwlock<T>(value: T) -> RwLock<T> {
    RwLock::new(value)
}
