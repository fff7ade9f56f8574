//! Queues that threads share: FIFO, LIFO and priority queues.
//!
//! The counterpart of Python's `queue` module, with Rust's ownership: [`Queue`], [`LifoQueue`] and
//! [`PriorityQueue`], bounded or not. Items are put and got in three ways: with an unlimited wait,
//! without waiting (`try_`), and with a time limit (`_timeout`). Consumers mark the items that they
//! got as done (`task_done`), and `join` waits until all items that were put are marked; `shutdown`
//! ends the use of the queue. Any number of threads put and get; they share the queue by reference.
//!
//! The detector tracks the waits. A wait that can never end, since every thread of the process
//! waits without a time limit, is a [`Deadlock`](crate::report::Verdict::Deadlock): a `get` or a
//! `put` whose counterparts have exited, or a `join` whose workers have exited or wait themselves.
//!
//! A queue also establishes two happens-before orders, so that opposite lock orders on their two
//! sides cause no false alarm: what a thread did before it put an item happens before what the
//! thread that gets it does next, in whatever order the items come out; and what preceded each
//! `task_done` happens before what follows a `join`.
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
//! - The threads that will put and get. Any thread with a reference may, so as long as one thread
//!   of the process runs, sleeps or waits with a time limit, no wait at a queue is reported as
//!   stuck.
//! - The order from a thread that made room to a put that waited for it: a queue establishes none.
//! - Other schedules: another thread could have come between this `put` and `get`, so the order
//!   that a queue establishes in this run may not exist in the next.
//! - A wait under a lock that the thread which would end it needs, in a run in which it does not
//!   hang: orders of locks are predicted, and waits for items, room or tasks are not.
//!
//! # Cost
//!
//! An uncontended put or get takes one `parking_lot` lock, and notifies only if a thread waits. A
//! put allocates when the store grows. With instrumentation an item has three words more, and a
//! put, a get and a `task_done` cost about 20 nanoseconds more each.

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
