//! `Sender`: the sending end of a channel.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::watch;
use super::{SendError, SendTimeoutError, TrySendError};
use crate::instrument::{Endpoint, Endpoints, ON, Side, Site, Stamped, WaitReason, deadline_after};

/// The sending end of a channel, as [`crossbeam_channel::Sender`] is. Made by
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
            ends: Endpoint::of(ends),
        }
    }

    /// Sends a message if there is room for it, or, if the channel has a capacity of zero, if
    /// somebody is waiting for it.
    ///
    /// # Errors
    ///
    /// If there is no room, or all receivers are gone. The error holds the message.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{TrySendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    #[inline]
    pub fn try_send(&self, msg: T) -> Result<(), TrySendError<T>> {
        match self.inner.try_send(Stamped::stamp(msg)) {
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
    /// What the calling thread did so far comes before what the thread does that receives it.
    ///
    /// # Errors
    ///
    /// If all receivers are gone. The error holds the message.
    ///
    /// # Panics
    ///
    /// In an instrumented build, if the wait would never end: see the
    /// [module](super#what-it-sees).
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::bounded(1);
    /// sender.send(1).unwrap();
    /// drop(receiver);
    /// assert_eq!(sender.send(2).unwrap_err().into_inner(), 2);
    /// ```
    #[inline]
    #[track_caller]
    pub fn send(&self, msg: T) -> Result<(), SendError<T>> {
        let parcel = Stamped::stamp(msg);
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
        let sent = watch::wait(&self.ends, self.awaited(), side, site, attempt);
        self.ends.provided();
        sent.map_err(|parcel| self.gone(parcel))
    }

    /// Sends a message, and waits for at most `timeout` until that can be done.
    ///
    /// # Errors
    ///
    /// If it could not be sent in that time, or all receivers are gone. The error holds the
    /// message.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::channel::{SendTimeoutError, bounded};
    ///
    /// let (sender, _receiver) = bounded(0);
    /// let refused = sender.send_timeout(1, Duration::from_millis(1));
    /// assert_eq!(refused, Err(SendTimeoutError::Timeout(1)));
    /// ```
    #[track_caller]
    pub fn send_timeout(&self, msg: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_by(msg, || deadline_after(timeout), Location::caller())
    }

    /// Sends a message, and waits until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`send_timeout`](Self::send_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use lockwarden::channel::{SendTimeoutError, bounded};
    ///
    /// let (sender, _receiver) = bounded(0);
    /// let refused = sender.send_deadline(1, Instant::now());
    /// assert_eq!(refused, Err(SendTimeoutError::Timeout(1)));
    /// ```
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
        let mut left = match self.inner.try_send(Stamped::stamp(msg)) {
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

    /// Sends what is left to send, or gives it back if all receivers are gone; `None` if `limit` is
    /// over first.
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

    /// All receivers are gone.
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

    /// Whether no message is in the channel. With a capacity of zero, none ever is.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = lockwarden::channel::unbounded();
    /// assert!(sender.is_empty());
    /// sender.send(1).unwrap();
    /// assert!(!sender.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// Whether there is no room in the channel. With a capacity of zero, there never is.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = lockwarden::channel::bounded(1);
    /// assert!(!sender.is_full());
    /// sender.send(1).unwrap();
    /// assert!(sender.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.inner.is_full()
    }

    /// How many messages are in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, _receiver) = lockwarden::channel::unbounded();
    /// sender.send(1).unwrap();
    /// assert_eq!(sender.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.inner.len()
    }

    /// How many messages the channel holds at most; `None` if any number.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{bounded, unbounded};
    ///
    /// assert_eq!(bounded::<u8>(5).0.capacity(), Some(5));
    /// assert_eq!(unbounded::<u8>().0.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.inner.capacity()
    }

    /// Whether both send to the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::unbounded;
    ///
    /// let (sender, _receiver) = unbounded::<u8>();
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&unbounded().0));
    /// ```
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.inner.same_channel(&other.inner)
    }

    /// Names this one channel in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::unbounded();
    /// sender.set_label("jobs of worker 3");
    /// sender.send(1).unwrap();
    /// # assert_eq!(receiver.recv(), Ok(1));
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.ends.record().set_label(label.as_ref());
    }
}

impl<T> Clone for Sender<T> {
    /// Another sender of the same channel.
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Endpoints::clone(&self.ends))
    }
}

impl<T> Drop for Sender<T> {
    // Before the inner one goes, which tells the receivers; that it has, is told after it.
    fn drop(&mut self) {
        self.ends.drop_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
