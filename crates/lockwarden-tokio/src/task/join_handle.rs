//! Waiting for the end of a task.

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use lockwarden::instrument::Clock;
use tokio::task::{AbortHandle, Id, JoinError};

use crate::agent::leaf::{self, Leaf, Target, Waiting};
use crate::agent::task::Task;

/// [`tokio::task::JoinHandle`] of a task that is watched.
pub struct JoinHandle<T> {
    inner: tokio::task::JoinHandle<T>,
    task: Arc<Task>,
    leaf: Leaf,
}

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(crate) fn new(inner: tokio::task::JoinHandle<T>, task: Arc<Task>) -> Self {
        Self {
            inner,
            task,
            leaf: Leaf::new(),
        }
    }

    /// As [`tokio::task::JoinHandle::abort`].
    pub fn abort(&self) {
        self.inner.abort();
    }

    /// As [`tokio::task::JoinHandle::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.inner.is_finished()
    }

    /// As [`tokio::task::JoinHandle::abort_handle`].
    #[must_use = "abort handles do nothing unless `.abort` is called"]
    pub fn abort_handle(&self) -> AbortHandle {
        self.inner.abort_handle()
    }

    /// As [`tokio::task::JoinHandle::id`].
    pub fn id(&self) -> Id {
        self.inner.id()
    }

    /// tokio's own handle.
    pub fn into_tokio(self) -> tokio::task::JoinHandle<T> {
        self.inner
    }
}

/// The calling task comes after all that `task`, which has ended, has done.
pub(super) fn arrive_after(task: &Task) {
    if let Some(past) = task.end.lock().as_ref() {
        Clock::acquire(past);
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        leaf::raise_alarm();
        let this = &mut *self;
        let waiting = Waiting {
            created: this.task.spawned,
            site: Location::caller(),
            place: std::ptr::from_ref(this).addr(),
            target: || Target::End(vec![Arc::clone(&this.task)]),
        };
        let inner = Pin::new(&mut this.inner);
        let poll = this.leaf.poll(cx, waiting, |cx| inner.poll(cx));
        if poll.is_ready() {
            arrive_after(&this.task);
        }
        poll
    }
}

impl<T: fmt::Debug> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
