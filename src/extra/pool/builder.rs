//! Construction of a pool.

use std::io;
use std::panic::Location;
use std::sync::Arc;

use super::pool::ThreadPool;
use super::workers::Workers;
use crate::instrument::{LockKind, Resource};
use crate::thread;

/// Builder of a pool: sets the number of workers, their name, and the bound of the queue.
///
/// # Examples
///
/// ```
/// use lockwarden::pool::Builder;
/// use lockwarden::thread;
///
/// let pool = Builder::new().threads(2).name("worker").queue_bound(16).build().unwrap();
/// let name = pool.submit(|| thread::current().name().map(str::to_owned));
/// assert!(name.result().unwrap().unwrap().starts_with("worker-"));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "call `build`"]
pub struct Builder {
    threads: Option<usize>,
    name: Option<&'static str>,
    bound: usize,
}

impl Builder {
    /// Creates a builder for as many workers as the machine runs at a time, and an unbounded queue.
    pub const fn new() -> Self {
        Self {
            threads: None,
            name: None,
            bound: usize::MAX,
        }
    }

    /// Sets the number of workers. Zero counts as one, since no job would run without a worker.
    pub const fn threads(self, n: usize) -> Self {
        Self {
            threads: Some(n),
            ..self
        }
    }

    /// Sets the name of the pool in reports, and of its threads: "worker" gives "worker-0",
    /// "worker-1" and so on. The threads of a pool without a name are "pool-0" and so on.
    pub const fn name(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// Sets the number of jobs that the queue holds; a submission to a full queue waits for room.
    /// Zero counts as one.
    pub const fn queue_bound(self, n: usize) -> Self {
        Self { bound: n, ..self }
    }

    /// Creates the pool and starts its workers.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system cannot start a thread, or the name contains a null
    /// byte. The threads that were started end.
    #[track_caller]
    pub fn build(self) -> io::Result<ThreadPool> {
        let name = self.name.unwrap_or("pool");
        if name.contains('\0') {
            let why = "the name of a pool contains a null byte";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let n = match self.threads {
            Some(n) => n.max(1),
            None => thread::available_parallelism().map_or(1, usize::from),
        };
        let (jobs, record) = (self.record(), self.record());
        let crew = Workers::new(n, self.bound, jobs, record, Location::caller());
        // On an error the drop of the pool waits for the workers that were started.
        let mut pool = ThreadPool::new_empty(Arc::new(crew));
        for number in 0..n {
            pool.start(thread::Builder::new().name(format!("{name}-{number}")))?;
        }
        Ok(pool)
    }

    #[track_caller]
    fn record(self) -> Resource {
        const KIND: LockKind = LockKind::new("ThreadPool").resource();
        match self.name {
            Some(name) => Resource::named(&KIND, name),
            None => Resource::new(&KIND),
        }
    }
}

impl ThreadPool {
    /// Creates a pool of `n` workers, or of one if `n` is zero, with an unbounded queue.
    ///
    /// # Panics
    ///
    /// Panics if the operating system cannot start a thread; [`Builder::build`] returns the error
    /// instead.
    #[must_use]
    #[track_caller]
    pub fn new(n: usize) -> Self {
        let built = Builder::new().threads(n).build();
        built.expect("the system starts the threads of the pool")
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
