//! `tokio::sync::oneshot`, whose waits are watched, and whose message orders what its sender did
//! before what its receiver does.

#[doc(no_inline)]
pub use tokio::sync::oneshot::*;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use lockwarden::instrument::{Site, WaitReason};
use tokio::sync::oneshot::error::{RecvError, TryRecvError};

use super::blocking;
use super::sited::PollAt;
use super::watched::{Stamped, watched};
use crate::agent::leaf::{Leaf, Target, Thing, Waiting};
use crate::task::lets_out;

const NOUN: &str = "oneshot channel";

/// As [`tokio::sync::oneshot::channel`].
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let made = Location::caller();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let sender = Sender {
        inner: sender,
        made,
    };
    let receiver = Receiver {
        inner: receiver,
        made,
        leaf: Leaf::new(),
    };
    (sender, receiver)
}

/// [`tokio::sync::oneshot::Sender`], watched.
#[derive(Debug)]
pub struct Sender<T> {
    inner: tokio::sync::oneshot::Sender<Stamped<T>>,
    made: Site,
}

/// [`tokio::sync::oneshot::Receiver`], watched.
pub struct Receiver<T> {
    inner: tokio::sync::oneshot::Receiver<Stamped<T>>,
    made: Site,
    leaf: Leaf,
}

impl<T> Sender<T> {
    /// As [`tokio::sync::oneshot::Sender::send`].
    ///
    /// # Errors
    ///
    /// The message, if the receiver is gone.
    pub fn send(self, t: T) -> Result<(), T> {
        lets_out::<T>();
        self.inner
            .send(Stamped::pack(t))
            .map_err(Stamped::take_back)
    }

    /// As [`tokio::sync::oneshot::Sender::closed`].
    #[track_caller]
    pub fn closed(&mut self) -> impl Future<Output = ()> {
        let thing = Thing::new(NOUN, WaitReason::Other, self.made);
        watched(thing, self.inner.closed(), |()| ())
    }

    /// As [`tokio::sync::oneshot::Sender::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// As [`tokio::sync::oneshot::Sender::poll_closed`].
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.inner.poll_closed(cx)
    }
}

impl<T> Receiver<T> {
    /// As [`tokio::sync::oneshot::Receiver::close`].
    pub fn close(&mut self) {
        self.inner.close();
    }

    /// As [`tokio::sync::oneshot::Receiver::is_terminated`].
    pub fn is_terminated(&self) -> bool {
        self.inner.is_terminated()
    }

    /// As [`tokio::sync::oneshot::Receiver::is_empty`].
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// As [`tokio::sync::oneshot::Receiver::try_recv`].
    ///
    /// # Errors
    ///
    /// If there is no message, or the sender is gone.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.inner.try_recv().map(Stamped::receive)
    }

    /// As [`tokio::sync::oneshot::Receiver::blocking_recv`].
    ///
    /// # Errors
    ///
    /// If the sender is gone.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        blocking::ask_whether_to_block();
        let created = Location::caller();
        let mut receiver = self;
        match receiver.inner.try_recv() {
            Ok(message) => return Ok(message.receive()),
            Err(TryRecvError::Empty) => {}
            // tokio makes the error.
            Err(TryRecvError::Closed) => {
                return receiver.inner.blocking_recv().map(Stamped::receive);
            }
        }
        let message = blocking::drive(
            created,
            PollAt::new(|cx, _| receiver.poll_at(cx, created, 0)),
        );
        message.map(Stamped::receive)
    }
}

impl<T> Receiver<T> {
    fn poll_at(
        &mut self,
        cx: &mut Context<'_>,
        site: Site,
        place: usize,
    ) -> Poll<Result<Stamped<T>, RecvError>> {
        let Self { inner, made, leaf } = self;
        let waiting = Waiting {
            created: made,
            site,
            place,
            target: || Target::AnyAgent(Thing::new(NOUN, WaitReason::Message, made)),
        };
        leaf.poll(cx, waiting, |cx| Pin::new(inner).poll(cx))
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let place = std::ptr::from_ref(&*self).addr();
        let poll = self.poll_at(cx, Location::caller(), place);
        poll.map(|message| message.map(Stamped::receive))
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T: fmt::Debug> fmt::Debug for Stamped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}
