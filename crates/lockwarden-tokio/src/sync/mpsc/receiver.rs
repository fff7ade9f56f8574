//! The receiving ends.

use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use lockwarden::instrument::{Site, WaitReason};
use tokio::sync::mpsc::error::TryRecvError;

use super::NOUN;
use super::room::Room;
use crate::agent::frame::Frame;
use crate::agent::leaf::{Inner, Leaf, Target, Thing, Waiting};
use crate::sync::blocking;
use crate::sync::channel_macros::{forwarded, shown};
use crate::sync::sited::PollAt;
use crate::sync::watched::Stamped;

/// What a receiver receives from.
pub(super) trait From: Clone {
    fn target(&self) -> Target;

    /// The task of this poll uses the receiver, which lies at `place`.
    fn is_used(&self, _frame: &Frame<'_>, _place: usize) {}

    /// The receiver is about to be closed.
    fn closes(&self) {}
}

/// An unbounded channel, by the place where it was made.
impl From for Site {
    fn target(&self) -> Target {
        Target::AnyAgent(Thing::new(NOUN, WaitReason::Message, self))
    }
}

impl From for Arc<Room> {
    fn target(&self) -> Target {
        // A task that waits for a message is nothing unusual. If it is for one from those who have permits, it
        // is looked at.
        let has_holders = !self.holders().is_empty();
        Target::Message(Arc::clone(self), has_holders)
    }

    #[inline(always)]
    fn is_used(&self, frame: &Frame<'_>, place: usize) {
        self.receives(frame, place);
    }

    fn closes(&self) {
        self.close();
    }
}

macro_rules! receiver {
    ($(#[$meta:meta])* $name:ident of $from:ty, $path:literal) => {
        $(#[$meta])*
        pub struct $name<T> {
            inner: tokio::sync::mpsc::$name<Stamped<T>>,
            from: $from,
            leaf: Leaf,
        }

        impl<T> Unpin for $name<T> {}

        impl<T> $name<T> {
            forwarded!($path: is_closed -> bool, is_empty -> bool, len -> usize, sender_strong_count -> usize, sender_weak_count -> usize);

            pub(super) fn of(inner: tokio::sync::mpsc::$name<Stamped<T>>, from: $from) -> Self {
                Self {
                    inner,
                    from,
                    leaf: Leaf::new(),
                }
            }

            #[inline(always)]
            fn poll_at<R>(
                &mut self,
                cx: &mut Context<'_>,
                (created, site): (Site, Site),
                place: usize,
                poll: impl FnOnce(
                    &mut tokio::sync::mpsc::$name<Stamped<T>>,
                    &mut Context<'_>,
                ) -> Poll<R>,
            ) -> Poll<R> {
                let own = std::ptr::from_ref(self).addr();
                let Self { inner, from, leaf } = self;
                let waiting = Waiting {
                    created,
                    site,
                    place,
                    target: || from.target(),
                };
                let used = |frame: &Frame<'_>| from.is_used(frame, own);
                leaf.poll_beside(cx, waiting, Inner::Nothing, |cx| poll(inner, cx), used, || Some(0))
            }

            #[doc = concat!("As [`", $path, "::recv`], and as cancel safe.")]
            #[track_caller]
            pub fn recv(&mut self) -> impl Future<Output = Option<T>> {
                let created = Location::caller();
                let end = End(self, |receiver: &mut Self| receiver.leaf.withdraw());
                PollAt::new(move |cx, site| {
                    let place = std::ptr::from_ref(&end).addr();
                    let receiver = &mut *end.0;
                    let sites = (created, site);
                    let poll = receiver.poll_at(cx, sites, place, |inner, cx| inner.poll_recv(cx));
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
                    let place = std::ptr::from_ref(&end).addr();
                    let receiver = &mut *end.0;
                    receiver.poll_many_at(cx, buffer, limit, (created, site), place)
                })
            }

            fn poll_many_at(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
                sites: (Site, Site),
                place: usize,
            ) -> Poll<usize> {
                let mut messages = Vec::new();
                let count = ready!(self.poll_at(cx, sites, place, |receiver, cx| {
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
                blocking::ask_whether_to_block();
                match self.inner.try_recv() {
                    Err(TryRecvError::Empty) => {}
                    message => return message.ok().map(Stamped::receive),
                }
                let created = Location::caller();
                let end = End(self, |receiver: &mut Self| receiver.leaf.withdraw());
                let message = blocking::drive(created, PollAt::new(move |cx, _| {
                    let place = std::ptr::from_ref(&end).addr();
                    let receiver = &mut *end.0;
                    let sites = (created, created);
                    receiver.poll_at(cx, sites, place, |inner, cx| inner.poll_recv(cx))
                }));
                message.map(Stamped::receive)
            }

            #[doc = concat!("As [`", $path, "::blocking_recv_many`].")]
            ///
            /// # Panics
            ///
            /// In an asynchronous context.
            #[track_caller]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                let mut messages = Vec::new();
                blocking::ask_whether_to_block();
                let created = Location::caller();
                let end = End(self, |receiver: &mut Self| receiver.leaf.withdraw());
                let count = blocking::drive(created, PollAt::new(|cx, _| {
                    let place = std::ptr::from_ref(&end).addr();
                    let receiver = &mut *end.0;
                    let sites = (created, created);
                    receiver.poll_at(cx, sites, place, |inner, cx| {
                        inner.poll_recv_many(cx, &mut messages, limit)
                    })
                }));
                buffer.extend(messages.into_iter().map(Stamped::receive));
                count
            }

            #[doc = concat!("As [`", $path, "::close`].")]
            pub fn close(&mut self) {
                self.from.closes();
                self.inner.close();
            }

            #[doc = concat!("As [`", $path, "::poll_recv`].")]
            #[track_caller]
            pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                let created = Location::caller();
                let message = ready!(self.poll_at(cx, (created, created), 0, |receiver, cx| receiver.poll_recv(cx)));
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
                self.poll_many_at(cx, buffer, limit, (created, created), 0)
            }

        }

        shown!(any: $name<T>);
    };
}

receiver!(
    /// [`tokio::sync::mpsc::Receiver`], watched.
    Receiver of Arc<Room>,
    "tokio::sync::mpsc::Receiver"
);
receiver!(
    /// [`tokio::sync::mpsc::UnboundedReceiver`], watched.
    UnboundedReceiver of Site,
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
