//! Closures on threads that may block.

use std::panic::Location;
use std::sync::Arc;

use lockwarden::instrument::{Agent, Clock, Site};

use super::{JoinHandle, lets_out};
use crate::agent::frame;
use crate::agent::root::Origin;
use crate::agent::task::{Kind, Task};

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
    let (job, task) = job(f, Location::caller());
    JoinHandle::new(tokio::task::spawn_blocking(job), task)
}

/// The same on the blocking pool of `handle`.
#[track_caller]
pub(crate) fn spawn_blocking_on<F, R>(handle: &tokio::runtime::Handle, f: F) -> JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let (job, task) = job(f, Location::caller());
    JoinHandle::new(handle.spawn_blocking(job), task)
}

/// A closure that runs `f` as a task.
pub(super) fn job<F, R>(f: F, site: Site) -> (impl FnOnce() -> R + Send + 'static, Arc<Task>)
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    lets_out::<F>();
    let origin = Origin {
        kind: Kind::Blocking,
        spawned: site,
        runtime: None,
    };
    let (mut agent, task) = origin.begin();
    let known = Arc::clone(&task);
    let job = move || {
        // Polled once, until it is over.
        task.begin_poll(frame::thread());
        let running = Running { task, ended: false };
        running.run(&mut agent, f)
    };
    (job, known)
}

struct Running {
    task: Arc<Task>,
    ended: bool,
}

impl Running {
    fn run<R>(mut self, agent: &mut Agent, f: impl FnOnce() -> R) -> R {
        agent.run(|| {
            let result = frame::as_job(f);
            *self.task.end.lock() = Some(Clock::release_if_attached());
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
