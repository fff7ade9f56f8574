//! Waiting for permits of a semaphore, on which the locks stand too.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::Site;
use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use super::budget;
use super::fast_semaphore::{FastSemaphore, Permit, Waiter};
use super::rarely::Rarely;
use crate::agent::frame;
use crate::agent::leaf::{Leaf, Target, Waiting};

pin_project! {
    /// An acquisition that tries first: only if it has to wait is tokio's own future made.
    ///
    /// The queue is served in order all the same. A release hands its permits to the waiters first,
    /// so a permit is free only while none waits.
    pub(crate) struct Acquire<'a, F, M> {
        semaphore: &'a FastSemaphore,
        count: u32,
        created: Site,
        make: M,
        #[pin]
        queued: Rarely<Queued<'a, F>>,
    }
}

pin_project! {
    /// An acquisition that was not over at its first poll.
    struct Queued<'a, F> {
        // What was taken at once, while the budget of the task has to be charged for it.
        taken: Option<Permit<'a>>,
        leaf: Leaf,
        #[pin]
        future: F,
        // Dropped after the future, which gives back what it was handed.
        waiter: Waiter<'a>,
    }
}

impl<'a, F, M> Acquire<'a, F, M>
where
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
    M: Fn(&'a Semaphore, u32) -> F,
{
    /// An acquisition of so many permits; `make` is that of tokio's own.
    #[inline(always)]
    pub(crate) fn new(semaphore: &'a FastSemaphore, count: u32, created: Site, make: M) -> Self {
        Self {
            semaphore,
            count,
            created,
            make,
            queued: Rarely::none(),
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
    ) -> Poll<Result<Permit<'a>, AcquireError>> {
        if self.queued.is_none() {
            let (semaphore, count) = (self.semaphore, self.count);
            if semaphore.take(count) || semaphore.try_take(count).is_ok() {
                let taken = Permit::new(semaphore, count);
                if budget::charge(cx).is_ready() {
                    return Poll::Ready(Ok(taken));
                }
                self.queue(Some(taken));
                return Poll::Pending;
            }
            self.as_mut().queue(None);
        }
        self.poll_queued(cx, site, target)
    }

    #[cold]
    fn queue(self: Pin<&mut Self>, taken: Option<Permit<'a>>) {
        let mut this = self.project();
        let semaphore: &'a FastSemaphore = this.semaphore;
        let (queue, waiter) = semaphore.wait();
        let future = (this.make)(queue, *this.count);
        this.queued.as_mut().option().set(Some(Queued {
            taken,
            leaf: Leaf::new(),
            future,
            waiter,
        }));
    }

    #[cold]
    fn poll_queued(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        site: Site,
        target: impl FnOnce() -> Target,
    ) -> Poll<Result<Permit<'a>, AcquireError>> {
        let place = std::ptr::from_ref(&*self).addr();
        let mut this = self.project();
        let Some(queued) = this.queued.as_mut().option().as_pin_mut() else {
            return Poll::Pending;
        };
        let queued = queued.project();
        let result = if queued.taken.is_some() {
            ready!(budget::charge(cx));
            queued.taken.take().map(Ok)
        } else {
            None
        };
        let result = match result {
            Some(result) => result,
            None => {
                let waiting = Waiting {
                    created: this.created,
                    site,
                    place,
                    target,
                };
                let future = queued.future;
                let poll = queued.leaf.poll_granted(cx, waiting, |cx| future.poll(cx));
                let Poll::Ready(result) = poll else {
                    frame::note_pending();
                    return Poll::Pending;
                };
                result.map(|permit| {
                    permit.forget();
                    Permit::new(this.semaphore, *this.count)
                })
            }
        };
        // The waiter does not count any more.
        this.queued.option().set(None);
        Poll::Ready(result)
    }
}
