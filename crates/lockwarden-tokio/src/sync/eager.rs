//! A future that tries at its first poll, and is made into one that waits only if it has to.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::rarely::Rarely;
use crate::agent::frame;

pin_project! {
    /// What is tried is given `S`, and gives it back if it has to wait: then `later` makes the future
    /// that waits, at the place of the outer `.await`.
    pub(crate) struct Eager<S, A, L, F> {
        start: Option<(S, A, L)>,
        #[pin]
        waits: Rarely<F>,
    }
}

impl<S, A, L, F> Eager<S, A, L, F> {
    /// `at_once` is tried at the first poll.
    #[inline]
    pub(crate) fn new<T>(start: S, at_once: A, later: L) -> Self
    where
        A: FnOnce(S, &mut Context<'_>) -> Result<T, S>,
        L: FnOnce(S) -> F,
        F: Future<Output = T>,
    {
        Self {
            start: Some((start, at_once, later)),
            waits: Rarely::none(),
        }
    }
}

impl<S, A, L, F, T> Future for Eager<S, A, L, F>
where
    A: FnOnce(S, &mut Context<'_>) -> Result<T, S>,
    L: FnOnce(S) -> F,
    F: Future<Output = T>,
{
    type Output = T;

    #[track_caller]
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let mut this = self.project();
        if let Some((start, at_once, later)) = this.start.take() {
            match at_once(start, cx) {
                Ok(value) => return Poll::Ready(value),
                Err(start) => this.waits.as_mut().option().set(Some(later(start))),
            }
        }
        let site = frame::outer_site(std::panic::Location::caller());
        match this.waits.option().as_pin_mut() {
            Some(future) => frame::at(site, || future.poll(cx)),
            None => panic!("a future was polled after it was ready"),
        }
    }
}
