//! A future whose `.await` is the place of the waits within.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::agent::frame;

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
