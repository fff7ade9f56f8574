//! Thread pools: jobs are submitted, and handles give access to their results.
//!
//! A [`ThreadPool`] has a fixed number of workers, which run [submitted](ThreadPool::submit) jobs
//! in FIFO order. Each job has a [`JobHandle`]: its result can be awaited, with a time limit or
//! without, and includes a panic of the job, which therefore never ends a worker.
//! [`map`](ThreadPool::map) submits a job for each of many items; [`wait`] and [`as_completed`]
//! wait for several jobs. The pool ends when it is [shut down](ThreadPool::shutdown) or dropped.
//!
//! The detector tracks the waits. When a job has started, only the worker that runs it can end it.
//! So a job that needs a lock which is held by the thread that waits for its result, or for the end
//! of the pool, is a [`Deadlock`](crate::report::Verdict::Deadlock) at once, whatever the other
//! threads of the process do. Before a job has started, any thread that has the handle or the pool
//! can end the wait, by [`JobHandle::cancel`] or [`shutdown_now`](ThreadPool::shutdown_now). So the
//! following are a deadlock once every thread of the process waits, like a main thread that waits
//! for the outer job: a job that waits for another one of its own pool of one thread; jobs that
//! take up all workers and wait for jobs that are queued behind them; a job that submits to its own
//! pool, whose queue is full. The panic that breaks a deadlock ends the job that completed it, and
//! is returned by its handle.
//!
//! What a thread did before it submitted a job happens before what the job does, and that happens
//! before what a thread does after it has received the result or waited for the end.
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
//! - Jobs that wait for jobs queued behind them, as long as another thread of the process runs:
//!   that thread could cancel them. The [watchdog](crate::watchdog) reports them as a
//!   [`Stall`](crate::report::Verdict::Stall), if it has a limit for events.
//! - Lock order between jobs that ran on the same worker: for the order graph they are one thread.
//!   Two jobs that take locks in opposite orders cause no finding in a pool of one worker, and one
//!   in a larger pool if they run on different workers.
//! - Order by [`JobHandle::is_finished`], [`JobHandle::cancel`] and callbacks: these establish none
//!   by themselves.
//! - A wait for a result or for the end of the pool under a lock that the job needs, in a run in which
//!   it does not hang: orders of locks are predicted, and waits for jobs are not.
//! - Locks that are held around a [`map`](ThreadPool::map): they do not count as held around its
//!   jobs.
//!
//! # Cost
//!
//! A job costs two allocations and passes through a [`Queue`](crate::extra::queue::Queue), at the
//! cost of that.

mod builder;
mod error;
mod job;
mod job_handle;
mod job_wait;
mod map;
mod wait;
mod workers;
// The module is named after its main type.
#[allow(clippy::module_inception)]
mod pool;

pub use self::builder::Builder;
pub use self::error::{JobEnd, JobError};
pub use self::job_handle::{JobHandle, ResultTimeoutError};
pub use self::map::Map;
pub use self::pool::ThreadPool;
pub use self::wait::{AsCompleted, WaitFor, as_completed, wait};
