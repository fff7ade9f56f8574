//! Timers: something that is done later, or again and again.
//!
//! [`Timer`] runs a callback once, after a delay, and can be cancelled until then. [`Periodic`]
//! runs one at a fixed rate until it is stopped: its times do not drift, and the runs that it
//! cannot make in time are left out and counted. Each has a thread of its own, which waits with a
//! limit and so never counts as stuck; a callback may block without holding up another one.
//!
//! What is known of threads is known of these: what was done before a timer was made comes before
//! what its callback does, and that comes before what follows [`Timer::join`] or
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
//! - That a callback which waits for something else, a socket or a sleep, is late. Ask
//!   [`Periodic::late_by`].
//! - Who else waits for what a callback would do: a timer that was cancelled, and with it a
//!   notification that never comes, looks like any other.
//! - [`Timer::cancel`] and dropping a [`Periodic`] order nothing.
//!
//! # Cost
//!
//! A thread for each timer, started when it is made: some ten microseconds, and its stack. For
//! thousands of timeouts at a time, use something else.

mod builder;
mod panicked;
mod periodic;
mod schedule;
// The type is what the module is about.
#[allow(clippy::module_inception)]
mod timer;

pub use self::builder::Builder;
pub use self::panicked::Panicked;
pub use self::periodic::Periodic;
pub use self::timer::Timer;
