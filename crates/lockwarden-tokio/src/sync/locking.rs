//! The futures of lock acquisitions.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::{Mode, Site};
use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, SemaphorePermit};

use super::acquire::Acquire;
use super::keep::{HasRaw, Keep};
use super::raw::{Raw, Taken};
use super::sited::Sited;
use crate::agent::frame;

pin_project! {
    /// An acquisition of a borrowed lock.
    pub(crate) struct Locking<'a, L: ?Sized, F, G>
    where
        L: HasRaw,
    {
        lock: &'a L,
        mode: Mode,
        guard: fn(Keep<&'a L>) -> G,
        #[pin]
        acquire: Acquire<'a, F>,
    }
}

impl<'a, L, F, G> Locking<'a, L, F, G>
where
    L: HasRaw + ?Sized,
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
{
    #[inline]
    pub(crate) fn new(
        lock: &'a L,
        mode: Mode,
        created: Site,
        future: F,
        guard: fn(Keep<&'a L>) -> G,
    ) -> Self {
        let raw = lock.raw();
        Self {
            lock,
            mode,
            guard,
            acquire: Acquire::new(&raw.semaphore, raw.share(mode), created, future),
        }
    }
}

impl<'a, L, F, G> Future for Locking<'a, L, F, G>
where
    L: HasRaw + ?Sized,
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
{
    type Output = G;

    // The caller of a poll is the `.await`.
    #[track_caller]
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let site = Location::caller();
        let place = std::ptr::from_ref(&*self).addr();
        let this = self.project();
        let (raw, mode) = (this.lock.raw(), *this.mode);
        let created = this.acquire.created();
        let permit = ready!(this.acquire.poll_for(cx, site, || raw.target(mode)));
        let taken = raw.taken(permit, mode, created, place);
        Poll::Ready((this.guard)(Keep::new(*this.lock, taken, mode)))
    }
}

pin_project! {
    struct Taking<'a, F> {
        raw: &'a Raw,
        mode: Mode,
        #[pin]
        acquire: Acquire<'a, F>,
    }
}

impl<'a, F> Future for Taking<'a, F>
where
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
{
    type Output = Taken;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (raw, mode) = (*this.raw, *this.mode);
        let created = this.acquire.created();
        let site = frame::outer_site(created);
        let permit = ready!(this.acquire.poll_for(cx, site, || raw.target(mode)));
        // The guard will own its lock, so it can go anywhere.
        Poll::Ready(raw.taken(permit, mode, created, 0))
    }
}

/// Takes a lock, without a guard.
pub(crate) fn take(raw: &Raw, mode: Mode, created: Site) -> impl Future<Output = Taken> {
    let future = raw.semaphore.acquire_many(raw.share(mode));
    Taking {
        raw,
        mode,
        acquire: Acquire::new(&raw.semaphore, raw.share(mode), created, future),
    }
}

/// A future that owns what it acquires from, at the place of its `.await`.
pub(crate) fn owned<F: Future>(future: F) -> impl Future<Output = F::Output> {
    Sited::new(future)
}
