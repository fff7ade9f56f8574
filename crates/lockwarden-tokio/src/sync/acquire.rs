//! Waiting for permits of one of tokio's semaphores, on which the locks stand too.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::Site;
use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};
use tokio::task::coop;

use crate::agent::frame;
use crate::agent::leaf::{self, Leaf, Target, Waiting};

pin_project! {
    /// An acquisition that tries first: only if it has to wait is tokio's own future polled.
    ///
    /// The queue is served in order all the same. A release hands its permits to the waiters first,
    /// so a permit is free only while none waits.
    pub(crate) struct Acquire<'a, F> {
        semaphore: &'a Semaphore,
        count: u32,
        created: Site,
        has_tried: bool,
        // What was taken at once, while the budget of the task has to be charged for it.
        taken: Option<SemaphorePermit<'a>>,
        leaf: Leaf,
        #[pin]
        future: F,
    }
}

impl<'a, F> Acquire<'a, F>
where
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
{
    #[inline]
    pub(crate) fn new(semaphore: &'a Semaphore, count: u32, created: Site, future: F) -> Self {
        Self {
            semaphore,
            count,
            created,
            has_tried: false,
            taken: None,
            leaf: Leaf::new(),
            future,
        }
    }

    /// Where the future was made.
    pub(crate) fn created(&self) -> Site {
        self.created
    }

    /// Polls it for a waiter that is listed with what `target` returns.
    #[inline]
    pub(crate) fn poll_for(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        site: Site,
        target: impl FnOnce() -> Target,
    ) -> Poll<Result<SemaphorePermit<'a>, AcquireError>> {
        let place = std::ptr::from_ref(&*self).addr();
        let this = self.project();
        if !*this.has_tried {
            *this.has_tried = true;
            *this.taken = this.semaphore.try_acquire_many(*this.count).ok();
        }
        if this.taken.is_some() {
            let budget = ready!(coop::poll_proceed(cx));
            budget.made_progress();
            if let Some(permit) = this.taken.take() {
                return Poll::Ready(Ok(permit));
            }
        }
        leaf::raise_alarm();
        let waiting = Waiting {
            created: this.created,
            site,
            place,
            target,
        };
        let poll = this
            .leaf
            .poll_granted(cx, waiting, |cx| this.future.poll(cx));
        if poll.is_pending() {
            frame::note_pending();
        }
        poll
    }
}
