//! `Receiver`: the receiving end of a channel.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::source::Source;
use super::watch;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::extra::channel_end::channel_end;
use crate::instrument::{
    self, Endpoint, Endpoints, ON, Side, Site, Stamped, WaitReason, deadline_after,
};

/// Receiving end of a channel, as [`crossbeam_channel::Receiver`] is. Returned by
/// [`bounded`](super::bounded) and [`unbounded`](super::unbounded), and by [`after`](super::after),
/// [`at`](super::at), [`tick`](super::tick) and [`never`](super::never()).
///
/// # Examples
///
/// ```
/// use lockwarden::channel::unbounded;
///
/// let (sender, receiver) = unbounded();
/// sender.send(1).unwrap();
/// sender.send(2).unwrap();
/// drop(sender);
/// assert_eq!(receiver.recv(), Ok(1));
/// assert_eq!(receiver.into_iter().collect::<Vec<_>>(), [2]);
/// ```
pub struct Receiver<T> {
    pub(super) source: Source<T>,
    pub(super) ends: Endpoint,
}

impl<T> Receiver<T> {
    pub(super) fn new(source: Source<T>, ends: Endpoints) -> Self {
        Self {
            source,
            ends: Endpoint::new(ends, Side::Receiving),
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
        match self.source.try_recv() {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(TryRecvError::Empty) => Err(TryRecvError::Empty),
            Err(TryRecvError::Disconnected) => Err(self.gone().into()),
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
        if !ON {
            return self.source.recv().map(Stamped::receive);
        }
        instrument::point("receives from", self.ends.record());
        match self.source.try_recv() {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(none) => self.wait(none, site),
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(&self, none: TryRecvError, site: Site) -> Result<T, RecvError> {
        if none == TryRecvError::Disconnected {
            return Err(self.gone());
        }
        let received = if self.source.is_clock() {
            let attempt = |limit| self.recv_within(Some(limit));
            watch::wait_for_the_clock(&self.ends, WaitReason::Message, site, attempt)
        } else {
            let side = self.is_direct().then_some(Side::Receiving);
            let attempt = |limit| self.recv_within(limit);
            let places = self.source.capacity();
            watch::wait(&self.ends, WaitReason::Message, places, side, site, attempt)
        };
        self.unpack(received)
    }

    /// Waits for a message for at most `timeout`.
    ///
    /// # Errors
    ///
    /// Returns an error if no message arrives in that time, or none can arrive any more.
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_by(|| deadline_after(timeout), Location::caller())
    }

    /// Waits for a message until `deadline` at most.
    ///
    /// # Errors
    ///
    /// Returns an error as [`recv_timeout`](Self::recv_timeout) does.
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_by(|| deadline, Location::caller())
    }

    fn recv_by(
        &self,
        deadline: impl FnOnce() -> Instant,
        site: Site,
    ) -> Result<T, RecvTimeoutError> {
        instrument::point("receives from", self.ends.record());
        match self.source.try_recv() {
            Ok(parcel) => return Ok(self.take(parcel)),
            Err(TryRecvError::Disconnected) => return Err(self.gone().into()),
            Err(TryRecvError::Empty) => {}
        }
        let record = self.ends.record();
        let received = record.wait_until(WaitReason::Message, deadline(), site, |limit| {
            self.recv_within(Some(limit))
        });
        match received {
            Some(received) => self.unpack(received).map_err(RecvTimeoutError::from),
            None => Err(RecvTimeoutError::Timeout),
        }
    }

    /// Receives a message, or an error if all senders are dropped; `None` if `limit` passes first.
    fn recv_within(&self, limit: Option<Duration>) -> Option<Result<Stamped<T>, RecvError>> {
        let Some(limit) = limit else {
            return Some(self.source.recv());
        };
        match self.source.recv_timeout(limit) {
            Ok(parcel) => Some(Ok(parcel)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Err(RecvError)),
        }
    }

    /// Unwraps the result of a receipt in the thread that has waited for it.
    #[inline]
    pub(super) fn unpack(&self, received: Result<Stamped<T>, RecvError>) -> Result<T, RecvError> {
        match received {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(RecvError) => Err(self.gone()),
        }
    }

    /// Unwraps a received message, and records that the receipt may have made room.
    #[inline]
    fn take(&self, parcel: Stamped<T>) -> T {
        self.ends.provided();
        parcel.receive()
    }

    /// Records that all senders are dropped, and returns the error.
    #[cold]
    fn gone(&self) -> RecvError {
        self.ends.no_senders();
        RecvError
    }

    pub(super) fn is_direct(&self) -> bool {
        self.source.capacity() == Some(0)
    }

    /// Returns whether the channel contains no message, which is always so with a capacity of zero.
    pub fn is_empty(&self) -> bool {
        instrument::point("looks at", self.ends.record());
        self.source.is_empty()
    }

    /// Returns whether the channel has no room, which is always so with a capacity of zero.
    pub fn is_full(&self) -> bool {
        instrument::point("looks at", self.ends.record());
        self.source.is_full()
    }

    /// Returns the number of messages in the channel.
    pub fn len(&self) -> usize {
        instrument::point("looks at", self.ends.record());
        self.source.len()
    }

    /// Returns the maximal number of messages in the channel; `None` if it is unbounded.
    pub fn capacity(&self) -> Option<usize> {
        self.source.capacity()
    }

    /// Returns whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        self.source.same_channel(&other.source)
    }
}

impl<T> Clone for Receiver<T> {
    /// Returns another receiver of the same channel: each message goes to one of them.
    fn clone(&self) -> Self {
        Self::new(self.source.clone(), Endpoints::clone(&self.ends))
    }
}

channel_end!(Receiver, "channel::unbounded()", "receiver", drop_receiver);

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
