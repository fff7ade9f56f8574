//! The standard library's threads, watched: change `use std::thread` to `use lockwarden::thread`.
//!
//! [`spawn`], [`Builder`], [`scope`] and their handles have the names, signatures and behaviour of
//! `std::thread`, and start std's own threads. What they add is what the detector learns by them:
//!
//! - **Order.** What a parent did before it started a thread comes before all that the thread
//!   does, and all that the thread does comes before what follows its `join`, or the end of its
//!   scope. Opposite lock orders on both sides of such a point cannot deadlock
//!   ([`Verdict::Ordered`](crate::report::Verdict::Ordered)). The order holds for a thread that
//!   panics, too.
//! - **Surroundings.** The locks that a parent holds when it enters [`scope`] are held for as long
//!   as the scope's threads run. Whatever these take, they take under those locks: they lead from
//!   them to what is taken, and guard a scope's threads against those that somebody else starts
//!   under the same lock. They do not guard the threads of one scope against each other, for
//!   these are in one and the same critical section.
//!
//! Everything else in this module is std's own, passed on so that the import can be replaced as a
//! whole: [`Thread`], [`ThreadId`], [`current`], [`park`], [`park_timeout`], [`sleep`],
//! [`yield_now`], [`panicking`], [`available_parallelism`], [`LocalKey`], [`AccessError`] and
//! [`Result`]. Those are not watched: an `unpark` orders nothing.
//!
//! # Examples
//!
//! ```
//! use lockwarden::sync::Mutex;
//! use lockwarden::thread;
//!
//! let numbers = vec![1, 2, 3];
//! let total = Mutex::new(0);
//! thread::scope(|s| {
//!     for number in &numbers {
//!         s.spawn(|| *total.lock().unwrap() += number);
//!     }
//! });
//! assert_eq!(total.into_inner().unwrap(), 6);
//!
//! let answer = thread::spawn(|| 42).join().unwrap();
//! assert_eq!(answer, 42);
//! ```
//!
//! # What it cannot see
//!
//! - [`JoinHandle::is_finished`] orders nothing, although the thread is then at its end: a program
//!   that relies on it alone to tell one lock order from the other is reported.
//! - A thread's end is taken after its closure and all that the closure owned are gone, and
//!   before the destructors of its thread-locals run. What those lock is not ordered before the
//!   `join`, and is not under the locks that are held around the scope (std does not let the end
//!   of a scope wait for them either).
//! - A lock counts as held around a scope if it is held where `scope` is called. A guard that is
//!   moved into the scope's closure and dropped there, while threads of the scope are running, is
//!   taken for one that is held to the end. A guard that is taken inside the closure surrounds
//!   nothing.
//! - A lock that is held from before a [`spawn`] until after its `join` does not surround the
//!   thread, since nothing tells beforehand that it will be joined there.
//!
//! # Cost
//!
//! Without instrumentation, none. With it, a spawn and a join take a few hundred nanoseconds
//! beside the thread itself, and a scope remembers 16 bytes for every thread that ended in it.

mod builder;
mod ended;
mod scope;
mod spawn;

pub use std::thread::{
    AccessError, LocalKey, Result, Thread, ThreadId, available_parallelism, current, panicking,
    park, park_timeout, sleep, yield_now,
};
#[expect(
    deprecated,
    reason = "std still has them, and the import is replaced as a whole"
)]
pub use std::thread::{park_timeout_ms, sleep_ms};

pub use self::builder::Builder;
pub use self::scope::{Scope, ScopedJoinHandle, scope};
pub use self::spawn::{JoinHandle, spawn};
