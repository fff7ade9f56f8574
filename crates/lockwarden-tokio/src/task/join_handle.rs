//! Waiting for the end of a task.

use std::fmt;
use std::future::Future;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::task::{AbortHandle, Id, JoinError};

use crate::agent::joining::Joining;
use crate::agent::leaf::{Target, Waiting};
use crate::agent::root::Ended;
use crate::agent::task::Joined;

/// [`tokio::task::JoinHandle`] of a task that is watched.
pub struct JoinHandle<T> {
    inner: tokio::task::JoinHandle<Ended<T>>,
    joining: Joining,
}

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}
impl<T> Unpin for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    pub(crate) fn new(inner: tokio::task::JoinHandle<Ended<T>>, joined: Joined) -> Self {
        Self {
            inner,
            joining: Joining::new(joined),
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
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let id = this.inner.id();
        let (site, place) = (Location::caller(), std::ptr::from_ref(this).addr());
        let inner = &mut this.inner;
        let poll = this.joining.with(|joined, leaf| {
            let waiting = Waiting {
                created: joined.spawned(),
                site,
                place,
                target: || Target::End(vec![(id, joined.clone())]),
            };
            leaf.poll(cx, waiting, |cx| Pin::new(inner).poll(cx))
        });
        Poll::Ready(ready!(poll).map(Ended::joined))
    }
}

impl<T: fmt::Debug> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::JoinHandle;

    #[test]
    fn a_handle_has_one_word_more_than_that_of_tokio() {
        let more = size_of::<JoinHandle<u64>>() - size_of::<tokio::task::JoinHandle<u64>>();
        assert_eq!(more, size_of::<usize>());
    }
}
