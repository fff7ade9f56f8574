//! `Receiver`: the receiving end of a channel.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use super::iter::{IntoIter, Iter, TryIter};
use super::source::Source;
use super::watch;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::instrument::{Endpoint, Endpoints, ON, Side, Site, Stamped, WaitReason, deadline_after};

/// The receiving end of a channel, as [`crossbeam_channel::Receiver`] is. Made by
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
            ends: Endpoint::of(ends),
        }
    }

    /// Takes a message if there is one.
    ///
    /// # Errors
    ///
    /// If there is none yet, or there will be none.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{TryRecvError, unbounded};
    ///
    /// let (sender, receiver) = unbounded::<i32>();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        match self.source.try_recv() {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(TryRecvError::Empty) => Err(TryRecvError::Empty),
            Err(TryRecvError::Disconnected) => Err(self.gone().into()),
        }
    }

    /// Waits for a message.
    ///
    /// What was done before it was sent comes before what the calling thread does next.
    ///
    /// # Errors
    ///
    /// If there is no message and all senders are gone. What they did before they were dropped
    /// comes before what the calling thread does next.
    ///
    /// # Panics
    ///
    /// In an instrumented build, if the wait would never end: see the
    /// [module](super#what-it-sees).
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{RecvError, unbounded};
    ///
    /// let (sender, receiver) = unbounded();
    /// sender.send(1).unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.recv(), Ok(1));
    /// assert_eq!(receiver.recv(), Err(RecvError));
    /// ```
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
            watch::wait(&self.ends, WaitReason::Message, side, site, attempt)
        };
        self.unpack(received)
    }

    /// Waits for a message for at most `timeout`.
    ///
    /// # Errors
    ///
    /// If none has come in that time, or none will come.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::channel::{RecvTimeoutError, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<i32>();
    /// let none = receiver.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(none, Err(RecvTimeoutError::Timeout));
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_by(|| deadline_after(timeout), Location::caller())
    }

    /// Waits for a message until `deadline` at most.
    ///
    /// # Errors
    ///
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    /// use lockwarden::channel::{RecvTimeoutError, unbounded};
    ///
    /// let (_sender, receiver) = unbounded::<i32>();
    /// let none = receiver.recv_deadline(Instant::now());
    /// assert_eq!(none, Err(RecvTimeoutError::Timeout));
    /// ```
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_by(|| deadline, Location::caller())
    }

    fn recv_by(
        &self,
        deadline: impl FnOnce() -> Instant,
        site: Site,
    ) -> Result<T, RecvTimeoutError> {
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

    /// Receives a message, or an error if all senders are gone; `None` if `limit` is over first.
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

    /// What a receipt came to, in the thread that has waited for it.
    #[inline]
    pub(super) fn unpack(&self, received: Result<Stamped<T>, RecvError>) -> Result<T, RecvError> {
        match received {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(RecvError) => Err(self.gone()),
        }
    }

    /// Unpacks what was received, which may have made room.
    #[inline]
    fn take(&self, parcel: Stamped<T>) -> T {
        self.ends.provided();
        parcel.receive()
    }

    /// All senders are gone.
    #[cold]
    fn gone(&self) -> RecvError {
        self.ends.no_senders();
        RecvError
    }

    pub(super) fn is_direct(&self) -> bool {
        self.source.capacity() == Some(0)
    }

    /// Whether no message is in the channel. With a capacity of zero, none ever is.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::unbounded();
    /// assert!(receiver.is_empty());
    /// sender.send(1).unwrap();
    /// assert!(!receiver.is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// Whether there is no room in the channel. With a capacity of zero, there never is.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::bounded(1);
    /// assert!(!receiver.is_full());
    /// sender.send(1).unwrap();
    /// assert!(receiver.is_full());
    /// ```
    pub fn is_full(&self) -> bool {
        self.source.is_full()
    }

    /// How many messages are in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::unbounded();
    /// sender.send(1).unwrap();
    /// assert_eq!(receiver.len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.source.len()
    }

    /// How many messages the channel holds at most; `None` if any number.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{bounded, unbounded};
    ///
    /// assert_eq!(bounded::<u8>(5).1.capacity(), Some(5));
    /// assert_eq!(unbounded::<u8>().1.capacity(), None);
    /// ```
    pub fn capacity(&self) -> Option<usize> {
        self.source.capacity()
    }

    /// The messages, each waited for, until all senders are gone.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::unbounded();
    /// sender.send(1).unwrap();
    /// drop(sender);
    /// assert!(receiver.iter().eq([1]));
    /// ```
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            receiver: self,
            site: Location::caller(),
        }
    }

    /// The messages that are there; the end is where none is. Never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::unbounded();
    /// sender.send(1).unwrap();
    /// assert!(receiver.try_iter().eq([1]));
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { receiver: self }
    }

    /// Whether both receive from the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::unbounded;
    ///
    /// let (_sender, receiver) = unbounded::<u8>();
    /// assert!(receiver.same_channel(&receiver.clone()));
    /// assert!(!receiver.same_channel(&unbounded().1));
    /// ```
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        self.source.same_channel(&other.source)
    }

    /// Names this one channel in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::channel::unbounded();
    /// receiver.set_label("jobs of worker 3");
    /// sender.send(1).unwrap();
    /// # assert_eq!(receiver.recv(), Ok(1));
    /// ```
    pub fn set_label(&self, label: impl AsRef<str>) {
        self.ends.record().set_label(label.as_ref());
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    #[track_caller]
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    #[track_caller]
    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            receiver: self,
            site: Location::caller(),
        }
    }
}

impl<T> Clone for Receiver<T> {
    /// Another receiver of the same channel: each message goes to one of them.
    fn clone(&self) -> Self {
        Self::new(self.source.clone(), Endpoints::clone(&self.ends))
    }
}

impl<T> Drop for Receiver<T> {
    // Before the inner one goes, which tells the senders; that it has, is told after it.
    fn drop(&mut self) {
        self.ends.drop_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
