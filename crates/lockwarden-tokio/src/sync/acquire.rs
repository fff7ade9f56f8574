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
    /// An acquisition that tries first: only if it has to wait is tokio's own future made.
    ///
    /// The queue is served in order all the same. A release hands its permits to the waiters first,
    /// so a permit is free only while none waits.
    pub(crate) struct Acquire<'a, F, M> {
        semaphore: &'a Semaphore,
        count: u32,
        created: Site,
        make: M,
        #[pin]
        queued: Option<Queued<'a, F>>,
    }
}

pin_project! {
    /// An acquisition that was not over at its first poll.
    struct Queued<'a, F> {
        // What was taken at once, while the budget of the task has to be charged for it.
        taken: Option<SemaphorePermit<'a>>,
        leaf: Leaf,
        #[pin]
        future: F,
    }
}

impl<'a, F, M> Acquire<'a, F, M>
where
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
    M: Fn(&'a Semaphore, u32) -> F,
{
    /// An acquisition of so many permits; `make` is that of tokio's own.
    #[inline(always)]
    pub(crate) fn new(semaphore: &'a Semaphore, count: u32, created: Site, make: M) -> Self {
        Self {
            semaphore,
            count,
            created,
            make,
            queued: None,
        }
    }

    /// Where the future was made.
    #[inline(always)]
    pub(crate) fn created(&self) -> Site {
        self.created
    }

    /// Polls it for a waiter that is listed with what `target` returns.
    #[inline(always)]
    pub(crate) fn poll_for(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        site: Site,
        target: impl FnOnce() -> Target,
    ) -> Poll<Result<SemaphorePermit<'a>, AcquireError>> {
        if self.queued.is_none() {
            let tried = match self.count {
                1 => self.semaphore.try_acquire(),
                count => self.semaphore.try_acquire_many(count),
            };
            let taken = tried.ok();
            if taken.is_some() {
                if let Poll::Ready(budget) = coop::poll_proceed(cx) {
                    budget.made_progress();
                    if let Some(permit) = taken {
                        return Poll::Ready(Ok(permit));
                    }
                } else {
                    self.queue(taken);
                    return Poll::Pending;
                }
            }
            self.as_mut().queue(None);
        }
        self.poll_queued(cx, site, target)
    }

    #[cold]
    fn queue(self: Pin<&mut Self>, taken: Option<SemaphorePermit<'a>>) {
        let mut this = self.project();
        let future = (this.make)(this.semaphore, *this.count);
        this.queued.set(Some(Queued {
            taken,
            leaf: Leaf::new(),
            future,
        }));
    }

    #[cold]
    fn poll_queued(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        site: Site,
        target: impl FnOnce() -> Target,
    ) -> Poll<Result<SemaphorePermit<'a>, AcquireError>> {
        let place = std::ptr::from_ref(&*self).addr();
        let this = self.project();
        let Some(queued) = this.queued.as_pin_mut() else {
            return Poll::Pending;
        };
        let queued = queued.project();
        if queued.taken.is_some() {
            let budget = ready!(coop::poll_proceed(cx));
            budget.made_progress();
            if let Some(permit) = queued.taken.take() {
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
        let future = queued.future;
        let poll = queued.leaf.poll_granted(cx, waiting, |cx| future.poll(cx));
        if poll.is_pending() {
            frame::note_pending();
        }
        poll
    }
}
