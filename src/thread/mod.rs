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
//! - **Sections.** The locks that a parent holds from before a [`spawn`] until after the `join`
//!   are held around all that the thread does between. That is known at the join: from then on
//!   they lead to what the thread took.
//!
//! - **Waits.** A `join` and the end of a scope are waits for a thread. If that can never end, since
//!   it waits for the calling one in whatever way, a
//!   [`Deadlock`](crate::report::Verdict::Deadlock) is told; a thread that joins itself is told a
//!   [`SelfDeadlock`](crate::report::Verdict::SelfDeadlock). A `join` then panics, as configured;
//!   the end of a scope cannot, and another thread of the deadlock does in its place, if it is in a
//!   wait out of which it can be woken. A thread that panicked is named in later reports about
//!   waits that it might have ended.
//!
//! Everything else in this module is std's own, passed on so that the import can be replaced as a
//! whole: [`Thread`], [`ThreadId`], [`current`], [`yield_now`], [`panicking`], [`available_parallelism`], [`LocalKey`], [`AccessError`] and
//! [`Result`]. Those are not watched. [`park`] and [`sleep`] only tell others that the thread is
//! there: who unparks it is not seen, and orders nothing.
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
//!     s.spawn(|| *total.lock().unwrap() += numbers[0]);
//!     s.spawn(|| *total.lock().unwrap() += numbers[1] + numbers[2]);
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
//! - The destructors of a thread's thread-locals run when its closure and all that the closure
//!   owned are gone. What they lock is not under the locks that are held around the scope, and is
//!   taken to come before the `join`, or the end of the scope. The first is so; the end of a scope
//!   does not wait for them, with std's threads either, so a cycle through them can be missed.
//! - A lock counts as held around a scope if it is held where `scope` is called. A guard that is
//!   moved into the scope's closure and dropped there, while threads of the scope are running, is
//!   taken for one that is held to the end. A guard that is taken inside the closure surrounds
//!   nothing.
//! - A lock that is held from before a [`spawn`] until after its `join` does not guard the thread,
//!   since nothing tells beforehand that it will be joined there. Of what the thread takes, the
//!   first 64 acquisitions that differ are kept for the join, and only for a join by its parent.
//! - A lock that is taken after the [`spawn`] and held around the `join` leads to nothing.
//!
//! # Cost
//!
//! Without instrumentation, none. With it, starting and joining a thread takes as long as std's
//! within what can be measured (some ten microseconds), however many threads came before: those
//! that have ended and were joined take no room. A thread that was started under a lock has the
//! acquisitions that are new to it looked at while its parent holds that lock on, also where it
//! holds nothing itself.

mod builder;
mod join_packet;
mod join_timeout;
mod park;
mod scope;
mod spawn;

pub use std::thread::{
    AccessError, LocalKey, Result, Thread, ThreadId, available_parallelism, current, panicking,
    yield_now,
};
#[expect(
    deprecated,
    reason = "std still has them, and the import is replaced as a whole"
)]
pub use std::thread::{park_timeout_ms, sleep_ms};

pub use self::builder::Builder;
pub(crate) use self::join_timeout::TimedJoin;
pub use self::park::{park, park_timeout, sleep};
pub use self::scope::{Scope, ScopedJoinHandle, scope};
pub use self::spawn::{JoinHandle, spawn};
