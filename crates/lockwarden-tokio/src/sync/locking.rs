//! The futures of lock acquisitions.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::{Mode, Site};
use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use super::acquire::Acquire;
use super::blocking;
use super::eager::Eager;
use super::fast_semaphore::Permit;
use super::keep::{HasRaw, Keep};
use super::raw::{Raw, Taken};
use crate::agent::frame;

pin_project! {
    /// An acquisition of a borrowed lock: exclusive, or shared.
    pub(crate) struct Locking<'a, L, F, M, W, X>
    where
        L: HasRaw,
        L: ?Sized,
    {
        mode: PhantomData<X>,
        lock: &'a L,
        guard: W,
        #[pin]
        acquire: Acquire<'a, F, M>,
    }
}

/// A mode that is known when the program is compiled.
pub(crate) trait Modal {
    const MODE: Mode;
}

/// To hold a lock exclusively.
pub(crate) enum Write {}
/// To share a lock.
pub(crate) enum Read {}

impl Modal for Write {
    const MODE: Mode = Mode::Exclusive;
}

impl Modal for Read {
    const MODE: Mode = Mode::Shared;
}

/// An acquisition whose result is made into a guard by `guard`.
#[inline(always)]
pub(crate) fn lock<'a, X, L, G>(
    lock: &'a L,
    created: Site,
    guard: impl Fn(Keep<&'a L>) -> G,
) -> impl Future<Output = G>
where
    X: Modal,
    L: HasRaw + ?Sized,
{
    let raw = lock.raw();
    let make = Semaphore::acquire_many;
    let count = raw.share(X::MODE);
    Locking {
        mode: PhantomData::<X>,
        lock,
        guard,
        acquire: Acquire::new(&raw.semaphore, count, created, make),
    }
}

impl<'a, L, F, M, W, G, X> Future for Locking<'a, L, F, M, W, X>
where
    X: Modal,
    L: HasRaw + ?Sized,
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
    M: Fn(&'a Semaphore, u32) -> F,
    W: Fn(Keep<&'a L>) -> G,
{
    type Output = G;

    // The caller of a poll is the `.await`.
    #[track_caller]
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let site = Location::caller();
        let place = std::ptr::from_ref(&*self).addr();
        let this = self.project();
        let raw = this.lock.raw();
        let mode = X::MODE;
        let created = this.acquire.created();
        let permit = ready!(this.acquire.poll_for(cx, site, || raw.target(mode)));
        let taken = raw.taken(permit, mode, created, place, Some(cx.waker().into()));
        Poll::Ready((this.guard)(Keep::new(*this.lock, taken, mode)))
    }
}

pin_project! {
    /// The wait for the permits of a lock, which is not held before that is recorded.
    struct Taking<'a, F, M> {
        raw: &'a Raw,
        mode: Mode,
        #[pin]
        acquire: Acquire<'a, F, M>,
    }
}

impl<'a, F, M> Future for Taking<'a, F, M>
where
    F: Future<Output = Result<SemaphorePermit<'a>, AcquireError>>,
    M: Fn(&'a Semaphore, u32) -> F,
{
    type Output = Result<Permit<'a>, AcquireError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (raw, mode) = (*this.raw, *this.mode);
        let created = this.acquire.created();
        let site = frame::outer_site(created);
        this.acquire.poll_for(cx, site, || raw.target(mode))
    }
}

fn taking(
    raw: &Raw,
    mode: Mode,
    created: Site,
) -> impl Future<Output = Result<Permit<'_>, AcquireError>> {
    let count = raw.share(mode);
    Taking {
        raw,
        mode,
        acquire: Acquire::new(&raw.semaphore, count, created, Semaphore::acquire_many),
    }
}

/// Takes a lock, and blocks the calling thread until then.
///
/// # Panics
///
/// In an asynchronous context.
#[track_caller]
pub(crate) fn blocking(raw: &Raw, mode: Mode) -> Taken {
    blocking::ask_whether_to_block();
    let created = Location::caller();
    let count = raw.share(mode);
    let permit = match raw.semaphore.try_take(count) {
        Ok(()) => Ok(Permit::new(&raw.semaphore, count)),
        Err(_) => blocking::drive(created, taking(raw, mode, created)),
    };
    // Where the guard will be is not known.
    raw.taken(permit, mode, created, 0, None)
}

/// Takes a lock, for a guard that owns it.
#[inline]
pub(crate) fn owned<X, L, G>(
    lock: Arc<L>,
    created: Site,
    guard: impl Fn(Keep<Arc<L>>) -> G + Copy,
) -> impl Future<Output = G>
where
    X: Modal,
    L: HasRaw + ?Sized,
{
    let at_once = move |lock: Arc<L>, cx: &mut Context<'_>| {
        let raw = lock.raw();
        let Some(permit) = raw.semaphore.take_within_budget(raw.share(X::MODE), cx) else {
            return Err(lock);
        };
        let taken = raw.taken(Ok(permit), X::MODE, created, 0, Some(cx.waker().into()));
        Ok(guard(Keep::new(lock, taken, X::MODE)))
    };
    let later = move |lock: Arc<L>| async move {
        let raw = lock.raw();
        let permit = taking(raw, X::MODE, created).await;
        let polled = poll_fn(|cx| Poll::Ready(cx.waker().into())).await;
        // The guard will own its lock, so it can go anywhere.
        let taken = raw.taken(permit, X::MODE, created, 0, Some(polled));
        guard(Keep::new(lock, taken, X::MODE))
    };
    Eager::new(lock, at_once, later)
}
