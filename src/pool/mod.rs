//! Pools of threads: jobs are submitted, and their results are had from futures.
//!
//! A [`ThreadPool`] has a fixed number of workers, which take what is
//! [submitted](ThreadPool::submit) in the order in which it comes. Each job has a [`Future`]:
//! its result can be waited for, with a limit or without, and a panic comes out of it, so no worker
//! dies of one. [`map`](ThreadPool::map) does the same to many items; [`wait`] and [`as_completed`]
//! wait for several jobs. The pool ends when it is [shut down](ThreadPool::shutdown) or dropped.
//!
//! The waits are watched. Until a job has started, only a worker of its pool can bring its result;
//! from then on, only the one that runs it. So these are a
//! [`Deadlock`](crate::report::Verdict::Deadlock) at once, whatever else the process does: a job
//! that waits for another one of its own pool of one thread; jobs that take up all workers and wait
//! for what is queued behind them; a job that needs a lock which is held by whoever waits for its
//! result. The panic by which that is broken ends the job that closed it, and comes out of its
//! future.
//!
//! What a thread did before it submitted a job comes before what the job does, and that comes
//! before what those do who have its result, or have waited for it.
//!
//! # Examples
//!
//! ```
//! use lockwarden::pool::{Builder, JobError, as_completed};
//!
//! let pool = Builder::new().threads(4).name("hasher").build().unwrap();
//! let jobs = ["a", "bb", ""].map(|text| {
//!     pool.submit(move || match text.len() {
//!         0 => std::panic::resume_unwind(Box::new("no text")),
//!         length => length,
//!     })
//! });
//! for job in as_completed(jobs) {
//!     match job.result() {
//!         Ok(length) => println!("{length} bytes"),
//!         Err(error @ JobError::Panicked(_)) => println!("{error}"),
//!         Err(JobError::Cancelled) => unreachable!(),
//!     }
//! }
//! ```
//!
//! # What it cannot see
//!
//! - That somebody else would call [`shutdown_now`](ThreadPool::shutdown_now), which ends the wait
//!   for a job that is queued: jobs that wait for what is queued behind them are a deadlock
//!   all the same.
//! - Jobs that the same worker did one after the other are, to the order of locks, one thread: of
//!   two jobs that take locks in opposite orders, a pool of one worker shows nothing, and a larger
//!   one shows it when they fall to different workers.
//! - [`Future::done`], [`Future::cancel`] and callbacks order nothing by themselves.
//! - The locks that are held around a [`map`](ThreadPool::map) do not count as held around its jobs.
//!
//! # Cost
//!
//! A job is two allocations and goes through a [`Queue`](crate::queue::Queue), at the cost of that.

mod builder;
mod crew;
mod error;
mod future;
mod gather;
mod job;
mod map;
// The type is what the module is about.
#[allow(clippy::module_inception)]
mod pool;

pub use self::builder::Builder;
pub use self::error::{JobEnd, JobError, ResultTimeoutError};
pub use self::future::Future;
pub use self::gather::{AsCompleted, WaitFor, as_completed, wait};
pub use self::map::Map;
pub use self::pool::ThreadPool;
