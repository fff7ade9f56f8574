//! Closures on threads that may block.

use std::mem::needs_drop;
use std::panic::Location;
use std::sync::Arc;
#[cfg(feature = "rt-multi-thread")]
use std::sync::atomic::Ordering;

use lockwarden::instrument::{Agent, Clock, Site};

use super::JoinHandle;
use crate::agent::frame;
use crate::agent::identity::Known;
use crate::agent::mark::To;
use crate::agent::origin::Origin;
use crate::agent::root::Ended;
use crate::agent::runtime::RuntimeState;
use crate::agent::task::{Joined, Kind, Task};
use crate::agent::thread;

/// As [`tokio::task::spawn_blocking`]; what the closure locks is recorded as done by a task.
///
/// # Panics
///
/// Outside of a runtime.
#[track_caller]
pub fn spawn_blocking<F, R>(f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let runtime = RuntimeState::here();
    let (job, joined) = job(f, Location::caller(), runtime.as_ref());
    let _apart = frame::apart();
    JoinHandle::new(tokio::task::spawn_blocking(job), joined)
}

/// As [`tokio::task::block_in_place`].
///
/// # Panics
///
/// In a current-thread runtime.
#[cfg(feature = "rt-multi-thread")]
#[track_caller]
pub fn block_in_place<F, R>(f: F) -> R
where
    F: FnOnce() -> R,
{
    struct Back(Option<Arc<Task>>);
    impl Drop for Back {
        fn drop(&mut self) {
            if let Some(task) = &self.0 {
                task.is_in_place.store(false, Ordering::Release);
            }
        }
    }
    let task = frame::with(|frame| frame.map(|frame| Arc::clone(frame.task())));
    // One within another leaves the mark to the outer one.
    let task = task.filter(|task| !task.is_in_place.swap(true, Ordering::AcqRel));
    let _back = Back(task);
    // tokio starts a thread for the other tasks of the worker.
    match frame::apart() {
        Some(apart) => tokio::task::block_in_place(|| apart.within(f)),
        None => tokio::task::block_in_place(f),
    }
}

/// As [`spawn_blocking`], on the blocking pool of `handle`.
#[track_caller]
pub(crate) fn spawn_blocking_on<F, R>(
    handle: &tokio::runtime::Handle,
    runtime: Option<&Arc<RuntimeState>>,
    f: F,
) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let (job, joined) = job(f, Location::caller(), runtime);
    let _apart = frame::apart();
    JoinHandle::new(handle.spawn_blocking(job), joined)
}

/// A closure that runs `f` as a task.
pub(super) fn job<F, R>(
    f: F,
    site: Site,
    runtime: Option<&Arc<RuntimeState>>,
) -> (impl FnOnce() -> Ended<R> + Send + 'static, Joined)
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    if needs_drop::<F>() {
        frame::let_out(To::Child);
    }
    let origin = Origin::of(Kind::Blocking, site, runtime);
    // A closure in the queue of a full pool is looked at before it runs.
    let birth = frame::known().map(|parent| parent.spawns());
    let Known { mut agent, task } = Known::new(&origin, Clock::release_if_attached(), None, birth);
    let joined = Joined::Known(Arc::clone(&task));
    let job = move || {
        // Polled once, until it is over.
        task.begin_poll(thread::number());
        let running = Running { task, ended: false };
        running.run(&mut agent, f)
    };
    (job, joined)
}

struct Running {
    task: Arc<Task>,
    ended: bool,
}

impl Running {
    fn run<R>(mut self, agent: &mut Agent, f: impl FnOnce() -> R) -> Ended<R> {
        agent.run(|| {
            let result = Ended::here(frame::as_job(self.task.id, f));
            if needs_drop::<R>() {
                self.task.gives_result();
            }
            self.end();
            result
        })
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.task.end_poll();
            self.task.end();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}
