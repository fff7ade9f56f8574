//! The runtime.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use lockwarden::instrument::Site;
use tokio::runtime::{EnterGuard, RuntimeMetrics};

use super::{Closing, Handle};
use crate::agent::nested;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::Kind;
use crate::task::{JoinHandle, root};
use crate::world;

/// [`tokio::runtime::Runtime`], whose tasks are watched.
#[derive(Debug)]
pub struct Runtime {
    // Dropped first.
    closing: Closing,
    inner: tokio::runtime::Runtime,
    handle: Handle,
    state: Arc<RuntimeState>,
}

impl Runtime {
    #[track_caller]
    pub(super) fn of(inner: tokio::runtime::Runtime, blocking_threads: usize) -> Self {
        let state = Arc::new(RuntimeState::new(inner.handle(), blocking_threads));
        world::add_runtime(inner.handle(), &state);
        let handle = Handle::new(inner.handle().clone(), Arc::clone(&state));
        Self {
            closing: Closing::of(&state),
            inner,
            handle,
            state,
        }
    }

    /// As [`tokio::runtime::Runtime::new`].
    ///
    /// # Errors
    ///
    /// If the operating system refuses what the runtime needs.
    #[cfg(feature = "rt-multi-thread")]
    #[track_caller]
    pub fn new() -> std::io::Result<Runtime> {
        super::Builder::new_multi_thread().enable_all().build()
    }

    /// As [`tokio::runtime::Runtime::handle`].
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// As [`tokio::runtime::Runtime::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// As [`tokio::runtime::Runtime::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(func)
    }

    /// As [`tokio::runtime::Runtime::block_on`]. The future is a task of its own.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.block_on_at(Location::caller(), future)
    }

    /// The same, for a caller at `site`.
    #[track_caller]
    pub(crate) fn block_on_at<F: Future>(&self, site: Site, future: F) -> F::Output {
        let (root, _) = root(future, Kind::Driven, site, Some(&self.state));
        let _driving = self.state.drive();
        let _nested = nested::drive(&root);
        self.inner.block_on(root).driven()
    }

    /// As [`tokio::runtime::Runtime::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.inner.enter()
    }

    /// As [`tokio::runtime::Runtime::shutdown_timeout`].
    pub fn shutdown_timeout(mut self, duration: Duration) {
        self.closing.end();
        self.inner.shutdown_timeout(duration);
    }

    /// As [`tokio::runtime::Runtime::shutdown_background`].
    pub fn shutdown_background(mut self) {
        self.closing.end();
        self.inner.shutdown_background();
    }

    /// As [`tokio::runtime::Runtime::metrics`].
    pub fn metrics(&self) -> RuntimeMetrics {
        self.inner.metrics()
    }
}

impl std::panic::UnwindSafe for Runtime {}
impl std::panic::RefUnwindSafe for Runtime {}
