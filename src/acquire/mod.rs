//! Joint acquisition of several locks, in one order for all threads.
//!
//! Threads that acquire the same locks in different orders can deadlock. [`acquire`] acquires them
//! in the ascending order of their ids, in whatever order they are written, so threads that use it
//! for all their acquisitions cannot deadlock over these locks. It accepts any mixture of mutexes
//! and reader-writer locks of [`sync`](crate::sync) and [`parking_lot`](crate::parking_lot).
//!
//! ```
//! use lockwarden::acquire::{LockOrderViolation, acquire};
//! use lockwarden::sync::Mutex;
//!
//! struct Account { balance: Mutex<i64> }
//!
//! fn transfer(from: &Account, to: &Account, amount: i64) -> Result<(), LockOrderViolation> {
//!     let mut held = acquire((&from.balance, &to.balance))?.checked().unwrap();
//!     *held.0 -= amount;
//!     *held.1 += amount;
//!     Ok(())
//! }
//!
//! let (a, b) = (Account { balance: Mutex::new(10) }, Account { balance: Mutex::new(0) });
//! transfer(&a, &b, 7)?;
//! transfer(&b, &a, 2)?;
//! assert!(transfer(&a, &a, 1).is_err());
//! # Ok::<(), LockOrderViolation>(())
//! ```
//!
//! # What it refuses
//!
//! If the thread cannot acquire a set of locks in order, it does not wait: the call returns a
//! [`LockOrderViolation`], and locks nothing. That is the case if a lock occurs twice in the set,
//! if the thread already holds one of them, or if it holds any lock, acquired by this function or
//! another, whose id is above that of one of the set.
//!
//! Without instrumentation, held locks are not tracked. The order is then that of their addresses,
//! which are fixed while the locks are borrowed, and only a lock that occurs twice in the set is an
//! error.
//!
//! # Cost
//!
//! For a tuple, a sort of up to eight ids and no allocation; otherwise three vectors.

mod guards;
mod lockable;
mod many;
mod tuple;

use std::mem::offset_of;
use std::panic::Location;

pub use self::guards::{GuardSet, Guards};
pub use self::lockable::{Lockable, Read, Write, read, write};
pub use self::many::{Each, each};
use crate::instrument::{Lock, Site};
pub use crate::instrument::{LockOrderViolation, LockRef, ViolationReason};
use crate::raw::{RawFairMutex, RawMutex, RawRemutex, RawRwLock, RawRwLockRecursive};

// Without instrumentation the address of the zero-sized record identifies a lock. At the start of
// the raw lock, which is not zero-sized, no other record can have the same address.
const _: () = assert!(
    size_of::<Lock>() > 0
        || (offset_of!(RawMutex, inner.record) == 0
            && offset_of!(RawFairMutex, inner.record) == 0
            && offset_of!(RawRemutex, inner.record) == 0
            && offset_of!(RawRwLock, record) == 0
            && offset_of!(RawRwLockRecursive, record) == 0)
);

/// Acquires all of `locks`, in the ascending order of their ids, and returns their guards in the
/// order in which the locks are written.
///
/// `locks` is a tuple of up to eight, each a `&mutex`, [`read`]`(&lock)` or
/// [`write`](write())`(&lock)`; or any number of one type: a slice, an array, a vector, or
/// [`each`]`(iterator)`. For a lock of [`sync`](crate::sync), the guard is inside its `LockResult`;
/// [`Guards::checked`] unwraps them all.
///
/// # Errors
///
/// Returns [`LockOrderViolation`] if a lock is requested twice and, in an instrumented build, if
/// this thread holds a lock that is not below all of `locks`. No lock is acquired then.
///
/// # Panics
///
/// Panics as the acquisitions of the individual locks do, if a deadlock is found. The locks
/// acquired before are then released.
///
/// # Examples
///
/// ```
/// use lockwarden::acquire::{acquire, read, write};
/// use lockwarden::sync::{Mutex, RwLock};
///
/// let (log, rates, books) = (Mutex::new(vec![]), RwLock::new(2), RwLock::new(21));
/// {
///     let mut held = acquire((&log, read(&rates), write(&books)))?.checked().unwrap();
///     *held.2 *= *held.1;
///     let line = format!("books: {}", *held.2);
///     held.0.push(line);
/// }
///
/// let accounts: Vec<Mutex<u32>> = (0..10).map(Mutex::new).collect();
/// let held = acquire(&accounts)?.checked().unwrap();
/// assert_eq!(held.iter().map(|account| **account).sum::<u32>(), 45);
/// # Ok::<(), lockwarden::acquire::LockOrderViolation>(())
/// ```
#[track_caller]
pub fn acquire<A: Acquire>(locks: A) -> Result<Guards<A::Guards>, LockOrderViolation> {
    locks.acquire_at(Location::caller())
}

/// Locks that can be acquired together: the argument of [`acquire`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of locks",
    note = "give a tuple of locks, `(&a, &b)`, a slice or vector of them, or `each(iterator)`"
)]
pub trait Acquire {
    /// The set of guards: a tuple or a vector.
    type Guards: GuardSet;

    /// Acquires the locks for the call at `site`.
    ///
    /// # Errors
    ///
    /// Returns an error as [`acquire`] does.
    #[doc(hidden)]
    fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation>;
}
