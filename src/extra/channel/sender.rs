//! `Sender`: the sending end of a channel.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::watch;
use super::{SendError, SendTimeoutError, TrySendError};
use crate::extra::channel_end::channel_end;
use crate::instrument::{
    self, Endpoint, Endpoints, ON, Side, Site, Stamped, WaitReason, deadline_after,
};

/// Sending end of a channel, as [`crossbeam_channel::Sender`] is. Returned by
/// [`bounded`](super::bounded) and [`unbounded`](super::unbounded).
///
/// # Examples
///
/// ```
/// use lockwarden::channel::{Sender, unbounded};
/// use lockwarden::thread;
///
/// fn report(to: Sender<u32>) {
///     to.send(42).unwrap();
/// }
///
/// let (sender, receiver) = unbounded();
/// thread::spawn(move || report(sender));
/// assert_eq!(receiver.recv(), Ok(42));
/// ```
pub struct Sender<T> {
    pub(super) inner: crossbeam_channel::Sender<Stamped<T>>,
    pub(super) ends: Endpoint,
}

impl<T> Sender<T> {
    pub(super) fn new(inner: crossbeam_channel::Sender<Stamped<T>>, ends: Endpoints) -> Self {
        Self {
            inner,
            ends: Endpoint::new(ends, Side::Sending),
        }
    }

    /// Sends a message if there is room for it, or, if the channel has a capacity of zero, if a
    /// receiver waits for it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no room, or all receivers are dropped. The error holds the
    /// message.
    #[inline]
    pub fn try_send(&self, msg: T) -> Result<(), TrySendError<T>> {
        instrument::point("sends to", self.ends.record());
        match self.inner.try_send(Stamped::hand_over(msg)) {
            Ok(()) => {
                self.ends.provided();
                Ok(())
            }
            Err(TrySendError::Full(parcel)) => Err(TrySendError::Full(parcel.take_back())),
            Err(TrySendError::Disconnected(parcel)) => Err(self.gone(parcel).into()),
        }
    }

    /// Sends a message, and waits until there is room for it, or, if the channel has a capacity of
    /// zero, until it is received.
    ///
    /// What the calling thread did before happens before what the receiving thread does after the
    /// receipt.
    ///
    /// # Errors
    ///
    /// Returns an error if all receivers are dropped. The error holds the message.
    ///
    /// # Panics
    ///
    /// Panics in an instrumented build, if the wait would never end: see the
    /// [module](super#what-it-sees).
    #[inline]
    #[track_caller]
    pub fn send(&self, msg: T) -> Result<(), SendError<T>> {
        instrument::point("sends to", self.ends.record());
        let parcel = Stamped::hand_over(msg);
        if !ON {
            let sent = self.inner.send(parcel);
            return sent.map_err(|gone| SendError(gone.0.take_back()));
        }
        match self.inner.try_send(parcel) {
            Ok(()) => {
                self.ends.provided();
                Ok(())
            }
            Err(refused) => self.wait(refused, Location::caller()),
        }
    }

    #[cold]
    #[inline(never)]
    fn wait(&self, refused: TrySendError<Stamped<T>>, site: Site) -> Result<(), SendError<T>> {
        let mut left = match refused {
            TrySendError::Full(parcel) => Some(parcel),
            TrySendError::Disconnected(parcel) => return Err(self.gone(parcel)),
        };
        let attempt = |limit| self.send_within(&mut left, limit);
        let side = self.is_direct().then_some(Side::Sending);
        let sent = watch::wait(
            &self.ends,
            self.awaited(),
            self.capacity(),
            side,
            site,
            attempt,
        );
        self.ends.provided();
        sent.map_err(|parcel| self.gone(parcel))
    }

    /// Sends a message, and waits for at most `timeout` until that is possible.
    ///
    /// # Errors
    ///
    /// Returns an error if the message could not be sent in that time, or all receivers are
    /// dropped. The error holds the message.
    #[track_caller]
    pub fn send_timeout(&self, msg: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_by(msg, || deadline_after(timeout), Location::caller())
    }

    /// Sends a message, and waits until `deadline` at most.
    ///
    /// # Errors
    ///
    /// Returns an error as [`send_timeout`](Self::send_timeout) does.
    #[track_caller]
    pub fn send_deadline(&self, msg: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_by(msg, || deadline, Location::caller())
    }

    fn send_by(
        &self,
        msg: T,
        deadline: impl FnOnce() -> Instant,
        site: Site,
    ) -> Result<(), SendTimeoutError<T>> {
        instrument::point("sends to", self.ends.record());
        let mut left = match self.inner.try_send(Stamped::hand_over(msg)) {
            Ok(()) => {
                self.ends.provided();
                return Ok(());
            }
            Err(TrySendError::Full(parcel)) => Some(parcel),
            Err(TrySendError::Disconnected(parcel)) => return Err(self.gone(parcel).into()),
        };
        let record = self.ends.record();
        let sent = record.wait_until(self.awaited(), deadline(), site, |limit| {
            self.send_within(&mut left, Some(limit))
        });
        match sent {
            Some(sent) => {
                self.ends.provided();
                sent.map_err(|parcel| self.gone(parcel).into())
            }
            None => {
                let parcel = left.expect("it is left, since it was not sent");
                Err(SendTimeoutError::Timeout(parcel.take_back()))
            }
        }
    }

    /// Sends the message that is left, or returns it if all receivers are dropped; `None` if
    /// `limit` passes first.
    fn send_within(
        &self,
        left: &mut Option<Stamped<T>>,
        limit: Option<Duration>,
    ) -> Option<Result<(), Stamped<T>>> {
        let parcel = left.take()?;
        let Some(limit) = limit else {
            return Some(self.inner.send(parcel).map_err(|gone| gone.0));
        };
        match self.inner.send_timeout(parcel, limit) {
            Ok(()) => Some(Ok(())),
            Err(SendTimeoutError::Disconnected(parcel)) => Some(Err(parcel)),
            Err(SendTimeoutError::Timeout(parcel)) => {
                *left = Some(parcel);
                None
            }
        }
    }

    /// Records that all receivers are dropped, and returns the error with the message.
    #[cold]
    pub(super) fn gone(&self, parcel: Stamped<T>) -> SendError<T> {
        self.ends.no_receivers();
        SendError(parcel.take_back())
    }

    pub(super) fn is_direct(&self) -> bool {
        self.inner.capacity() == Some(0)
    }

    fn awaited(&self) -> WaitReason {
        if self.is_direct() {
            WaitReason::Partner
        } else {
            WaitReason::Room
        }
    }

    /// Returns whether the channel contains no message, which is always so with a capacity of zero.
    pub fn is_empty(&self) -> bool {
        instrument::point("looks at", self.ends.record());
        self.inner.is_empty()
    }

    /// Returns whether the channel has no room, which is always so with a capacity of zero.
    pub fn is_full(&self) -> bool {
        instrument::point("looks at", self.ends.record());
        self.inner.is_full()
    }

    /// Returns the number of messages in the channel.
    pub fn len(&self) -> usize {
        instrument::point("looks at", self.ends.record());
        self.inner.len()
    }

    /// Returns the maximal number of messages in the channel; `None` if it is unbounded.
    pub fn capacity(&self) -> Option<usize> {
        self.inner.capacity()
    }

    /// Returns whether both send to the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.inner.same_channel(&other.inner)
    }
}

impl<T> Clone for Sender<T> {
    /// Returns another sender of the same channel.
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Endpoints::clone(&self.ends))
    }
}

channel_end!(Sender, "channel::unbounded()", "sender", drop_sender);

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
