//! The sending ends of a bounded channel.

use std::future::Future;
use std::panic::Location;
use std::task::{Context, Poll};

use std::sync::Arc;

use lockwarden::instrument::WaitReason;
use tokio::sync::mpsc::error::{SendError, TrySendError};
use tokio::task::coop;

use super::room::{ForRoom, Kept, Room};
use super::{Receiver, take_back, try_take_back};
use crate::sync::blocking;
use crate::sync::channel_macros::{downgradable, forwarded, shown};
use crate::sync::eager::Eager;
use crate::sync::watched::{Stamped, watched, watched_from};

/// As [`tokio::sync::mpsc::channel`].
///
/// # Panics
///
/// If `buffer` is zero or too large.
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    let made = Location::caller();
    let (sender, receiver) = tokio::sync::mpsc::channel(buffer);
    let room = Room::new(made, buffer);
    let sender = Sender {
        inner: sender,
        room: Arc::clone(&room),
    };
    (sender, Receiver::of(receiver, room))
}

/// [`tokio::sync::mpsc::Sender`], watched.
pub struct Sender<T> {
    inner: tokio::sync::mpsc::Sender<Stamped<T>>,
    room: Arc<Room>,
}

/// [`tokio::sync::mpsc::WeakSender`] of a [`Sender`].
pub struct WeakSender<T> {
    inner: tokio::sync::mpsc::WeakSender<Stamped<T>>,
    room: Arc<Room>,
}

/// [`tokio::sync::mpsc::Permit`] of a [`Sender`].
pub struct Permit<'a, T> {
    inner: Kept<tokio::sync::mpsc::Permit<'a, Stamped<T>>, &'a Room>,
}

/// [`tokio::sync::mpsc::PermitIterator`] of a [`Sender`].
pub struct PermitIterator<'a, T> {
    inner: Kept<tokio::sync::mpsc::PermitIterator<'a, Stamped<T>>, &'a Room>,
}

/// [`tokio::sync::mpsc::OwnedPermit`] of a [`Sender`].
pub struct OwnedPermit<T> {
    inner: Kept<tokio::sync::mpsc::OwnedPermit<Stamped<T>>, Arc<Room>>,
}

impl<T> Sender<T> {
    forwarded!("tokio::sync::mpsc::Sender": is_closed -> bool, capacity -> usize, max_capacity -> usize);

    /// A wait for so many places, the result of which is a permit, or none.
    fn awaits(&self, places: usize, is_kept: bool) -> ForRoom<&Arc<Room>> {
        ForRoom {
            room: &self.room,
            places,
            is_kept,
        }
    }

