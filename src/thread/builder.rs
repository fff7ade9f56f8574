//! Construction of threads with a name and a stack size.

#![allow(unsafe_code)]

use std::io;
use std::thread;

use crate::instrument::JoinRecord;
use std::panic::Location;

use super::scope::{Scope, ScopedJoinHandle};
use super::spawn::{JoinHandle, from_here};

/// Builder of a thread, as [`std::thread::Builder`] is.
///
/// # Examples
///
/// ```
/// use lockwarden::thread;
///
/// let handle = thread::Builder::new()
///     .name("worker".to_owned())
///     .stack_size(64 * 1024)
///     .spawn(|| thread::current().name().map(str::to_owned))
///     .unwrap();
/// assert_eq!(handle.join().unwrap().as_deref(), Some("worker"));
/// ```
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    inner: thread::Builder,
}

impl Builder {
    /// Creates a builder for a thread without a name, with the default stack size.
    #[expect(clippy::new_without_default, reason = "std's has none either")]
    pub fn new() -> Self {
        Self {
            inner: thread::Builder::new(),
        }
    }

    /// Sets the name of the thread, in the messages of its panics, in reports, and, where
    /// supported, in the operating system.
    ///
    /// # Panics
    ///
    /// The spawn panics if the name contains a null byte.
    pub fn name(self, name: String) -> Self {
        Self {
            inner: self.inner.name(name),
        }
    }

    /// Sets the size of the thread's stack, in bytes. The platform may have a minimum.
    pub fn stack_size(self, size: usize) -> Self {
        Self {
            inner: self.inner.stack_size(size),
        }
    }

    /// Spawns the thread, like [`spawn`](super::spawn()).
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system cannot start it.
    ///
    /// # Panics
    ///
    /// Panics if the name contains a null byte.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let life = JoinRecord::new(Location::caller());
        let inner = self.inner.spawn(from_here(f, life.clone()))?;
        Ok(JoinHandle::new(inner, life))
    }

    /// Spawns a thread that may borrow; the caller guarantees that it ends in time.
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system cannot start it.
    ///
    /// # Panics
    ///
    /// Panics if the name contains a null byte.
    ///
    /// # Safety
    ///
    /// As for [`std::thread::Builder::spawn_unchecked`]: the thread is joined before anything that
    /// `f` or its result refers to is dropped, or both are `'static`.
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let life = JoinRecord::new(Location::caller());
        let body = from_here(f, life.clone());
        // SAFETY: what this function adds to the closure and to its result is `'static`; the caller
        // guarantees the rest.
        let inner = unsafe { self.inner.spawn_unchecked(body) }?;
        Ok(JoinHandle::new(inner, life))
    }

    /// Spawns the thread in a scope, like [`Scope::spawn`].
    ///
    /// # Errors
    ///
    /// Returns an error if the operating system cannot start it.
    ///
    /// # Panics
    ///
    /// Panics if the name contains a null byte.
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let life = JoinRecord::new(Location::caller());
        let body = scope.within(f, life.clone());
        let inner = self.inner.spawn_scoped(scope.inner(), body)?;
        scope.started(life.clone());
        Ok(ScopedJoinHandle::new(inner, life))
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.inner.fmt(f)
    }
}
