//! How a pool is to be made.

use std::io;
use std::panic::Location;
use std::sync::Arc;

use super::pool::ThreadPool;
use super::workers::Workers;
use crate::instrument::{LockKind, Resource};
use crate::thread;

/// How a pool is to be made: how many workers, their name, and how many jobs may wait.
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
    /// A pool with as many workers as the machine runs at a time, and any number of jobs.
    pub const fn new() -> Self {
        Self {
            threads: None,
            name: None,
            bound: usize::MAX,
        }
    }

    /// So many workers. Zero counts as one: without a worker no job would ever be done.
    pub const fn threads(self, n: usize) -> Self {
        Self {
            threads: Some(n),
            ..self
        }
    }

    /// Names the pool in reports, and its threads: "worker" makes "worker-0", "worker-1" and so
    /// on. Those of a pool without a name are "pool-0" and so on.
    pub const fn name(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// So many jobs may wait for a worker; who submits one more waits for room. Zero counts as one.
    pub const fn queue_bound(self, n: usize) -> Self {
        Self { bound: n, ..self }
    }

    /// Makes the pool and starts its workers.
    ///
    /// # Errors
    ///
    /// If the operating system does not start a thread, or the name contains a null byte. Those
    /// that were started end.
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
        // Dropped on an error, it waits for those that were started.
        let mut pool = ThreadPool::new_empty(Arc::new(crew));
        for number in 0..n {
            pool.start(thread::Builder::new().name(format!("{name}-{number}")))?;
        }
        Ok(pool)
    }

    #[track_caller]
    fn record(self) -> Resource {
        const KIND: LockKind = LockKind::new("ThreadPool");
        match self.name {
            Some(name) => Resource::named(&KIND, name),
            None => Resource::new(&KIND),
        }
    }
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}
