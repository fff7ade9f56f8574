//! The two kinds of runtimes.

use std::future::Future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use lockwarden::instrument::Site;
use tokio::runtime::{EnterGuard, RuntimeMetrics};

use super::closing::{Closed, Closing};
use super::newer::Local;
use super::{Builder, Handle};
use crate::agent::nested;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::Kind;
use crate::agent::thread;
use crate::task::{JoinHandle, root};
use crate::world;

macro_rules! runtime {
    ($(#[$meta:meta])* $name:ident, $inner:ty, $path:literal) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name {
            // Dropped first.
            closing: Closing,
            inner: $inner,
            _closed: Closed,
            handle: Handle,
            state: Arc<RuntimeState>,
        }

        impl $name {
            #[track_caller]
            pub(super) fn of(inner: $inner, blocking_threads: usize, has_io_driver: bool) -> Self {
                let state = RuntimeState::new(inner.handle(), blocking_threads, has_io_driver);
                let state = Arc::new(state);
                world::add_runtime(inner.handle(), &state);
                let handle = Handle::new(inner.handle().clone(), Arc::clone(&state));
                Self {
                    closing: Closing::of(&state),
                    inner,
                    _closed: Closed::of(&state),
                    handle,
                    state,
                }
            }

            #[doc = concat!("As [`", $path, "::handle`].")]
            pub fn handle(&self) -> &Handle {
                &self.handle
            }

            #[doc = concat!("As [`", $path, "::spawn_blocking`].")]
            #[track_caller]
            pub fn spawn_blocking<F, R>(&self, func: F) -> JoinHandle<R>
            where
                F: FnOnce() -> R + Send + 'static,
                R: Send + 'static,
            {
                self.handle.spawn_blocking(func)
            }

            #[doc = concat!("As [`", $path, "::block_on`]. The future is a task of its own.")]
            ///
            /// # Panics
            ///
            /// In an asynchronous context.
            #[track_caller]
            pub fn block_on<F: Future>(&self, future: F) -> F::Output {
                self.block_on_at(Location::caller(), future)
            }

            /// [`block_on`](Self::block_on) for a caller at `site`.
            #[track_caller]
            pub(crate) fn block_on_at<F: Future>(&self, site: Site, future: F) -> F::Output {
                let (root, _) = root(future, Kind::Driven, site, Some(&self.state));
                let _alone = thread::drive();
                let _driving = self.state.drive();
                let nested = nested::drive(&root);
                let _blocked = world::blocks_on(&root, nested.as_ref());
                self.inner.block_on(root).driven()
            }

            #[doc = concat!("As [`", $path, "::enter`].")]
            pub fn enter(&self) -> EnterGuard<'_> {
                self.inner.enter()
            }

            #[doc = concat!("As [`", $path, "::shutdown_timeout`].")]
            pub fn shutdown_timeout(mut self, duration: Duration) {
                self.closing.end();
                self.inner.shutdown_timeout(duration);
            }

            #[doc = concat!("As [`", $path, "::shutdown_background`].")]
            pub fn shutdown_background(mut self) {
                self.closing.end();
                self.inner.shutdown_background();
            }

            #[doc = concat!("As [`", $path, "::metrics`].")]
            pub fn metrics(&self) -> RuntimeMetrics {
                self.inner.metrics()
            }
        }
    };
}

runtime!(
    /// [`tokio::runtime::Runtime`], whose tasks are watched.
    Runtime,
    tokio::runtime::Runtime,
    "tokio::runtime::Runtime"
);

runtime!(
    /// [`tokio::runtime::LocalRuntime`], whose tasks are watched. With a version of tokio before 1.51 there
    /// is none, and [`Builder::build_local`] fails.
    LocalRuntime,
    Local,
    "tokio::runtime::LocalRuntime"
);

impl Runtime {
    /// As [`tokio::runtime::Runtime::new`].
    ///
    /// # Errors
    ///
    /// If the operating system refuses what the runtime needs.
    #[cfg(feature = "rt-multi-thread")]
    #[track_caller]
    pub fn new() -> io::Result<Runtime> {
        Builder::new_multi_thread().enable_all().build()
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
}

impl LocalRuntime {
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
}

impl std::panic::UnwindSafe for Runtime {}
impl std::panic::RefUnwindSafe for Runtime {}
impl std::panic::UnwindSafe for LocalRuntime {}
impl std::panic::RefUnwindSafe for LocalRuntime {}

#[cfg(test)]
mod tests {
    use std::panic::{RefUnwindSafe, UnwindSafe};

    use super::{LocalRuntime, Runtime};

    #[test]
    fn runtimes_may_cross_an_unwind_as_those_of_tokio() {
        fn may_cross<T: UnwindSafe + RefUnwindSafe>() {}
        may_cross::<Runtime>();
        may_cross::<LocalRuntime>();
    }
}
