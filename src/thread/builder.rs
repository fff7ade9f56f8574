//! Threads with a name and a size of the stack.

#![allow(unsafe_code)]

use std::io;
use std::thread;

use crate::instrument::JoinRecord;
use std::panic::Location;

use super::scope::{Scope, ScopedJoinHandle};
use super::spawn::{JoinHandle, from_here};

/// How a thread is to be started, as [`std::thread::Builder`] says it.
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
    /// A thread without a name, whose stack has the default size.
    #[expect(clippy::new_without_default, reason = "std's has none either")]
    pub fn new() -> Self {
        Self {
            inner: thread::Builder::new(),
        }
    }

    /// Names the thread: in the messages of its panics, in reports, and, where there is such a
    /// thing, to the operating system.
    ///
    /// # Panics
    ///
    /// When the thread is started, if the name contains a null byte.
    pub fn name(self, name: String) -> Self {
        Self {
            inner: self.inner.name(name),
        }
    }

    /// Sets the size of the thread's stack, in bytes. The platform may have a least one.
    pub fn stack_size(self, size: usize) -> Self {
        Self {
            inner: self.inner.stack_size(size),
        }
    }

    /// Starts the thread, like [`spawn`](super::spawn()).
    ///
    /// # Errors
    ///
    /// If the operating system does not start it.
    ///
    /// # Panics
    ///
    /// If the name contains a null byte.
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

    /// Starts a thread that may borrow, on the caller's word that it ends in time.
    ///
    /// # Errors
    ///
    /// If the operating system does not start it.
    ///
    /// # Panics
    ///
    /// If the name contains a null byte.
    ///
    /// # Safety
    ///
    /// As for [`std::thread::Builder::spawn_unchecked`]: the thread is joined before anything that
    /// `f` or its result refers to goes away, or both are `'static`.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::thread;
    ///
    /// let number = 42;
    /// let body = || number + 1;
    /// // SAFETY: the thread is joined while `number` is there.
    /// let handle = unsafe { thread::Builder::new().spawn_unchecked(body) }.unwrap();
    /// assert_eq!(handle.join().unwrap(), 43);
    /// ```
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        let life = JoinRecord::new(Location::caller());
        let body = from_here(f, life.clone());
        // SAFETY: what is added to the closure and to its result is `'static`; for the rest the
        // caller vouches.
        let inner = unsafe { self.inner.spawn_unchecked(body) }?;
        Ok(JoinHandle::new(inner, life))
    }

    /// Starts the thread in a scope, like [`Scope::spawn`].
    ///
    /// # Errors
    ///
    /// If the operating system does not start it.
    ///
    /// # Panics
    ///
    /// If the name contains a null byte.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::thread;
    ///
    /// let words = ["a", "b"];
    /// thread::scope(|s| {
    ///     let counter = thread::Builder::new().name("counter".to_owned());
    ///     let handle = counter.spawn_scoped(s, || words.len()).unwrap();
    ///     assert_eq!(handle.join().unwrap(), 2);
    /// });
    /// ```
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
