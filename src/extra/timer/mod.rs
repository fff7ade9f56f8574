//! Timers: callbacks that run later, once or repeatedly.
//!
//! [`Timer`] runs a callback once, after a delay, and can be cancelled until then. [`Periodic`]
//! runs one at a fixed rate until it is stopped: its times do not drift, and runs whose time has
//! passed are skipped and counted. Each has a thread of its own, which waits with a time limit and
//! so never counts as stuck; a callback may block without delaying another one.
//!
//! The happens-before order is that of threads: what preceded the construction of a timer happens
//! before what its callback does, and that happens before what follows [`Timer::join`] or
//! [`Periodic::stop`]. A thread that stops a timer while it holds a lock that the callback needs is
//! a [`Deadlock`](crate::report::Verdict::Deadlock).
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use lockwarden::sync::{Arc, Mutex};
//! use lockwarden::timer::{Builder, Timer};
//!
//! let count = Arc::new(Mutex::new(0));
//! let counted = Arc::clone(&count);
//! let flush = Builder::new()
//!     .name("flush")
//!     .every(Duration::from_millis(1), move || *counted.lock().unwrap() += 1)
//!     .unwrap();
//! while *count.lock().unwrap() < 3 {
//!     std::thread::yield_now();
//! }
//! flush.stop().unwrap();
//!
//! let alarm = Timer::after(Duration::from_secs(3600), || println!("an hour later"));
//! assert!(alarm.cancel());
//! ```
//!
//! # What it cannot see
//!
//! - A callback that is late because it waits for something untracked, such as a socket or a sleep;
//!   [`Periodic::late_by`] shows that.
//! - The threads that wait for what a callback would do: a cancelled timer, and with it a
//!   notification that never comes, looks like any other.
//! - Order by [`Timer::cancel`] or the drop of a [`Periodic`]: these establish none.
//!
//! # Cost
//!
//! One thread per timer, started at its construction: some ten microseconds, and its stack. This
//! module is not meant for thousands of timers at a time.

mod builder;
mod panicked;
mod periodic;
mod schedule;
// The module is named after its main type.
#[allow(clippy::module_inception)]
mod timer;

pub use self::builder::Builder;
pub use self::panicked::Panicked;
pub use self::periodic::Periodic;
pub use self::timer::Timer;
