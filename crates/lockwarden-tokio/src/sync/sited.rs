//! Futures whose `.await` is the place of the waits within.

#![allow(unsafe_code)]

use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};

use lockwarden::instrument::Site;
use pin_project_lite::pin_project;

use crate::agent::frame;

/// A future that calls `poll` with the place of its `.await`.
pub(crate) struct PollAt<P> {
    poll: P,
    // As the futures of tokio's `async` functions.
    _pinned: PhantomPinned,
}

impl<P> PollAt<P> {
    #[inline]
    pub(crate) fn new<T>(poll: P) -> Self
    where
        P: FnMut(&mut Context<'_>, Site) -> Poll<T>,
    {
        let _pinned = PhantomPinned;
        Self { poll, _pinned }
    }
}

impl<P, T> Future for PollAt<P>
where
    P: FnMut(&mut Context<'_>, Site) -> Poll<T>,
{
    type Output = T;

    #[track_caller]
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the closure is not moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        (this.poll)(cx, std::panic::Location::caller())
    }
}

pin_project! {
    /// Runs a future, in which the waits of this crate take the place of the outer `.await` for
    /// theirs.
    pub(crate) struct Sited<F> {
        #[pin]
        future: F,
    }
}

impl<F> Sited<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Sited<F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let site = frame::outer_site(std::panic::Location::caller());
        let future = self.project().future;
        frame::at(site, || future.poll(cx))
    }
}
