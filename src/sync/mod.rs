//! The standard library's locks, watched: change `use std::sync` to `use lockwarden::sync`.
//!
//! [`Mutex`], [`RwLock`] and [`Condvar`], with their guards, have the names, signatures, traits,
//! poisoning and `Debug` output of `std::sync`, and tell the detector of every acquisition, wait
//! and release. Beside that they have two things of their own: `named` constructors, whose name
//! stands in reports instead of the place of construction, and `set_label`, for the name of one
//! instance.
//!
//! [`Condvar`], [`Barrier`] and the channels of [`mpsc`] tell it also of the order that a hand-over
//! makes: opposite lock orders on its two sides cannot deadlock, as observed
//! ([`Verdict::Ordered`](crate::report::Verdict::Ordered)). What a thread did before it sent a
//! message comes before what follows the receipt, and what it did before it notified a waiter comes
//! before what that one does when it is awake. The latter is claimed only if it was the only
//! notification while the other thread waited, since else another one may have woken it. What
//! threads did before they came to a barrier comes before all that they do when they go on. What
//! ran in a [`Once`], or made the value of a [`OnceLock`] or a [`LazyLock`], comes before what a
//! thread does that has seen that it is done. What was done before an [`Event`] was set comes before
//! what those do who see that it is, and what was done before a [`Semaphore`] without permits was
//! given some, before what the thread does that has taken them all. The release of a lock and its
//! next acquisition order nothing.
//!
//! # Waits
//!
//! A thread that waits for a permit, an event, the others at a barrier or the end of an
//! initialisation says so, and is part of a [`Deadlock`](crate::report::Verdict::Deadlock) if
//! nobody is left who could end its wait. An initialisation can only be ended by the thread that
//! runs it: if that waits in turn, for the value of the first or for a lock of whoever waits, it is
//! told at once, and before it blocks if it waits for itself
//! ([`SelfDeadlock`](crate::report::Verdict::SelfDeadlock)). Permits, events and arrivals may come
//! from any thread: such a wait is told once no thread of the process can move. Waits with a
//! timeout are never told.
//!
//! # Beyond std
//!
//! [`Semaphore`], [`BoundedSemaphore`] and [`Event`], which std does not have; and a [`Barrier`] can
//! be broken, by a thread that knows that not all will come.
//!
//! Everything else in this module is std's own, passed on so that the import can be replaced as
//! a whole: [`Arc`], [`Weak`], [`atomic`] and the types around poisoning. Those are not watched.
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
//! - A hand-over through something that is not of this module, such as an [`atomic`] that serves as
//!   a flag.
//! - The order that a full channel makes for a sender that waits until something was received.
//! - A thread that waits for a permit, an event or others at a barrier, while any thread of the
//!   process runs, sleeps, or waits for something that is not watched: nobody can say that it will
//!   not be the one to act.
//! - The end of the last thread that the detector does not know, if all others wait for locks and
//!   condition variables: these do not wake up to look again.
//! - Of more than 64 threads that look at one `Once`, `OnceLock` or `LazyLock`, some count as
//!   concurrent with what it ran: it remembers who has looked in one word, by the numbers of the
//!   threads modulo 64. What an initialiser did that panicked orders nothing.
//!
//! # Differences from std
//!
//! - The locks are `parking_lot`'s underneath. `Condvar` panics if it is used with two mutexes at
//!   the same time, which std allows itself too but does not do on every platform.
//! - In an instrumented build, an acquisition that would complete a deadlock panics, where std
//!   would block for ever or, for a lock that the thread holds already, block or panic. So does a
//!   wait for a barrier or an initialisation. An initialiser that comes back to what it makes
//!   panics there, where std leaves open whether it blocks or panics.
//!
//! # Cost
//!
//! Without instrumentation, an acquisition costs what it costs with `parking_lot`, and the check
//! for poison that std makes: one look at a thread's panic count at each end of the exclusive
//! holds, one load of a flag that lies beside the lock. A mutex is then two bytes and its value
//! large (a `Mutex<u64>`: 16 bytes, as std's), and a `RwLock` as large as `parking_lot`'s with one
//! byte more. The channels, `Once`, `OnceLock` and `LazyLock` are std's; `Barrier` counts for
//! itself, on a lock of `parking_lot`. A permit that is there, or that nobody waits for, is one
//! compare-and-swap, and an event that is set one load.
//!
//! With it, a hand-over costs some tens of nanoseconds. If the thread that hands over has made a
//! nested acquisition since the last time, both look anew at each nested acquisition that follows,
//! once. To look at a `Once` that is done, or an `Event` that is set, costs one load more, except
//! for the first time in a thread. A wait costs nothing more than that within its first millisecond.

mod barrier;
mod condvar;
pub mod mpsc;
mod mutex;
mod once;
mod poison;
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

/// A [`Once`] of which nothing has run, as [`std::sync::ONCE_INIT`] is.
#[allow(clippy::declare_interior_mutable_const)]
#[deprecated(since = "0.1.0", note = "as in std: use `Once::new`")]
pub const ONCE_INIT: Once = Once::new();
