//! A future of tokio's that waits for what any task might bring about.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::{Clock, Site, WaitReason};
use pin_project_lite::pin_project;

use crate::agent::leaf::{self, Leaf, Target, Thing, Waiting};

pin_project! {
    pub(crate) struct Watched<F, M> {
        thing: Thing,
        created: Site,
        leaf: Leaf,
        map: Option<M>,
        #[pin]
        future: F,
    }
}

/// Lists the wait of `future` while it is pending, and gives its result to `map`.
#[track_caller]
pub(crate) fn watched<F, R, M>(thing: Thing, future: F, map: M) -> Watched<F, M>
where
    F: Future,
    M: FnOnce(F::Output) -> R,
{
    watched_from(Location::caller(), thing, future, map)
}

/// Lists the wait like [`watched`], as that of a future which was made at `created`.
pub(crate) fn watched_from<F, R, M>(created: Site, thing: Thing, future: F, map: M) -> Watched<F, M>
where
    F: Future,
    M: FnOnce(F::Output) -> R,
{
    Watched {
        thing,
        created,
        leaf: Leaf::new(),
        map: Some(map),
        future,
    }
}

impl<F, R, M> Future for Watched<F, M>
where
    F: Future,
    M: FnOnce(F::Output) -> R,
{
    type Output = R;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        leaf::raise_alarm();
        let place = std::ptr::from_ref(&*self).addr();
        let site = Location::caller();
        let this = self.project();
        let waiting = Waiting {
            created: this.created,
            site,
            place,
            target: || Target::AnyAgent(*this.thing),
        };
        let output = ready!(this.leaf.poll(cx, waiting, |cx| this.future.poll(cx)));
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
