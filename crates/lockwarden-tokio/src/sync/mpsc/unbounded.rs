//! The sending ends of an unbounded channel.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use lockwarden::instrument::{Site, WaitReason};
use tokio::sync::mpsc::error::SendError;

use super::{NOUN, UnboundedReceiver, take_back};
use crate::agent::leaf::Thing;
use crate::sync::watched::{Stamped, watched};
use crate::task::lets_out;

/// As [`tokio::sync::mpsc::unbounded_channel`].
#[track_caller]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let made = Location::caller();
    let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
    let sender = UnboundedSender {
        inner: sender,
        made,
    };
    (sender, UnboundedReceiver::of(receiver, made))
}

/// [`tokio::sync::mpsc::UnboundedSender`], watched.
pub struct UnboundedSender<T> {
    inner: tokio::sync::mpsc::UnboundedSender<Stamped<T>>,
    made: Site,
}

/// [`tokio::sync::mpsc::WeakUnboundedSender`] of an [`UnboundedSender`].
pub struct WeakUnboundedSender<T> {
    inner: tokio::sync::mpsc::WeakUnboundedSender<Stamped<T>>,
    made: Site,
}

impl<T> UnboundedSender<T> {
    /// As [`tokio::sync::mpsc::UnboundedSender::send`].
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        lets_out::<T>();
        self.inner.send(Stamped::pack(message)).map_err(take_back)
    }

    /// As [`tokio::sync::mpsc::UnboundedSender::closed`].
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        let thing = Thing::new(NOUN, WaitReason::Other, self.made);
        watched(thing, self.inner.closed(), |()| ())
    }

    /// As [`tokio::sync::mpsc::UnboundedSender::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.inner.is_closed()
    }

    /// As [`tokio::sync::mpsc::UnboundedSender::same_channel`].
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// As [`tokio::sync::mpsc::UnboundedSender::downgrade`].
    #[must_use = "Downgrade creates a WeakSender without destroying the original non-weak sender."]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender {
            inner: self.inner.downgrade(),
            made: self.made,
        }
    }

    /// As [`tokio::sync::mpsc::UnboundedSender::strong_count`].
    pub fn strong_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// As [`tokio::sync::mpsc::UnboundedSender::weak_count`].
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> WeakUnboundedSender<T> {
    /// As [`tokio::sync::mpsc::WeakUnboundedSender::upgrade`].
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        Some(UnboundedSender {
            inner: self.inner.upgrade()?,
            made: self.made,
        })
    }

    /// As [`tokio::sync::mpsc::WeakUnboundedSender::strong_count`].
    pub fn strong_count(&self) -> usize {
        self.inner.strong_count()
    }

    /// As [`tokio::sync::mpsc::WeakUnboundedSender::weak_count`].
    pub fn weak_count(&self) -> usize {
        self.inner.weak_count()
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            made: self.made,
        }
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            made: self.made,
        }
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
