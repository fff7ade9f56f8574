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
use super::channel_macros::{compared, downgradable, forwarded};
use super::watched::{watched, watched_from};
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
    forwarded!("tokio::sync::broadcast::Sender": len -> usize, is_empty -> bool, receiver_count -> usize);

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

    /// As [`tokio::sync::broadcast::Sender::closed`].
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let thing = Thing::new(NOUN, WaitReason::Other, self.made);
        watched(thing, self.inner.closed(), |()| ())
    }
}

impl<T> Receiver<T> {
    forwarded!("tokio::sync::broadcast::Receiver": len -> usize, is_empty -> bool, sender_strong_count -> usize, sender_weak_count -> usize, is_closed -> bool);
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
        blocking::ask_whether_to_block();
        let created = Location::caller();
        let thing = Thing::new(NOUN, WaitReason::Message, self.made);
        let receive = |message: Result<Sent<T>, _>| message;
        let message = blocking::drive(
            created,
            watched_from(created, thing, self.inner.recv(), receive),
        );
        message.map(Sent::receive)
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

downgradable!("tokio::sync::broadcast", made: Sender, WeakSender);
compared!("tokio::sync::broadcast": Receiver);