    /// As [`tokio::sync::mpsc::Sender::send`].
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        let created = Location::caller();
        let at_once = |value, cx: &mut Context<'_>| {
            let Poll::Ready(budget) = coop::poll_proceed(cx) else {
                return Err(value);
            };
            // What comes before the send comes before the receipt. There is room only while none waits
            // for it.
            match self.inner.try_send(Stamped::pack(value)) {
                Ok(()) => {
                    // Dropped, it would put the operation back, or make a call to find that it must not.
                    std::mem::forget(budget);
                    self.room.lets_out::<T>();
                    Ok(Ok(()))
                }
                Err(TrySendError::Full(message) | TrySendError::Closed(message)) => {
                    Err(message.take_back())
                }
            }
        };
        let later = move |value| {
            let future = self.inner.send(Stamped::pack(value));
            watched_from(created, self.awaits(1, false), future, |sent| {
                if sent.is_ok() {
                    self.room.lets_out::<T>();
                }
                sent.map_err(take_back)
            })
        };
        Eager::new(value, at_once, later)
    }

    /// As [`tokio::sync::mpsc::Sender::closed`].
    #[track_caller]
    pub fn closed(&self) -> impl Future<Output = ()> {
        watched(
            self.room.thing(WaitReason::Other),
            self.inner.closed(),
            |()| (),
        )
    }

    /// As [`tokio::sync::mpsc::Sender::try_send`].
    ///
    /// # Errors
    ///
    /// If the channel is full or closed.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.room.lets_out::<T>();
        let sent = self.inner.try_send(Stamped::pack(message));
        sent.map_err(try_take_back)
    }

    /// As [`tokio::sync::mpsc::Sender::send_timeout`].
    ///
    /// # Errors
    ///
    /// If the channel is closed, or full for that long.
    #[cfg(feature = "time")]
    #[track_caller]
    pub fn send_timeout(
        &self,
        value: T,
        timeout: std::time::Duration,
    ) -> impl Future<Output = Result<(), tokio::sync::mpsc::error::SendTimeoutError<T>>> {
        use tokio::sync::mpsc::error::SendTimeoutError;
        let future = self.inner.send_timeout(Stamped::pack(value), timeout);
        async move {
            // Until the timeout the future may have a place, and is not listed.
            let change = self.room.change();
            let sent = future.await;
            drop(change);
            if sent.is_ok() {
                self.room.lets_out::<T>();
            }
            sent.map_err(|error| match error {
                SendTimeoutError::Timeout(message) => {
                    SendTimeoutError::Timeout(message.take_back())
                }
                SendTimeoutError::Closed(message) => SendTimeoutError::Closed(message.take_back()),
            })
        }
    }

    /// As [`tokio::sync::mpsc::Sender::blocking_send`].
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    ///
    /// # Panics
    ///
    /// In an asynchronous context.
    #[track_caller]
    pub fn blocking_send(&self, value: T) -> Result<(), SendError<T>> {
        blocking::ask_whether_to_block();
        let created = Location::caller();
        let message = Stamped::pack(value);
        let sent = match self.inner.try_send(message) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(message)) => Err(SendError(message)),
            Err(TrySendError::Full(message)) => {
                let future = self.inner.send(message);
                let future = watched_from(created, self.awaits(1, false), future, |sent| sent);
                blocking::drive(created, future)
            }
        };
        if sent.is_ok() {
            self.room.lets_out::<T>();
        }
        sent.map_err(take_back)
    }

    /// As [`tokio::sync::mpsc::Sender::reserve`].
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    #[track_caller]
    pub fn reserve(&self) -> impl Future<Output = Result<Permit<'_, T>, SendError<()>>> {
        let created = Location::caller();
        let at_once = |(), cx: &mut Context<'_>| {
            let Poll::Ready(budget) = coop::poll_proceed(cx) else {
                return Err(());
            };
            // There is a place only while none waits for one.
            let permit = self.try_reserve().map_err(|_| ())?;
            budget.made_progress();
            Ok(Ok(permit))
        };
        let later = move |()| {
            let future = self.inner.reserve();
            watched_from(created, self.awaits(1, true), future, |permit| {
                permit.map(|permit| Permit::of(permit, &self.room))
            })
        };
        Eager::new((), at_once, later)
    }

    /// As [`tokio::sync::mpsc::Sender::reserve_many`].
    ///
    /// # Errors
    ///
    /// If the channel is closed or smaller.
    #[track_caller]
    pub fn reserve_many(
        &self,
        n: usize,
    ) -> impl Future<Output = Result<PermitIterator<'_, T>, SendError<()>>> {
        watched(
            self.awaits(n, true),
            self.inner.reserve_many(n),
            move |permits| {
                permits.map(|inner| PermitIterator {
                    inner: Kept::new(inner, &*self.room, n),
                })
            },
        )
    }

    /// As [`tokio::sync::mpsc::Sender::reserve_owned`].
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    #[track_caller]
    pub fn reserve_owned(self) -> impl Future<Output = Result<OwnedPermit<T>, SendError<()>>> {
        let room = self.room;
        let awaited = ForRoom {
            room: Arc::clone(&room),
            places: 1,
            is_kept: true,
        };
        watched(awaited, self.inner.reserve_owned(), move |permit| {
            permit.map(|inner| OwnedPermit {
                inner: Kept::owned(inner, room),
            })
        })
    }

    /// As [`tokio::sync::mpsc::Sender::try_reserve`].
    ///
    /// # Errors
    ///
    /// If the channel is full or closed.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        let _change = self.room.change();
        let permit = self.inner.try_reserve()?;
        Ok(Permit::of(permit, &self.room))
    }

    /// As [`tokio::sync::mpsc::Sender::try_reserve_many`].
    ///
    /// # Errors
    ///
    /// If the channel has not so much room, or is closed.
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        let _change = self.room.change();
        let permits = self.inner.try_reserve_many(n)?;
        Ok(PermitIterator {
            inner: Kept::new(permits, &self.room, n),
        })
    }

    /// As [`tokio::sync::mpsc::Sender::try_reserve_owned`].
    ///
    /// # Errors
    ///
    /// The sender itself, if the channel is full or closed.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        let room = self.room;
        let listed = Arc::clone(&room);
        let _change = listed.change();
        match self.inner.try_reserve_owned() {
            Ok(inner) => Ok(OwnedPermit {
                inner: Kept::owned(inner, room),
            }),
            Err(TrySendError::Full(inner)) => Err(TrySendError::Full(Self { inner, room })),
            Err(TrySendError::Closed(inner)) => Err(TrySendError::Closed(Self { inner, room })),
        }
    }
}

