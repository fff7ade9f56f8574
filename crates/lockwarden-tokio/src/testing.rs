//! Tests of asynchronous code under supervision.

use std::future::Future;
use std::time::Duration;

use lockwarden::testing::{Check, Graph, Outcome};

use crate::runtime::Builder;

/// Runs the future that `f` makes on a current-thread runtime of its own, for at most 30 seconds, and
/// returns its outcome: [`lockwarden::testing::check`] for asynchronous code.
///
/// Beside what is found elsewhere, a check finds waits for messages, notifications and permits that
/// nothing is left to end, on Linux, if no thread that lockwarden does not know was started meanwhile.
/// A deadlock is broken by a panic in a task of it.
///
/// # Examples
///
/// ```
/// use lockwarden_tokio as tokio;
/// use tokio::testing::check_async;
///
/// let outcome = check_async(|| async {
///     let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
///     tokio::spawn(async move { sender.send(1).await.unwrap() });
///     assert_eq!(receiver.recv().await, Some(1));
/// });
/// outcome.assert_clean();
/// ```
///
/// # Panics
///
/// If the operating system refuses a thread or a runtime. A panic of the future is part of the
/// outcome.
#[track_caller]
pub fn check_async<F, Fut>(f: F) -> Outcome
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = ()>,
{
    AsyncCheck::new().run(f)
}

/// How a check of asynchronous code is to be run.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden_tokio::testing::AsyncCheck;
///
/// let outcome = AsyncCheck::new()
///     .timeout(Duration::from_secs(5))
///     .run(|| async { println!("under supervision") });
/// outcome.assert_clean();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "nothing is run before `run`"]
pub struct AsyncCheck {
    timeout: Option<Duration>,
    graph: Graph,
    #[cfg(feature = "rt-multi-thread")]
    workers: Option<usize>,
    #[cfg(feature = "test-util")]
    paused: bool,
}

impl AsyncCheck {
    /// On a current-thread runtime, with a limit of 30 seconds and a fresh order graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Chooses the order graph.
    pub fn graph(mut self, graph: Graph) -> Self {
        self.graph = graph;
        self
    }

    /// Runs on a multi-thread runtime with so many workers.
    #[cfg(feature = "rt-multi-thread")]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// Runs with a clock that stands still while a task can run, and jumps while none can.
    #[cfg(feature = "test-util")]
    pub fn paused(mut self) -> Self {
        self.paused = true;
        self
    }

    /// Runs the future that `f` makes, and returns its outcome.
    ///
    /// # Panics
    ///
    /// If the operating system refuses a thread or a runtime. A panic of the future is part of the
    /// outcome.
    #[track_caller]
    pub fn run<F, Fut>(self, f: F) -> Outcome
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = ()>,
    {
        let mut check = Check::new().graph(self.graph);
        if let Some(timeout) = self.timeout {
            check = check.timeout(timeout);
        }
        #[cfg(any(debug_assertions, feature = "always"))]
        let (before, site) = (crate::world::threads(), std::panic::Location::caller());
        #[cfg(any(debug_assertions, feature = "always"))]
        let supervisor = crate::world::own_id();
        check.run(move || {
            #[cfg(any(debug_assertions, feature = "always"))]
            let _open = crate::world::Open::here(before, supervisor);
            #[cfg(any(debug_assertions, feature = "always"))]
            crate::examine::look_out();
            let runtime = self.builder().build();
            let runtime = runtime.expect("the operating system provides a runtime");
            #[cfg(any(debug_assertions, feature = "always"))]
            runtime.block_on_at(site, f());
            #[cfg(not(any(debug_assertions, feature = "always")))]
            runtime.block_on(f());
        })
    }

    /// Runs the future that `f` makes on the calling thread, which a check of lockwarden has started:
    /// what `#[lockwarden::test]` on an `async fn` calls. The limit and the graph are those of that
    /// check.
    ///
    /// # Panics
    ///
    /// If the operating system refuses a runtime, or the future panics.
    #[doc(hidden)]
    #[track_caller]
    pub fn drive<F, Fut>(self, f: F) -> Fut::Output
    where
        F: FnOnce() -> Fut,
        Fut: Future,
    {
        #[cfg(any(debug_assertions, feature = "always"))]
        let _open = crate::world::Open::here(crate::world::threads(), None);
        #[cfg(any(debug_assertions, feature = "always"))]
        crate::examine::look_out();
        let runtime = self.builder().build();
        let runtime = runtime.expect("the operating system provides a runtime");
        runtime.block_on(f())
    }

    fn builder(&self) -> Builder {
        #[cfg(feature = "rt-multi-thread")]
        let mut builder = match self.workers {
            Some(workers) => {
                let mut builder = Builder::new_multi_thread();
                builder.worker_threads(workers);
                builder
            }
            None => Builder::new_current_thread(),
        };
        #[cfg(not(feature = "rt-multi-thread"))]
        let mut builder = Builder::new_current_thread();
        builder.enable_all();
        #[cfg(feature = "test-util")]
        builder.start_paused(self.paused);
        builder
    }
}
