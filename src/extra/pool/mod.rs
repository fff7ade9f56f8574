//! Pools of threads: jobs are submitted, and their results are had from futures.
//!
//! A [`ThreadPool`] has a fixed number of workers, which take what is
//! [submitted](ThreadPool::submit) in the order in which it comes. Each job has a [`JobHandle`]:
//! its result can be waited for, with a limit or without, and a panic comes out of it, so no worker
//! dies of one. [`map`](ThreadPool::map) does the same to many items; [`wait`] and [`as_completed`]
//! wait for several jobs. The pool ends when it is [shut down](ThreadPool::shutdown) or dropped.
//!
//! The waits are watched. When a job has started, only the worker that runs it can end it. So these are
//! a [`Deadlock`](crate::report::Verdict::Deadlock) at once, whatever else the process does: a job that
//! needs a lock which is held by the thread that waits for its result, or for the end of the pool.
//! Before it has started, any thread that has the future or the pool can end the wait, by
//! [`JobHandle::cancel`] or [`shutdown_now`](ThreadPool::shutdown_now). So these are a deadlock when every
//! thread of the process waits, as the main thread does that waits for the outer job: a job that waits
//! for another one of its own pool of one thread; jobs that take up all workers and wait for what is
//! queued behind them; a job that submits more to its own pool, which is full. The panic by which a
//! deadlock is broken ends the job that closed it, and comes out of its future.
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
//! - Jobs that wait for what is queued behind them, as long as another thread of the process runs: that
//!   thread could cancel them. The [watchdog](crate::watchdog) reports them as a
//!   [`Stall`](crate::report::Verdict::Stall), if it has a limit for events.
//! - Jobs that the same worker did one after the other are, to the order of locks, one thread: of
//!   two jobs that take locks in opposite orders, a pool of one worker shows nothing, and a larger
//!   one shows it when they fall to different workers.
//! - [`JobHandle::is_finished`], [`JobHandle::cancel`] and callbacks order nothing by themselves.
//! - The locks that are held around a [`map`](ThreadPool::map) do not count as held around its jobs.
//!
//! # Cost
//!
//! A job is two allocations and goes through a [`Queue`](crate::extra::queue::Queue), at the cost of that.

mod builder;
mod error;
mod job;
mod job_handle;
mod map;
mod wait;
mod workers;
// The type is what the module is about.
#[allow(clippy::module_inception)]
mod pool;

pub use self::builder::Builder;
pub use self::error::{JobEnd, JobError, ResultTimeoutError};
pub use self::job_handle::JobHandle;
pub use self::map::Map;
pub use self::pool::ThreadPool;
pub use self::wait::{AsCompleted, WaitFor, as_completed, wait};
