//! `ThreadPool`: a fixed number of threads that run submitted jobs.

use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;

use parking_lot::Mutex;

use super::job::{Job, Task};
use super::job_handle::JobHandle;
use super::map::Map;
use super::workers::Workers;
use crate::extra::queue::Shutdown;
use crate::instrument::Site;
use crate::thread::{self, ThreadId};

/// Fixed number of threads that run submitted jobs in FIFO order.
///
/// Dropping a pool shuts it down as [`shutdown`](Self::shutdown) does: the drop waits until all
/// submitted jobs are done, as the end of a scope waits for its threads.
///
/// # Examples
///
/// ```
/// use lockwarden::pool::ThreadPool;
///
/// let pool = ThreadPool::new(4);
/// let jobs: Vec<_> = (0..10).map(|n| pool.submit(move || n * n)).collect();
/// let sum: i32 = jobs.into_iter().map(|job| job.result().unwrap()).sum();
/// assert_eq!(sum, 285);
/// ```
pub struct ThreadPool {
    crew: Arc<Workers>,
    workers: Vec<ThreadId>,
    /// Taken by the first thread outside the pool that shuts it down.
    handles: Mutex<Vec<thread::JoinHandle<()>>>,
}

impl ThreadPool {
    pub(super) fn new_empty(crew: Arc<Workers>) -> Self {
        Self {
            crew,
            workers: Vec::new(),
            handles: Mutex::new(Vec::new()),
        }
    }

    /// Starts one more worker.
    pub(super) fn start(&mut self, thread: thread::Builder) -> io::Result<()> {
        self.crew.spawn_worker();
        let (crew, worker_index) = (Arc::clone(&self.crew), self.workers.len());
        let started = thread.spawn(move || crew.work(worker_index));
        let handle = started.inspect_err(|_| self.crew.retire_worker())?;
        self.workers.push(handle.thread().id());
        self.handles.get_mut().push(handle);
        Ok(())
    }

    /// Returns the number of workers.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::ThreadPool;
    ///
    /// assert_eq!(ThreadPool::new(3).threads(), 3);
    /// assert_eq!(ThreadPool::new(0).threads(), 1);
    /// ```
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len()
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.crew.set_label(label.as_ref());
    }

    /// Submits `f` to the workers; the returned handle gives access to its result.
    ///
    /// Waits for room if the queue of the pool is bounded and full. If the pool is shut down, the
    /// job is cancelled at once. What the calling thread did before happens before what `f` does.
    ///
    /// # Panics
    ///
    /// Panics if the wait for room completes a deadlock and the configuration answers that with a
    /// panic: for example, a job submits to its own pool, all of whose workers wait. A panic in `f`
    /// is returned by the handle.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(1);
    /// let job = pool.submit(|| "done");
    /// assert_eq!(job.result().unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn submit<F, T>(&self, f: F) -> JobHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.submit_at(f, Location::caller())
    }

    fn submit_at<F, T>(&self, f: F, site: Site) -> JobHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let job = Arc::new(Job::new(Arc::clone(&self.crew)));
        let task = Task::new(Arc::clone(&job), f);
        self.crew.give(Box::new(task), site);
        JobHandle::new(job)
    }

    /// Submits one job per item, which calls `f` with it; the results come in the order of the
    /// items.
    ///
    /// All jobs are submitted before this returns; see [`submit`](Self::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::ThreadPool;
    ///
    /// let pool = ThreadPool::new(4);
    /// let lengths = pool.map(["one", "two", "three"], str::len);
    /// assert_eq!(lengths.map(Result::unwrap).collect::<Vec<_>>(), [3, 3, 5]);
    /// ```
    #[track_caller]
    pub fn map<I, F, T>(&self, items: I, f: F) -> Map<T>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        T: Send + 'static,
    {
        let site = Location::caller();
        let f = Arc::new(f);
        let futures = items.into_iter().map(|item| {
            let f = Arc::clone(&f);
            self.submit_at(move || f(item), site)
        });
        Map::new(futures.collect(), site)
    }

    /// Rejects further jobs, and waits until the submitted ones are done and the workers have
    /// ended.
    ///
    /// What the jobs did happens before all that the calling thread does next. Any number of
    /// threads may call this, any number of times. A call in one of the pool's own jobs does not
    /// wait for that job.
    ///
    /// # Panics
    ///
    /// Panics if the wait completes a deadlock and the configuration answers that with a panic: for
    /// example, the jobs need a lock that the calling thread holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::{JobError, ThreadPool};
    ///
    /// let pool = ThreadPool::new(1);
    /// let early = pool.submit(|| "done");
    /// pool.shutdown();
    /// assert_eq!(early.result().unwrap(), "done");
    /// let late = pool.submit(|| "never");
    /// assert!(matches!(late.result(), Err(JobError::Cancelled)));
    /// ```
    #[track_caller]
    pub fn shutdown(&self) {
        self.end(Shutdown::Graceful, Location::caller());
    }

    /// Rejects further jobs, cancels those that have not started, and waits until the started ones
    /// are done and the workers have ended.
    ///
    /// # Panics
    ///
    /// Panics as [`shutdown`](Self::shutdown) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::pool::{JobError, ThreadPool};
    ///
    /// let pool = ThreadPool::new(1);
    /// let (go, wait) = std::sync::mpsc::channel();
    /// let (started, start) = std::sync::mpsc::channel();
    /// let first = pool.submit(move || {
    ///     started.send(()).unwrap();
    ///     wait.recv().unwrap()
    /// });
    /// let second = pool.submit(|| "never");
    /// start.recv().unwrap();
    /// second.on_done(move |_| go.send("done").unwrap());
    /// pool.shutdown_now();
    /// assert!(matches!(second.result(), Err(JobError::Cancelled)));
    /// assert_eq!(first.result().unwrap(), "done");
    /// ```
    #[track_caller]
    pub fn shutdown_now(&self) {
        self.end(Shutdown::Immediate, Location::caller());
    }

    fn end(&self, how: Shutdown, site: Site) {
        self.crew.shut_down(how);
        let is_worker = self.workers.contains(&thread::current().id());
        self.crew.wait_for_end(is_worker, site);
        if !is_worker {
            let handles = std::mem::take(&mut *self.handles.lock());
            for handle in handles {
                // The workers have ended except for their thread-locals, and never panic.
                let _ = handle.join();
            }
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.end(Shutdown::Graceful, self.crew.site());
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadPool")
            .field("threads", &self.threads())
            .finish_non_exhaustive()
    }
}
