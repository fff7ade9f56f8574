//! The sending ends of an unbounded channel.

use std::future::Future;
use std::panic::Location;

use lockwarden::instrument::{Site, WaitReason};
use tokio::sync::mpsc::error::SendError;

use super::{NOUN, UnboundedReceiver, take_back};
use crate::agent::leaf::Thing;
use crate::sync::channel_macros::{downgradable, forwarded, shown};
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
    forwarded!("tokio::sync::mpsc::UnboundedSender": is_closed -> bool);

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
}

downgradable!("tokio::sync::mpsc", made: UnboundedSender, WeakUnboundedSender);
shown!(any: UnboundedSender<T>, WeakUnboundedSender<T>);
