//! A handle to a runtime.

use std::future::Future;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use tokio::runtime::{EnterGuard, RuntimeFlavor, RuntimeMetrics, TryCurrentError};

use crate::agent::nested;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::Kind;
use crate::agent::thread;
use crate::task::{self, JoinHandle, root};
use crate::world;

/// [`tokio::runtime::Handle`], whose tasks are watched. What is not declared here is called on
/// tokio's own, but not by a path such as `Handle::name`.
#[derive(Clone, Debug)]
pub struct Handle {
    inner: tokio::runtime::Handle,
    state: Option<Arc<RuntimeState>>,
}

impl Handle {
    pub(super) fn new(inner: tokio::runtime::Handle, state: Arc<RuntimeState>) -> Self {
        Self {
            inner,
            state: Some(state),
        }
    }

    pub(crate) fn state(&self) -> Option<&Arc<RuntimeState>> {
        self.state.as_ref()
    }

    fn of_current(inner: tokio::runtime::Handle) -> Self {
        let state = RuntimeState::here();
        Self { inner, state }
    }

    /// As [`tokio::runtime::Handle::current`].
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn current() -> Self {
        Self::of_current(tokio::runtime::Handle::current())
    }

    /// As [`tokio::runtime::Handle::try_current`].
    ///
    /// # Errors
    ///
    /// Outside of a runtime.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        tokio::runtime::Handle::try_current().map(Self::of_current)
    }

    /// As [`tokio::runtime::Handle::enter`].
    pub fn enter(&self) -> EnterGuard<'_> {
        self.inner.enter()
    }

    /// As [`tokio::runtime::Handle::runtime_flavor`].
    pub fn runtime_flavor(&self) -> RuntimeFlavor {
        self.inner.runtime_flavor()
    }

    /// As [`tokio::runtime::Handle::metrics`].
    pub fn metrics(&self) -> RuntimeMetrics {
        self.inner.metrics()
    }

    /// As [`tokio::runtime::Handle::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (root, joined) = root(future, Kind::Spawned, Location::caller(), self.state());
        JoinHandle::new(self.inner.spawn(root), joined)
    }

    /// As [`tokio::runtime::Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Send + 'static,
    {
        task::spawn_blocking_on(&self.inner, self.state(), func)
    }

    /// As [`tokio::runtime::Handle::block_on`].
    ///
    /// # Panics
    ///
    /// In an asynchronous context, or if the runtime is shut down.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        // It does not drive a current-thread runtime.
        let (root, _) = root(future, Kind::Driven, Location::caller(), self.state());
        let _alone = thread::drive();
        let nested = nested::drive(&root);
        let _blocked = world::blocks_on(&root, nested.as_ref());
        self.inner.block_on(root).driven()
    }
}

impl Deref for Handle {
    type Target = tokio::runtime::Handle;

    fn deref(&self) -> &tokio::runtime::Handle {
        &self.inner
    }
}

impl std::panic::UnwindSafe for Handle {}
impl std::panic::RefUnwindSafe for Handle {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_methods_have_paths() {
        // By a path, no method of the type that it dereferences to is found.
        let runtime = crate::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let handle = Some(runtime.handle());
        let _entered = handle.map(Handle::enter);
        let flavor = handle.map(Handle::runtime_flavor);
        assert_eq!(flavor, Some(RuntimeFlavor::CurrentThread));
        assert_eq!(handle.map(Handle::metrics).unwrap().num_workers(), 1);
    }
}
