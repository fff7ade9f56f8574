//! For tests: asserts that code is free of inversions, that a bug is found, or that a lock is held, and
//! makes a test that hangs fail, with what every thread waits for.
//!
//! [`check`] runs a closure on a thread of its own, with a limit, and returns an [`Outcome`]. The
//! threads that the closure starts through [`lockwarden::thread`](crate::thread) belong to the same
//! check, as do the threads that these start. Their findings are in the outcome, and go to no sink, so
//! that a test that expects a finding prints nothing. Tests that run at the same time do not mix. Each
//! check begins with a fresh order graph, unless it [shares](Graph::Shared) that of the process.
//!
//! # Examples
//!
//! ```
//! use lockwarden::sync::{Arc, Mutex};
//! use lockwarden::testing::check;
//! use lockwarden::thread;
//!
//! let outcome = check(|| {
//!     let total = Arc::new(Mutex::new(0));
//!     let workers: Vec<_> = (0..4)
//!         .map(|n| {
//!             let total = Arc::clone(&total);
//!             thread::spawn(move || *total.lock().unwrap() += n)
//!         })
//!         .collect();
//!     for worker in workers {
//!         worker.join().unwrap();
//!     }
//!     assert_eq!(*total.lock().unwrap(), 6);
//! });
//! outcome.assert_clean();
//! ```
//!
//! A [`Turnstile`] forces an interleaving. The macros, such as [`assert_held!`](crate::assert_held),
//! assert a state at their line.
//!
//! # Panics that break a deadlock
//!
//! A thread that closes a deadlock panics in a check too, if the configuration says so: it would hang
//! otherwise. That panic does not fail the check by itself; the finding is in the outcome.
//!
//! # What it cannot see
//!
//! - Threads that are started in another way, as with `std::thread`, belong to the process. They do not
//!   count as able to end a wait in a check: a check that waits, by a primitive of this crate, for an
//!   action of such a thread is reported as a deadlock.
//! - A check ends with its closure: what a thread finds later that the closure started and did not join
//!   may be missing. From then on such a thread, like the threads of a check that hangs, reports as
//!   part of the process.
//! - A pool that is made at its first use belongs, with its threads, to the check that used it first.
//! - Without instrumentation, or with the detector switched off, a check runs its closure with the
//!   limit and finds nothing; [`Outcome::is_watched`] is then `false`.
//!
//! # Cost
//!
//! A check starts two threads. Near the limit, a third one looks up the names of functions, once in a
//! process, so that they are ready for the text of a hang. With a fresh graph, a nested acquisition
//! that is new to its thread costs one more map look-up, and its locks stand in two graphs.

// What only some tests call is `#[inline]`: it is compiled in the test binaries that use it, and not with the library.

#[doc(hidden)]
pub mod asserted;
mod check;
pub mod explore;
mod found;
mod hang;
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod harness;
mod macros;
mod outcome;
mod panic_hook;
mod snapshot;
mod steps;
mod symbolize;
mod turnstile;

pub use self::check::{Check, Graph, check};
pub use self::found::Found;
pub use self::hang::Hang;
pub use self::outcome::Outcome;
pub use self::panic_hook::print_held_locks_on_panic;
pub use self::turnstile::Turnstile;
#[doc(inline)]
pub use crate::{
    assert_deadlock_free, assert_held, assert_no_locks_held, assert_not_held, assert_order,
};
