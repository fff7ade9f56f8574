//! A runtime whose tasks stay on the thread that drives it.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{EnterGuard, RuntimeMetrics};

use super::newer::Local;
use super::{Builder, Closing, Handle};
use crate::agent::nested;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::Kind;
use crate::task::{JoinHandle, root};
use crate::world;

/// [`tokio::runtime::LocalRuntime`], whose tasks are watched. With a version of tokio before 1.51 there
/// is none, and [`Builder::build_local`] fails.
#[derive(Debug)]
pub struct LocalRuntime {
    // Dropped first.
    closing: Closing,
    inner: Local,
    handle: Handle,
    state: Arc<RuntimeState>,
}

impl LocalRuntime {
    #[track_caller]
    pub(super) fn of(inner: Local, blocking_threads: usize) -> Self {
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

    /// As [`tokio::runtime::LocalRuntime::new`].
    ///
    /// # Errors
    ///
    /// If the operating system refuses what the runtime needs.
    #[track_caller]
    pub fn new() -> io::Result<LocalRuntime> {
        Builder::new_current_thread()
            .enable_all()
            .build_local(Default::default())
    }

    /// As [`tokio::runtime::LocalRuntime::handle`].
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// As [`tokio::runtime::LocalRuntime::spawn_local`].
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (root, joined) = root(future, Kind::Local, Location::caller(), Some(&self.state));
        JoinHandle::new(self.inner.spawn_local(root), joined)
    }

    /// As [`tokio::runtime::LocalRuntime::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        self.handle.spawn_blocking(func)
    }

    /// As [`tokio::runtime::LocalRuntime::block_on`]. The future is a task of its own.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let (root, _) = root(future, Kind::Driven, Location::caller(), Some(&self.state));
        let _driving = self.state.drive();
        let _nested = nested::drive(&root);
        self.inner.block_on(root).driven()
    }

    /// As [`tokio::runtime::LocalRuntime::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.inner.enter()
    }

    /// As [`tokio::runtime::LocalRuntime::shutdown_timeout`].
    pub fn shutdown_timeout(mut self, duration: Duration) {
        self.closing.end();
        self.inner.shutdown_timeout(duration);
    }

    /// As [`tokio::runtime::LocalRuntime::shutdown_background`].
    pub fn shutdown_background(mut self) {
        self.closing.end();
        self.inner.shutdown_background();
    }

    /// As [`tokio::runtime::LocalRuntime::metrics`].
    pub fn metrics(&self) -> RuntimeMetrics {
        self.inner.metrics()
    }
}