impl<'a, T> Permit<'a, T> {
    fn of(permit: tokio::sync::mpsc::Permit<'a, Stamped<T>>, room: &'a Room) -> Self {
        Self {
            inner: Kept::new(permit, room, 1),
        }
    }

    /// As [`tokio::sync::mpsc::Permit::send`].
    pub fn send(self, value: T) {
        self.inner.lets_out::<T>();
        self.inner.give(|permit| permit.send(Stamped::pack(value)));
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.inner.next().map(|inner| Permit { inner })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.permit().size_hint()
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> std::iter::FusedIterator for PermitIterator<'_, T> {}

impl<T> OwnedPermit<T> {
    /// As [`tokio::sync::mpsc::OwnedPermit::send`].
    pub fn send(self, value: T) -> Sender<T> {
        self.inner.lets_out::<T>();
        let room = self.inner.room();
        let inner = self.inner.give(|permit| permit.send(Stamped::pack(value)));
        Sender { inner, room }
    }

    /// As [`tokio::sync::mpsc::OwnedPermit::release`].
    pub fn release(self) -> Sender<T> {
        let room = self.inner.room();
        let inner = self.inner.give(|permit| permit.release());
        Sender { inner, room }
    }

    /// As [`tokio::sync::mpsc::OwnedPermit::same_channel`].
    pub fn same_channel(&self, other: &Self) -> bool {
        self.inner.permit().same_channel(other.inner.permit())
    }

    /// As [`tokio::sync::mpsc::OwnedPermit::same_channel_as_sender`].
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.inner.permit().same_channel_as_sender(&sender.inner)
    }
}

downgradable!("tokio::sync::mpsc", room: Sender, WeakSender);
shown!(any:
    Sender<T>,
    WeakSender<T>,
    Permit<'_, T>,
    PermitIterator<'_, T>,
    OwnedPermit<T>
);

#[cfg(test)]
mod tests {
    use crate::sync::mpsc;

    #[test]
    fn a_permit_says_of_which_channel_it_is() {
        let (here, _receiver) = mpsc::channel::<()>(2);
        let (there, _receiver) = mpsc::channel::<()>(1);
        let permit = || here.clone().try_reserve_owned().unwrap();
        let (one, two) = (permit(), permit());
        let other = there.clone().try_reserve_owned().unwrap();
        assert!(one.same_channel(&two));
        assert!(!one.same_channel(&other));
        assert!(one.same_channel_as_sender(&here));
        assert!(!one.same_channel_as_sender(&there));
    }
}
