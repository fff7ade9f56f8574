//! `tokio::sync::broadcast`, whose waits are watched, and whose messages order what their sender did
//! before what each receiver does.

#[doc(no_inline)]
pub use tokio::sync::broadcast::*;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;

use lockwarden::instrument::{Clock, Site, WaitReason};
use tokio::sync::broadcast::error::{RecvError, SendError, TryRecvError};

use super::blocking;
use super::watched::watched;
use crate::agent::leaf::Thing;
use crate::task::lets_out;

const NOUN: &str = "broadcast channel";

/// A message that several tasks receive, with what its sender did before.
#[derive(Clone, Debug)]
struct Sent<T> {
    past: Arc<Clock>,
    value: T,
}

impl<T> Sent<T> {
    /// The message, in the task that has received it.
    fn receive(self) -> T {
        self.past.acquire();
        self.value
    }
}

/// As [`tokio::sync::broadcast::channel`].
///
/// # Panics
///
/// If the capacity is zero, or above half of `usize::MAX`.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (inner, receiver) = tokio::sync::broadcast::channel(capacity);
    let made = Location::caller();
    let receiver = Receiver {
        inner: receiver,
        made,
    };
    (Sender { inner, made }, receiver)
}

/// [`tokio::sync::broadcast::Sender`], watched.
pub struct Sender<T> {
    inner: tokio::sync::broadcast::Sender<Sent<T>>,
    made: Site,
}

/// [`tokio::sync::broadcast::WeakSender`], watched.
pub struct WeakSender<T> {
    inner: tokio::sync::broadcast::WeakSender<Sent<T>>,
    made: Site,
}

/// [`tokio::sync::broadcast::Receiver`], watched.
pub struct Receiver<T> {
    inner: tokio::sync::broadcast::Receiver<Sent<T>>,
    made: Site,
}

impl<T> Sender<T> {
    /// As [`tokio::sync::broadcast::Sender::new`].
    ///
    /// # Panics
    ///
    /// If the capacity is zero, or above half of `usize::MAX`.
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self {
            inner: tokio::sync::broadcast::Sender::new(capacity),
            made: Location::caller(),
        }
    }

    /// As [`tokio::sync::broadcast::Sender::send`].
    ///
    /// # Errors
    ///
    /// The message, if there is no receiver.
    pub fn send(&self, value: T) -> Result<usize, SendError<T>> {
        lets_out::<T>();
        let past = Arc::new(Clock::release_if_attached());
        let sent = self.inner.send(Sent { past, value });
        sent.map_err(|SendError(message)| SendError(message.value))
    }

    /// As [`tokio::sync::broadcast::Sender::subscribe`].
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver {
            inner: self.inner.subscribe(),
            made: self.made,
        }
    }

    /// As [`tokio::sync::broadcast::Sender::downgrade`].
    #[must_use = "downgrade creates a WeakSender without destroying the original sender"]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            inner: self.inner.downgrade(),
            made: self.made,
        }
    }

    /// As [`tokio::sync::broadcast::Sender::len`].
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// As [`tokio::sync::broadcast::Sender::is_empty`].
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// As [`tokio::sync::broadcast::Sender::receiver_count`].
    pub fn receiver_count(&self) -> usize {
        self.inner.receiver_count()
    }

    /// As [`tokio::sync::broadcast::Sender::same_channel`].
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As [`tokio::sync::broadcast::Sender::closed`].
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let thing = Thing::new(NOUN, WaitReason::Other, self.made);
        watched(thing, self.inner.closed(), |()| ())
    }

    /// As [`tokio::sync::broadcast::Sender::strong_count`].
    pub fn strong_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// As [`tokio::sync::broadcast::Sender::weak_count`].
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> WeakSender<T> {
    /// As [`tokio::sync::broadcast::WeakSender::upgrade`].
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let inner = self.inner.upgrade()?;
        Some(Sender {
            inner,
            made: self.made,
        })
    }

    /// As [`tokio::sync::broadcast::WeakSender::strong_count`].
    pub fn strong_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// As [`tokio::sync::broadcast::WeakSender::weak_count`].
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> Receiver<T> {
    /// As [`tokio::sync::broadcast::Receiver::len`].
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// As [`tokio::sync::broadcast::Receiver::is_empty`].
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// As [`tokio::sync::broadcast::Receiver::same_channel`].
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As [`tokio::sync::broadcast::Receiver::sender_strong_count`].
    pub fn sender_strong_count(&self) -> usize {
        self.inner.sender_strong_count()
    }

    /// As [`tokio::sync::broadcast::Receiver::sender_weak_count`].
    pub fn sender_weak_count(&self) -> usize {
        self.inner.sender_weak_count()
    }

    /// As [`tokio::sync::broadcast::Receiver::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }
}

impl<T: Clone> Receiver<T> {
    /// As [`tokio::sync::broadcast::Receiver::resubscribe`].
    pub fn resubscribe(&self) -> Self {
        Self {
            inner: self.inner.resubscribe(),
            made: self.made,
        }
    }

    /// As [`tokio::sync::broadcast::Receiver::recv`], and as cancel safe.
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> {
        let thing = Thing::new(NOUN, WaitReason::Message, self.made);
        let receive = |message: Result<Sent<T>, _>| message.map(Sent::receive);
        watched(thing, self.inner.recv(), receive)
    }

    /// As [`tokio::sync::broadcast::Receiver::try_recv`].
    ///
    /// # Errors
    ///
    /// If there is no message, or the receiver has missed some.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.inner.try_recv().map(Sent::receive)
    }

    /// As [`tokio::sync::broadcast::Receiver::blocking_recv`].
    ///
    /// # Errors
    ///
    /// If there is no sender any more, or the receiver has missed messages.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        blocking::block_on(self.recv())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            made: self.made,
        }
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            made: self.made,
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broadcast::Sender")
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broadcast::WeakSender")
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broadcast::Receiver")
    }
}
