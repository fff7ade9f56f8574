//! Iterator over the results of the jobs of a `map`.

use std::fmt;
use std::vec;

use super::error::JobError;
use super::job_handle::JobHandle;
use crate::instrument::Site;

/// Iterator over the results of jobs in the order of their items. Returned by
/// [`ThreadPool::map`](super::ThreadPool::map).
///
/// `next` panics if the wait completes a deadlock, as [`JobHandle::result`] does. Dropping the
/// iterator before its end does not affect the remaining jobs.
///
/// # Examples
///
/// ```
/// use lockwarden::pool::{JobError, Map, ThreadPool};
///
/// let pool = ThreadPool::new(2);
/// let squares: Map<i32> = pool.map([3, 1, 2], |n| n * n);
/// assert_eq!(squares.collect::<Result<Vec<_>, JobError>>().unwrap(), [9, 1, 4]);
/// ```
#[must_use = "a job that fails says so nowhere else"]
pub struct Map<T> {
    futures: vec::IntoIter<JobHandle<T>>,
    site: Site,
}

impl<T> Map<T> {
    pub(super) fn new(futures: Vec<JobHandle<T>>, site: Site) -> Self {
        Self {
            futures: futures.into_iter(),
            site,
        }
    }
}

impl<T> Iterator for Map<T> {
    type Item = Result<T, JobError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.futures.next()?.result_at(self.site))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.futures.size_hint()
    }
}

impl<T> ExactSizeIterator for Map<T> {}

impl<T> fmt::Debug for Map<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
