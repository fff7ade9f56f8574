//! Several locks at once, in an order that every thread agrees on.
//!
//! Threads that take the same locks in different orders can deadlock. [`acquire`] takes them in
//! the ascending order of their ids, whatever order they are written in, so that threads that
//! use it for all they hold cannot deadlock over those locks. It takes mutexes and reader-writer
//! locks of both flavours, mixed as they come.
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
//! A set of locks that this thread cannot take in order is not waited for: the answer is a
//! [`LockOrderViolation`], and nothing is locked. That is the case if a lock stands in the set
//! twice, if the thread holds one of them already, or if it holds any lock, taken here or by
//! itself, that is above one of the set.
//!
//! Without instrumentation, nothing is known of the locks that a thread holds. The order is then
//! that of their addresses, which do not change while they are borrowed, and only a lock that
//! stands in the set twice is refused.
//!
//! # Cost
//!
//! For a tuple, sorting up to eight ids, and no allocation. For the others, three vectors.

mod guards;
mod lockable;
mod many;
mod tuple;
mod violation;

use std::mem::offset_of;
use std::panic::Location;

pub use self::guards::{GuardSet, Guards};
pub use self::lockable::{Lockable, Read, Write, read, write};
pub use self::many::{Each, each};
pub use self::violation::LockOrderViolation;
use crate::instrument::{Lock, Site};
pub use crate::instrument::{LockRef, ViolationReason};
use crate::raw::{RawFairMutex, RawMutex, RawRemutex, RawRwLock, RawRwLockRecursive};

// Without instrumentation a lock is known by the address of its record, which has no size. At the
// start of the raw lock, which has one, no other record can have the same address.
const _: () = assert!(
    size_of::<Lock>() > 0
        || (offset_of!(RawMutex, record) == 0
            && offset_of!(RawFairMutex, record) == 0
            && offset_of!(RawRemutex, record) == 0
            && offset_of!(RawRwLock, record) == 0
            && offset_of!(RawRwLockRecursive, record) == 0)
);

/// Takes all of `locks`, in the ascending order of their ids, and returns their guards in the
/// order in which they were written.
///
/// `locks` is a tuple of up to eight, each a `&mutex`, [`read`]`(&lock)` or [`write`](write())`(&lock)`; or
/// any number of one kind: a slice, an array, a vector, or [`each`]`(iterator)`. For a lock of
/// the std flavour, the guard comes in its `LockResult`; [`Guards::checked`] opens them all.
///
/// # Errors
///
/// [`LockOrderViolation`] if a lock is asked for twice and, in an instrumented build, if this
/// thread holds a lock that is not below all of `locks`. Nothing is locked then.
///
/// # Panics
///
/// As the acquisitions of the locks themselves do, if a deadlock is found. Those that were taken
/// before are then released.
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

/// Locks that can be taken together: what [`acquire`] accepts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of locks",
    note = "give a tuple of locks, `(&a, &b)`, a slice or vector of them, or `each(iterator)`"
)]
pub trait Acquire {
    /// The guards: a tuple or a vector.
    type Guards: GuardSet;

    /// Takes the locks for the call at `site`.
    ///
    /// # Errors
    ///
    /// As [`acquire`] says.
    #[doc(hidden)]
    fn acquire_at(self, site: Site) -> Result<Guards<Self::Guards>, LockOrderViolation>;
}
