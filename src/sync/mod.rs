//! Tracked locks and channels with std's interface: import `lockwarden::sync` in place of
//! `std::sync`.
//!
//! [`Mutex`], [`RwLock`] and [`Condvar`], with their guards, have the names, signatures, traits,
//! poisoning and `Debug` output of `std::sync`, and record every acquisition, wait and release in
//! the detector. Beyond std they have `named` constructors, whose name replaces the construction
//! site in reports, and `set_label`, which names one instance.
//!
//! The following also establish a happens-before order; opposite lock orders on its two sides
//! cannot deadlock, as observed ([`Verdict::Ordered`](crate::report::Verdict::Ordered)):
//!
//! - [`mpsc`]: what a thread did before it sent a message happens before what follows the receipt.
//! - [`Condvar`]: what a thread did before it notified a waiter happens before what the waiter does
//!   after it wakes. This is recorded only if it was the only notification during the wait, since
//!   otherwise another one may have woken the waiter.
//! - [`Barrier`]: what the threads did before they arrived happens before all that they do after
//!   it.
//! - [`Once`], [`OnceLock`], [`LazyLock`]: the initialiser happens before what a thread does after
//!   it has seen that the initialisation is done.
//! - [`Event`]: what preceded the `set` happens before what a thread does after it has seen the
//!   event set.
//! - [`Semaphore`] without initial permits: what preceded the releases happens before what a thread
//!   does after it has acquired all permits.
//!
//! The release of a lock and its next acquisition establish no order.
//!
//! # Waits
//!
//! A wait for a permit, an event, the other threads of a barrier or the end of an initialisation is
//! recorded, and is part of a [`Deadlock`](crate::report::Verdict::Deadlock) if no thread is left
//! that could end it. An initialisation can only be ended by the thread that runs it: if that
//! thread waits in turn, for the value that the first one initialises or for a lock that it holds,
//! the deadlock is reported at once; a thread that waits for itself is reported before it blocks
//! ([`SelfDeadlock`](crate::report::Verdict::SelfDeadlock)). Permits, events and arrivals may come
//! from any thread: such a wait is reported once no thread of the process can run. Waits with a
//! timeout are never reported. A wait for permits, an event, arrivals or a notification under a lock
//! that the thread which would end it needs is reported when it hangs, and not predicted before.
//!
//! # Beyond std
//!
//! [`Semaphore`], [`BoundedSemaphore`] and [`Event`] have no counterpart in std; and a thread can
//! break a [`Barrier`] at which not all threads will arrive.
//!
//! Everything else in this module is re-exported from std, so that the import can be replaced as a
//! whole: [`Arc`], [`Weak`], [`atomic`] and the types around poisoning. The detector does not track
//! those.
//!
//! # Examples
//!
//! ```
//! use std::thread;
//! use lockwarden::sync::{Arc, Mutex};
//!
//! let account = Arc::new(Mutex::named("account", 100));
//! let handle = thread::spawn({
//!     let account = Arc::clone(&account);
//!     move || *account.lock().unwrap() -= 30
//! });
//! handle.join().unwrap();
//! assert_eq!(*account.lock().unwrap(), 70);
//! ```
//!
//! # What it cannot see
//!
//! - A hand-over through an untracked primitive, such as an [`atomic`] that serves as a flag.
//! - The order that a full channel establishes for a sender that waits until a message was
//!   received.
//! - A wait for a permit, an event or a barrier, while any thread of the process runs, sleeps, or
//!   waits for something untracked: that thread might end the wait.
//! - The exit of the last untracked thread, if all others wait for locks and condition variables:
//!   such waits do not wake up to check again.
//! - The order of an initialisation for all of more than 64 threads that access one `Once`,
//!   `OnceLock` or `LazyLock`: the record has one word with a bit per thread number modulo 64, so
//!   some of the threads count as concurrent with the initialiser. An initialiser that panicked
//!   orders nothing.
//!
//! # Differences from std
//!
//! - The locks are implemented by `parking_lot`. `Condvar` panics if it is used with two mutexes at
//!   the same time, which std permits itself to do too, but does not do on every platform.
//! - In an instrumented build, an acquisition that would complete a deadlock panics, where std
//!   would block for ever or, for a lock that the thread already holds, block or panic. So does a
//!   wait for a barrier or an initialisation. An initialiser that accesses its own value panics,
//!   where std leaves open whether it blocks or panics.
//!
//! # Cost
//!
//! Without instrumentation, an acquisition costs what it costs with `parking_lot`, plus the poison
//! check that std makes: one read of the thread's panic count at each end of an exclusive hold, and
//! one load of a flag beside the lock. A mutex has two bytes beside its value (a `Mutex<u64>` has
//! 16 bytes, as std's), and a `RwLock` one byte more than `parking_lot`'s. The channels, `Once`,
//! `OnceLock` and `LazyLock` are std's; `Barrier` is implemented here, on a `parking_lot` lock.
//! Acquiring an available permit, or releasing one without waiters, costs one compare-and-swap;
//! waiting for an event that is set costs one load.
//!
//! With instrumentation, a hand-over costs some tens of nanoseconds. If the thread that hands over
//! has made a nested acquisition since the last time, both threads check each nested acquisition
//! that follows anew, once. An access to a `Once` that is done, or an `Event` that is set, costs
//! one load more, except for the first time in a thread. A wait costs nothing more within its first
//! millisecond.

mod barrier;
mod condvar;
pub mod mpsc;
mod mutex;
pub(crate) mod once;
mod poison;
mod poisoned_lock;
mod raw;
mod rwlock;
mod tracked;

pub use std::sync::{
    Arc, LockResult, OnceState, PoisonError, TryLockError, TryLockResult, Weak, atomic,
};

pub use self::barrier::{Barrier, BarrierTimeoutError, BarrierWaitResult, BrokenBarrierError};
pub use self::condvar::{Condvar, WaitTimeoutResult};
pub use self::mutex::{Mutex, MutexGuard};
pub use self::once::{LazyLock, Once, OnceLock};
pub use self::rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use crate::extra::event::Event;
pub use crate::extra::semaphore::{BoundedSemaphore, Permit, Semaphore, TooManyReleases};

/// A [`Once`] that has run nothing, as [`std::sync::ONCE_INIT`] is.
#[allow(clippy::declare_interior_mutable_const)]
#[deprecated(since = "0.1.0", note = "as in std: use `Once::new`")]
pub const ONCE_INIT: Once = Once::new();
