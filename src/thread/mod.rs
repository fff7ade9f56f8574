//! Tracked threads with std's interface: import `lockwarden::thread` in place of `std::thread`.
//!
//! [`spawn`], [`Builder`], [`scope`] and their handles have the names, signatures and behaviour of
//! `std::thread`, and start std's own threads. They also report to the detector:
//!
//! - **Order.** What a parent did before it spawned a thread happens before all that the thread
//!   does, and all that the thread does happens before what follows its `join`, or the end of its
//!   scope. Opposite lock orders on the two sides of such a point cannot deadlock
//!   ([`Verdict::Ordered`](crate::report::Verdict::Ordered)). The order holds for a thread that
//!   panics, too. A thread that acquires a lock under which its parent spawned it comes after all
//!   that the parent did until it released the lock.
//! - **Holds around a scope.** The locks that a parent holds when it enters [`scope`] are held for
//!   as long as the threads of the scope run. Every acquisition of these threads is made under
//!   those locks: it adds an edge from them, and they are gate locks between a thread of the scope
//!   and a thread that another parent started under the same lock. They are no gate locks between
//!   threads of one scope, which run in the same critical section.
//! - **Holds around a join.** The locks that a parent holds from before a [`spawn`] until after the
//!   `join` are held around all that the thread does between. The detector sees that at the join,
//!   and then adds the edges from these locks to the acquisitions of the thread.
//!
//! - **Waits.** A `join` and the end of a scope are waits for a thread. If that thread can never
//!   end, since it waits, directly or indirectly, for the calling one, a
//!   [`Deadlock`](crate::report::Verdict::Deadlock) is reported; for a thread that joins itself, a
//!   [`SelfDeadlock`](crate::report::Verdict::SelfDeadlock). A `join` then panics, as configured;
//!   the end of a scope cannot, so another thread of the deadlock panics in its place, if its wait
//!   can be woken. Later reports about waits that a panicked thread might have ended name that
//!   thread. A join under a lock that the joined thread takes is reported when the two block each
//!   other, and not predicted before: let no lock that the thread needs be held around its `join`.
//!
//! Everything else in this module is re-exported from std, so that the import can be replaced as a
//! whole: [`Thread`], [`ThreadId`], [`current`], [`yield_now`], [`panicking`],
//! [`available_parallelism`], [`LocalKey`], [`AccessError`] and [`Result`]. The detector does not
//! track those. A thread in [`park`] counts as one that any thread could unpark; `unpark` itself is
//! not tracked, and establishes no order.
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
//! - Order by [`JoinHandle::is_finished`]: it establishes none, although the closure of the thread
//!   has ended then. A program that relies on it alone to separate two lock orders is reported.
//! - The destructors of thread-locals as a part of a scope: they run after the closure of the
//!   thread and all values that it owned are gone. Their acquisitions do not count as made under
//!   the locks that are held around the scope, and count as happening before the `join` or the end
//!   of the scope. That is true of the `join`; the end of a scope does not wait for them, with
//!   std's threads either, so a cycle through them can be missed. The locks that a parent holds
//!   around a `join` add no edge to those acquisitions, since the thread's record has ended with
//!   its closure. A destructor that waits for such a lock is reported when it hangs, not before.
//! - A hold that ends inside a scope: a lock counts as held around a scope if it is held where
//!   `scope` is called. A guard that is moved into the scope's closure and dropped there, while
//!   threads of the scope run, counts as held to the end. A guard acquired inside the closure
//!   counts as held around no thread.
//! - A gate lock that is held from before a [`spawn`] until after its `join`: it is not one for the
//!   thread, since the detector does not know before the join that there will be one. Of the
//!   thread's acquisitions, the first 64 distinct ones are kept for the join, and only for a join
//!   by its parent.
//! - A lock that is acquired after the [`spawn`] and held around the `join`: it adds no edge to the
//!   thread's acquisitions. A thread that takes a lock under which it is joined is reported when the two
//!   threads block each other, not before.
//!
//! # Cost
//!
//! None without instrumentation. With it, spawning and joining a thread takes as long as with std,
//! within the precision of measurement (some ten microseconds), however many threads came before:
//! threads that have ended and were joined take no memory. The new acquisitions of a thread that
//! was spawned under a lock are checked while its parent still holds that lock, and up to 16 more
//! until the thread acquires that lock, also where the thread holds nothing itself.

mod builder;
mod join_packet;
mod join_timeout;
mod park;
mod scope;
mod spawn;

pub use std::thread::{
    AccessError, LocalKey, Result, Thread, ThreadId, available_parallelism, current, panicking,
};
#[expect(
    deprecated,
    reason = "std still has them, and the import is replaced as a whole"
)]
pub use std::thread::{park_timeout_ms, sleep_ms};

pub use self::builder::Builder;
pub(crate) use self::join_timeout::TimedJoin;
pub use self::park::{park, park_timeout, sleep, yield_now};
pub use self::scope::{Scope, ScopedJoinHandle, scope};
pub use self::spawn::{JoinHandle, spawn};
