//! `SyncSender`: the sending end of a bounded channel.

use std::fmt;
use std::panic::Location;

use super::inner::Bounded;
use super::{SendError, TrySendError};
use crate::extra::channel_end::channel_end;
use crate::instrument::{self, Endpoint, Endpoints, Side, Stamped};

/// Sending end of a bounded channel, as [`std::sync::mpsc::SyncSender`] is. Returned by
/// [`sync_channel`](super::sync_channel).
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc::sync_channel;
/// use lockwarden::thread;
///
/// let (sender, receiver) = sync_channel(2);
/// thread::spawn(move || (0..10).for_each(|n| sender.send(n).unwrap()));
/// assert_eq!(receiver.iter().count(), 10);
/// ```
pub struct SyncSender<T> {
    inner: Bounded<Stamped<T>>,
    ends: Endpoint,
}

impl<T> SyncSender<T> {
    pub(super) fn new(inner: Bounded<Stamped<T>>, ends: Endpoints) -> Self {
        Self {
            inner,
            ends: Endpoint::new(ends, Side::Sending),
        }
    }

    /// Sends a message, and waits until there is room for it, or, if the channel has a bound of
    /// zero, until it is received.
    ///
    /// What the calling thread did before happens before what the receiving thread does after the
    /// receipt.
    ///
    /// # Errors
    ///
    /// Returns an error if the receiver is dropped. The error holds the message.
    ///
    /// # Panics
    ///
    /// Panics in an instrumented build, if the wait would never end: see the
    /// [module](super#what-it-sees).
    #[inline]
    #[track_caller]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        instrument::point("sends to", self.ends.record());
        let parcel = Stamped::hand_over(t);
        let sent = self.inner.send(parcel, &self.ends, Location::caller());
        self.ends.provided();
        sent.map_err(|refused| {
            self.ends.no_receivers();
            SendError(refused.0.take_back())
        })
    }

    /// Sends a message if there is room for it, or, if the channel has a bound of zero, if the
    /// receiver is waiting for it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no room, or the receiver is dropped. The error holds the
    /// message.
    #[inline]
    pub fn try_send(&self, t: T) -> Result<(), TrySendError<T>> {
        instrument::point("sends to", self.ends.record());
        let refused = match self.inner.try_send(Stamped::hand_over(t)) {
            Ok(()) => {
                self.ends.provided();
                return Ok(());
            }
            Err(refused) => refused,
        };
        Err(match refused {
            TrySendError::Full(parcel) => TrySendError::Full(parcel.take_back()),
            TrySendError::Disconnected(parcel) => {
                self.ends.no_receivers();
                TrySendError::Disconnected(parcel.take_back())
            }
        })
    }
}

impl<T> Clone for SyncSender<T> {
    /// Returns another sender of the same channel.
    fn clone(&self) -> SyncSender<T> {
        Self::new(self.inner.clone(), Endpoints::clone(&self.ends))
    }
}

channel_end!(
    SyncSender,
    "sync::mpsc::sync_channel(1)",
    "sender",
    drop_sender
);

impl<T> fmt::Debug for SyncSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncSender").finish_non_exhaustive()
    }
}
