//! What builds thread pools.

use std::any::Any;
use std::fmt;
use std::io;

use crate::{ThreadBuilder, ThreadPool, ThreadPoolBuildError, original};

/// The settings of a pool, and how it starts its threads, of which the original's types have no public names.
pub struct ThreadPoolBuilder<S = DefaultSpawn> {
    settings: original::ThreadPoolBuilder,
    spawn: S,
}

/// How a pool starts its threads.
pub trait ThreadSpawn {
    fn build(
        self,
        settings: original::ThreadPoolBuilder,
    ) -> Result<original::ThreadPool, ThreadPoolBuildError>;

    fn build_global(
        self,
        settings: original::ThreadPoolBuilder,
    ) -> Result<(), ThreadPoolBuildError>;
}

/// As threads of std.
pub struct DefaultSpawn;

/// By a function of the program.
pub struct CustomSpawn<F>(F);

impl ThreadSpawn for DefaultSpawn {
    fn build(
        self,
        settings: original::ThreadPoolBuilder,
    ) -> Result<original::ThreadPool, ThreadPoolBuildError> {
        settings.build()
    }

    fn build_global(
        self,
        settings: original::ThreadPoolBuilder,
    ) -> Result<(), ThreadPoolBuildError> {
        settings.build_global()
    }
}

impl<F> ThreadSpawn for CustomSpawn<F>
where
    F: FnMut(ThreadBuilder) -> io::Result<()>,
{
    fn build(
        self,
        settings: original::ThreadPoolBuilder,
    ) -> Result<original::ThreadPool, ThreadPoolBuildError> {
        settings.spawn_handler(self.0).build()
    }

    fn build_global(
        self,
        settings: original::ThreadPoolBuilder,
    ) -> Result<(), ThreadPoolBuildError> {
        settings.spawn_handler(self.0).build_global()
    }
}

impl Default for ThreadPoolBuilder {
    fn default() -> Self {
        Self {
            settings: original::ThreadPoolBuilder::new(),
            spawn: DefaultSpawn,
        }
    }
}

impl ThreadPoolBuilder {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn build_scoped<W, F, R>(self, wrapper: W, with_pool: F) -> Result<R, ThreadPoolBuildError>
    where
        W: Fn(ThreadBuilder) + Sync,
        F: FnOnce(&ThreadPool) -> R,
    {
        let with_pool = |pool: &original::ThreadPool| with_pool(ThreadPool::of(pool));
        self.settings.build_scoped(wrapper, with_pool)
    }
}

impl<S: ThreadSpawn> ThreadPoolBuilder<S> {
    pub fn build(self) -> Result<ThreadPool, ThreadPoolBuildError> {
        self.spawn.build(self.settings).map(ThreadPool)
    }

    pub fn build_global(self) -> Result<(), ThreadPoolBuildError> {
        self.spawn.build_global(self.settings)
    }
}

impl<S> ThreadPoolBuilder<S> {
    pub fn spawn_handler<F>(self, spawn: F) -> ThreadPoolBuilder<CustomSpawn<F>>
    where
        F: FnMut(ThreadBuilder) -> io::Result<()>,
    {
        ThreadPoolBuilder {
            settings: self.settings,
            spawn: CustomSpawn(spawn),
        }
    }

    pub fn thread_name<F>(self, closure: F) -> Self
    where
        F: FnMut(usize) -> String + 'static,
    {
        self.with(|settings| settings.thread_name(closure))
    }

    pub fn num_threads(self, num_threads: usize) -> Self {
        self.with(|settings| settings.num_threads(num_threads))
    }

    pub fn use_current_thread(self) -> Self {
        self.with(|settings| settings.use_current_thread())
    }

    pub fn panic_handler<H>(self, panic_handler: H) -> Self
    where
        H: Fn(Box<dyn Any + Send>) + Send + Sync + 'static,
    {
        self.with(|settings| settings.panic_handler(panic_handler))
    }

    pub fn stack_size(self, stack_size: usize) -> Self {
        self.with(|settings| settings.stack_size(stack_size))
    }

    #[deprecated(note = "use `scope_fifo` and `spawn_fifo` for similar effect")]
    #[allow(deprecated)]
    pub fn breadth_first(self) -> Self {
        self.with(|settings| settings.breadth_first())
    }

    pub fn start_handler<H>(self, start_handler: H) -> Self
    where
        H: Fn(usize) + Send + Sync + 'static,
    {
        self.with(|settings| settings.start_handler(start_handler))
    }

    pub fn exit_handler<H>(self, exit_handler: H) -> Self
    where
        H: Fn(usize) + Send + Sync + 'static,
    {
        self.with(|settings| settings.exit_handler(exit_handler))
    }

    fn with(
        self,
        change: impl FnOnce(original::ThreadPoolBuilder) -> original::ThreadPoolBuilder,
    ) -> Self {
        Self {
            settings: change(self.settings),
            spawn: self.spawn,
        }
    }
}

impl<S> fmt::Debug for ThreadPoolBuilder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}
