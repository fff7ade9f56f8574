//! Building a runtime.

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use super::newer::Options;
#[allow(unused_imports)] // Its methods are hidden by those of a newer tokio.
use super::newer::Settings;
use super::{LocalRuntime, Runtime};
use crate::world;

/// [`tokio::runtime::Builder`] of runtimes whose tasks are watched.
///
/// A setting that this type does not declare can be made on tokio's own, to which it dereferences;
/// then [`build`](Self::build) has to be called on this one, not on what the setting returns.
pub struct Builder {
    inner: tokio::runtime::Builder,
    /// How many threads the blocking pool may have.
    blocking_threads: usize,
    /// Whether a driver of its own waits for sockets and the like.
    has_io_driver: bool,
    on_thread_start: Option<Hook>,
    on_thread_stop: Option<Hook>,
}

/// The size of tokio's blocking pool, if none is set.
const BLOCKING_THREADS: usize = 512;

type Hook = Arc<dyn Fn() + Send + Sync>;

macro_rules! settings {
    ($(
        $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty),*);
    )*) => {$(
        $(#[$meta])*
        #[track_caller]
        pub fn $name(&mut self, $($arg: $type),*) -> &mut Self {
            self.inner.$name($($arg),*);
            self
        }
    )*};
}

impl Builder {
    /// As [`tokio::runtime::Builder::new_current_thread`].
    pub fn new_current_thread() -> Builder {
        Self::of(tokio::runtime::Builder::new_current_thread())
    }

    /// As [`tokio::runtime::Builder::new_multi_thread`].
    #[cfg(feature = "rt-multi-thread")]
    pub fn new_multi_thread() -> Builder {
        Self::of(tokio::runtime::Builder::new_multi_thread())
    }

    /// As [`tokio::runtime::Builder::enable_all`].
    #[track_caller]
    pub fn enable_all(&mut self) -> &mut Self {
        self.inner.enable_all();
        self.has_io_driver = true;
        self
    }

    /// As [`tokio::runtime::Builder::enable_io`].
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    #[track_caller]
    pub fn enable_io(&mut self) -> &mut Self {
        self.inner.enable_io();
        self.has_io_driver = true;
        self
    }

    settings! {
        /// As [`tokio::runtime::Builder::enable_time`].
        #[cfg(feature = "time")]
        fn enable_time();
        /// As [`tokio::runtime::Builder::start_paused`].
        #[cfg(feature = "test-util")]
        fn start_paused(start_paused: bool);
        /// As [`tokio::runtime::Builder::worker_threads`].
        fn worker_threads(val: usize);
        /// As [`tokio::runtime::Builder::thread_name`].
        fn thread_name(val: impl Into<String>);
        /// As [`tokio::runtime::Builder::thread_name_fn`].
        fn thread_name_fn(f: impl Fn() -> String + Send + Sync + 'static);
        /// As [`tokio::runtime::Builder::thread_stack_size`].
        fn thread_stack_size(val: usize);
        /// As [`tokio::runtime::Builder::on_thread_park`].
        fn on_thread_park(f: impl Fn() + Send + Sync + 'static);
        /// As [`tokio::runtime::Builder::on_thread_unpark`].
        fn on_thread_unpark(f: impl Fn() + Send + Sync + 'static);
        /// As [`tokio::runtime::Builder::thread_keep_alive`].
        fn thread_keep_alive(duration: Duration);
        /// As [`tokio::runtime::Builder::global_queue_interval`].
        fn global_queue_interval(val: u32);
        /// As [`tokio::runtime::Builder::event_interval`].
        fn event_interval(val: u32);
        /// As [`tokio::runtime::Builder::max_io_events_per_tick`].
        #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
        fn max_io_events_per_tick(capacity: usize);
    }

    fn of(inner: tokio::runtime::Builder) -> Self {
        Self {
            inner,
            blocking_threads: BLOCKING_THREADS,
            has_io_driver: false,
            on_thread_start: None,
            on_thread_stop: None,
        }
    }

    /// As [`tokio::runtime::Builder::max_blocking_threads`].
    ///
    /// # Panics
    ///
    /// If there are to be none.
    #[track_caller]
    pub fn max_blocking_threads(&mut self, val: usize) -> &mut Self {
        self.inner.max_blocking_threads(val);
        self.blocking_threads = val;
        self
    }

    /// As [`tokio::runtime::Builder::on_thread_start`].
    pub fn on_thread_start(&mut self, f: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_thread_start = Some(Arc::new(f));
        self
    }

    /// As [`tokio::runtime::Builder::on_thread_stop`].
    pub fn on_thread_stop(&mut self, f: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.on_thread_stop = Some(Arc::new(f));
        self
    }

    /// As [`tokio::runtime::Builder::name`], of version 1.51; before, it does nothing.
    #[allow(clippy::unit_arg)]
    #[track_caller]
    pub fn name(&mut self, val: impl Into<String>) -> &mut Self {
        let _ = self.inner.name(val.into());
        self
    }

    /// As [`tokio::runtime::Builder::max_io_events_per_busy_tick`], of version 1.54; before, it does
    /// nothing.
    #[cfg(any(feature = "net", feature = "process", feature = "signal"))]
    #[allow(clippy::unit_arg)]
    #[track_caller]
    pub fn max_io_events_per_busy_tick(&mut self, capacity: usize) -> &mut Self {
        let _ = self.inner.max_io_events_per_busy_tick(capacity);
        self
    }

    /// As [`tokio::runtime::Builder::build`].
    ///
    /// # Errors
    ///
    /// If the operating system refuses what the runtime needs.
    #[track_caller]
    pub fn build(&mut self) -> io::Result<Runtime> {
        self.set_hooks();
        let inner = self.inner.build()?;
        Ok(Runtime::of(
            inner,
            self.blocking_threads,
            self.has_io_driver,
        ))
    }

    /// As [`tokio::runtime::Builder::build_local`], of version 1.51.
    ///
    /// # Errors
    ///
    /// If the operating system refuses what the runtime needs, or the version of tokio has no such
    /// runtime.
    #[track_caller]
    pub fn build_local(&mut self, options: Options) -> io::Result<LocalRuntime> {
        self.set_hooks();
        let inner = self.inner.build_local(options)?;
        Ok(LocalRuntime::of(
            inner,
            self.blocking_threads,
            self.has_io_driver,
        ))
    }

    fn set_hooks(&mut self) {
        let (start, stop) = (self.on_thread_start.clone(), self.on_thread_stop.clone());
        self.inner.on_thread_start(move || {
            world::add_thread();
            start.iter().for_each(|hook| hook());
        });
        self.inner.on_thread_stop(move || {
            stop.iter().for_each(|hook| hook());
            world::remove_thread();
        });
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl Deref for Builder {
    type Target = tokio::runtime::Builder;

    fn deref(&self) -> &tokio::runtime::Builder {
        &self.inner
    }
}

impl DerefMut for Builder {
    fn deref_mut(&mut self) -> &mut tokio::runtime::Builder {
        &mut self.inner
    }
}
