//! A future of tokio's that waits for what any task might bring about.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::{Clock, Site, WaitReason};
use pin_project_lite::pin_project;

use crate::agent::leaf::{Leaf, Target, Thing, Waiting};

/// What a [`Watched`] future waits for.
pub(crate) trait Awaited {
    /// Whether a call of the waker means a grant: of a place in a queue.
    const IS_GRANTED: bool = false;

    fn target(&self) -> Target;

    /// Lasts for one poll, with what is made of the result.
    fn poll_begins(&self) -> impl Sized {}
}

impl Awaited for Thing {
    fn target(&self) -> Target {
        Target::AnyAgent(*self)
    }
}

pin_project! {
    pub(crate) struct Watched<W, F, M> {
        awaited: W,
        created: Site,
        map: Option<M>,
        #[pin]
        future: F,
        // Dropped after the future: while that has what it waited for, the wait is listed.
        leaf: Leaf,
    }
}

/// Lists the wait of `future` while it is pending, and gives its result to `map`.
#[track_caller]
pub(crate) fn watched<W, F, R, M>(awaited: W, future: F, map: M) -> Watched<W, F, M>
where
    W: Awaited,
    F: Future,
    M: FnOnce(F::Output) -> R,
{
    watched_from(Location::caller(), awaited, future, map)
}

/// Lists the wait like [`watched`], as that of a future which was made at `created`.
pub(crate) fn watched_from<W, F, R, M>(
    created: Site,
    awaited: W,
    future: F,
    map: M,
) -> Watched<W, F, M>
where
    W: Awaited,
    F: Future,
    M: FnOnce(F::Output) -> R,
{
    Watched {
        awaited,
        created,
        leaf: Leaf::new(),
        map: Some(map),
        future,
    }
}

impl<W, F, R, M> Future for Watched<W, F, M>
where
    W: Awaited,
    F: Future,
    M: FnOnce(F::Output) -> R,
{
    type Output = R;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        let place = std::ptr::from_ref(&*self).addr();
        let site = Location::caller();
        let this = self.project();
        let waiting = Waiting {
            created: this.created,
            site,
            place,
            target: || this.awaited.target(),
        };
        let _poll = this.awaited.poll_begins();
        let output = ready!(if W::IS_GRANTED {
            this.leaf
                .poll_granted(cx, waiting, |cx| this.future.poll(cx))
        } else {
            this.leaf.poll(cx, waiting, |cx| this.future.poll(cx))
        });
        let Some(map) = this.map.take() else {
            panic!("a future was polled after it was ready");
        };
        Poll::Ready(map(output))
    }
}

impl Thing {
    pub(crate) fn new(noun: &'static str, awaited: WaitReason, made: Site) -> Self {
        Self {
            noun,
            awaited,
            made,
        }
    }
}

/// A message, with what its sender did before.
pub(crate) struct Stamped<T> {
    past: Clock,
    value: T,
}

impl<T> Stamped<T> {
    /// A message that the calling task sends.
    pub(crate) fn pack(value: T) -> Self {
        Self {
            past: Clock::release_if_attached(),
            value,
        }
    }

    /// The message, in the task that has received it.
    #[inline]
    pub(crate) fn receive(self) -> T {
        if self.past.is_known() {
            return self.receive_after();
        }
        self.value
    }

    #[inline(never)]
    fn receive_after(self) -> T {
        self.past.acquire_last();
        self.value
    }

    /// The message.
    pub(crate) fn value(&self) -> &T {
        &self.value
    }

    /// The message, in the task that could not send it.
    pub(crate) fn take_back(self) -> T {
        self.value
    }
}
