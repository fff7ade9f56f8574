//! The receiving ends.

use std::future::Future;
use std::panic::Location;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::{Site, WaitReason};
use tokio::sync::mpsc::error::TryRecvError;

use super::NOUN;
use crate::agent::leaf::{self, Leaf, Target, Thing, Waiting};
use crate::sync::channel_macros::{forwarded, shown};
use crate::sync::sited::PollAt;
use crate::sync::watched::Stamped;

macro_rules! receiver {
    ($(#[$meta:meta])* $name:ident, $path:literal) => {
        $(#[$meta])*
        pub struct $name<T> {
            inner: tokio::sync::mpsc::$name<Stamped<T>>,
            made: Site,
            leaf: Leaf,
        }

        impl<T> Unpin for $name<T> {}

        impl<T> $name<T> {
            forwarded!($path: is_closed -> bool, is_empty -> bool, len -> usize, sender_strong_count -> usize, sender_weak_count -> usize);

            pub(super) fn of(inner: tokio::sync::mpsc::$name<Stamped<T>>, made: Site) -> Self {
                Self {
                    inner,
                    made,
                    leaf: Leaf::new(),
                }
            }

            fn poll_at<R>(
                &mut self,
                cx: &mut Context<'_>,
                (created, site): (Site, Site),
                poll: impl FnOnce(
                    &mut tokio::sync::mpsc::$name<Stamped<T>>,
                    &mut Context<'_>,
                ) -> Poll<R>,
            ) -> Poll<R> {
                leaf::raise_alarm();
                let place = std::ptr::from_ref(self).addr();
                let Self { inner, made, leaf } = self;
                let waiting = Waiting {
                    created,
                    site,
                    place,
                    target: || Target::AnyAgent(Thing::new(NOUN, WaitReason::Message, made)),
                };
                leaf.poll(cx, waiting, |cx| poll(inner, cx))
            }

            #[doc = concat!("As [`", $path, "::recv`], and as cancel safe.")]
            #[track_caller]
            pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
                let created = Location::caller();
                let end = End(self, |receiver: &mut Self| receiver.leaf.withdraw());
                PollAt::new(move |cx, site| {
                    let receiver = &mut *end.0;
                    let poll = receiver.poll_at(cx, (created, site), |inner, cx| inner.poll_recv(cx));
                    poll.map(|message| message.map(Stamped::receive))
                })
            }

            #[doc = concat!("As [`", $path, "::recv_many`], and as cancel safe.")]
            #[track_caller]
            pub fn recv_many(
                &mut self,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> impl Future<Output = usize> {
                let created = Location::caller();
                let end = End(self, |receiver: &mut Self| receiver.leaf.withdraw());
                PollAt::new(move |cx, site| {
                    let receiver = &mut *end.0;
                    receiver.poll_many_at(cx, buffer, limit, (created, site))
                })
            }

            fn poll_many_at(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
                sites: (Site, Site),
            ) -> Poll<usize> {
                let mut messages = Vec::new();
                let count = ready!(self.poll_at(cx, sites, |receiver, cx| {
                    receiver.poll_recv_many(cx, &mut messages, limit)
                }));
                buffer.extend(messages.into_iter().map(Stamped::receive));
                Poll::Ready(count)
            }

            #[doc = concat!("As [`", $path, "::try_recv`].")]
            ///
            /// # Errors
            ///
            /// If there is no message.
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                self.inner.try_recv().map(Stamped::receive)
            }

            #[doc = concat!("As [`", $path, "::blocking_recv`].")]
            ///
            /// # Panics
            ///
            /// In an asynchronous context.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                self.inner.blocking_recv().map(Stamped::receive)
            }

            #[doc = concat!("As [`", $path, "::blocking_recv_many`].")]
            ///
            /// # Panics
            ///
            /// In an asynchronous context.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                let mut messages = Vec::new();
                let count = self.inner.blocking_recv_many(&mut messages, limit);
                buffer.extend(messages.into_iter().map(Stamped::receive));
                count
            }

            #[doc = concat!("As [`", $path, "::close`].")]
            pub fn close(&mut self) {
                self.inner.close();
            }

            #[doc = concat!("As [`", $path, "::poll_recv`].")]
            #[track_caller]
            pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                let created = Location::caller();
                let message = ready!(self.poll_at(cx, (created, created), |receiver, cx| receiver.poll_recv(cx)));
                Poll::Ready(message.map(Stamped::receive))
            }

            #[doc = concat!("As [`", $path, "::poll_recv_many`].")]
            #[track_caller]
            pub fn poll_recv_many(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                let created = Location::caller();
                self.poll_many_at(cx, buffer, limit, (created, created))
            }

        }

        shown!(any: $name<T>);
    };
}

receiver!(
    /// [`tokio::sync::mpsc::Receiver`], watched.
    Receiver,
    "tokio::sync::mpsc::Receiver"
);
receiver!(
    /// [`tokio::sync::mpsc::UnboundedReceiver`], watched.
    UnboundedReceiver,
    "tokio::sync::mpsc::UnboundedReceiver"
);

impl<T> Receiver<T> {
    forwarded!("tokio::sync::mpsc::Receiver": capacity -> usize, max_capacity -> usize);
}

/// A receipt under way. The receiver outlives it, so the wait is withdrawn when it is dropped.
struct End<'a, R>(&'a mut R, fn(&mut R));

impl<R> Drop for End<'_, R> {
    fn drop(&mut self) {
        (self.1)(self.0);
    }
}
