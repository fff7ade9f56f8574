//! Queues that threads share: first in first out, last in first out, and by priority.
//!
//! What Python's `queue` has, with Rust's ownership: [`Queue`], [`LifoQueue`] and
//! [`PriorityQueue`], bounded or not. Items are put and got in three ways: waiting, without waiting
//! (`try_`), and waiting for some time (`_timeout`). Consumers mark what they got as done
//! (`task_done`), and `join` waits until all that was put is; `shutdown` ends it all. Any number of
//! threads put and get; they share the queue by reference.
//!
//! The waits are watched. One that can never end, since every thread of the process waits without
//! a limit, is a [`Deadlock`](crate::report::Verdict::Deadlock): a `get` or a `put` whose other side
//! has ended, a `join` whose workers have ended or wait themselves.
//!
//! Two more things are known of a queue, so that lock orders on both sides of them are no false
//! alarm: what a thread did before it put an item comes before what the one does next that gets
//! it, whatever the order in which the items come out; and what was done before each `task_done`
//! comes before what follows a `join`.
//!
//! # Examples
//!
//! ```
//! use lockwarden::queue::{Queue, Shutdown};
//! use lockwarden::thread;
//!
//! let queue = Queue::bounded_named("numbers", 2);
//! let sum = thread::scope(|scope| {
//!     let worker = scope.spawn(|| {
//!         let mut sum = 0;
//!         while let Ok(number) = queue.get() {
//!             sum += number;
//!             queue.task_done().unwrap();
//!         }
//!         sum
//!     });
//!     for number in 1..=10 {
//!         queue.put(number).unwrap(); // Waits when there are two.
//!     }
//!     queue.join();
//!     queue.shutdown(Shutdown::Graceful);
//!     worker.join().unwrap()
//! });
//! assert_eq!(sum, 55);
//! ```
//!
//! # What it cannot see
//!
//! - Who will put and who will get. Anyone with a reference may, so as long as one thread of the
//!   process runs, sleeps or waits with a limit, no wait at a queue is called stuck.
//! - A thread that goes on since another made room has learnt that the other was there. That
//!   orders nothing here.
//! - Between `put` and `get` another thread could have been first: what a queue orders in this run
//!   may not be ordered in the next.
//!
//! # Cost
//!
//! An uncontended put or get takes one lock, a `parking_lot` one, and wakes nobody if nobody waits.
//! A put allocates when the store grows. With instrumentation an item carries three words more, and
//! a put, a get and a `task_done` cost about 20 nanoseconds more each.

pub(crate) mod core;
mod error;
mod fifo;
mod lifo;
mod priority;
mod shutdown;
pub(crate) mod store;
mod surface;
mod tasks;
mod turn;

pub use self::error::{
    GetError, GetTimeoutError, PutError, PutTimeoutError, TooManyDone, TryGetError, TryPutError,
    Unfinished,
};
pub use self::fifo::Queue;
pub use self::lifo::LifoQueue;
pub use self::priority::PriorityQueue;
pub use self::shutdown::Shutdown;
