//! `Receiver`: the receiving end of a channel.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::inner::Incoming;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::extra::channel_end::channel_end;
use crate::instrument::{self, Endpoint, Endpoints, Side, Site, Stamped};

/// Receiving end of a channel, as [`std::sync::mpsc::Receiver`] is. Returned by
/// [`channel`](super::channel) and [`sync_channel`](super::sync_channel).
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc::channel;
///
/// let (sender, receiver) = channel();
/// sender.send(1).unwrap();
/// sender.send(2).unwrap();
/// drop(sender);
/// assert_eq!(receiver.recv(), Ok(1));
/// assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [2]);
/// ```
pub struct Receiver<T> {
    inner: Incoming<Stamped<T>>,
    ends: Endpoint,
}

impl<T> Receiver<T> {
    pub(super) fn new(inner: Incoming<Stamped<T>>, ends: Endpoints) -> Self {
        Self {
            inner,
            ends: Endpoint::new(ends, Side::Receiving),
        }
    }

    /// Waits for a message.
    ///
    /// What preceded the send happens before what the calling thread does next.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no message and all senders are dropped. What preceded those
    /// drops happens before what the calling thread does next.
    ///
    /// # Panics
    ///
    /// Panics in an instrumented build, if the wait would never end: see the
    /// [module](super#what-it-sees).
    #[inline]
    #[track_caller]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_at(Location::caller())
    }

    #[inline]
    pub(super) fn recv_at(&self, site: Site) -> Result<T, RecvError> {
        instrument::point("receives from", self.ends.record());
        match self.inner.recv(&self.ends, site) {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(gone) => {
                self.ends.no_senders();
                Err(gone)
            }
        }
    }

    /// Receives a message if there is one, without waiting.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no message, or all senders are dropped too.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        instrument::point("receives from", self.ends.record());
        match self.inner.try_recv() {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(none) => {
                if none == TryRecvError::Disconnected {
                    self.ends.no_senders();
                }
                Err(none)
            }
        }
    }

    /// Waits for a message for at most `timeout`.
    ///
    /// # Errors
    ///
    /// Returns an error if no message arrives in that time, or none can arrive any more.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let site = Location::caller();
        instrument::point("receives from", self.ends.record());
        match self.inner.recv_timeout(timeout, &self.ends, site) {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(none) => {
                if none == RecvTimeoutError::Disconnected {
                    self.ends.no_senders();
                }
                Err(none)
            }
        }
    }

    /// Unwraps a received message, and records that the receipt may have made room.
    #[inline]
    fn take(&self, parcel: Stamped<T>) -> T {
        self.ends.provided();
        parcel.receive()
    }
}

// Messages that were not received are dropped after what the drop records, so no thread waits for their
// destructors.
channel_end!(Receiver, "sync::mpsc::channel()", "receiver", drop_receiver);

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
