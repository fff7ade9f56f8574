//! Tasks that stay on one thread.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task::LocalEnterGuard;

use super::{JoinHandle, root};
use crate::agent::task::Kind;
use crate::runtime::Runtime;

/// As [`tokio::task::spawn_local`]; the task is watched.
///
/// # Panics
///
/// Outside of a [`LocalSet`].
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    let (root, joined) = root(future, Kind::Local, Location::caller(), None);
    JoinHandle::new(tokio::task::spawn_local(root), joined)
}

/// [`tokio::task::LocalSet`], whose tasks are watched.
pub struct LocalSet {
    inner: tokio::task::LocalSet,
}

impl LocalSet {
    /// As [`tokio::task::LocalSet::new`].
    pub fn new() -> Self {
        Self {
            inner: tokio::task::LocalSet::new(),
        }
    }

    /// As [`tokio::task::LocalSet::enter`].
    pub fn enter(&self) -> LocalEnterGuard {
        self.inner.enter()
    }

    /// As [`tokio::task::LocalSet::spawn_local`].
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (root, joined) = root(future, Kind::Local, Location::caller(), None);
        JoinHandle::new(self.inner.spawn_local(root), joined)
    }

    /// As [`tokio::task::LocalSet::block_on`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, rt: &Runtime, future: F) -> F::Output {
        rt.block_on(self.inner.run_until(future))
    }

    /// As [`tokio::task::LocalSet::run_until`].
    pub fn run_until<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        self.inner.run_until(future)
    }

    /// tokio's own set.
    pub fn as_tokio(&self) -> &tokio::task::LocalSet {
        &self.inner
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Default for LocalSet {
    fn default() -> Self {
        Self::new()
    }
}

impl Future for LocalSet {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.inner).poll(cx)
    }
}
