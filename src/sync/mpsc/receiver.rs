//! `Receiver`: the receiving end of a channel.

use std::fmt;
use std::panic::Location;
use std::time::Duration;

use super::inner::Incoming;
use super::iter::{IntoIter, Iter, TryIter};
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::instrument::{Endpoint, Endpoints, Site, Stamped};

/// The receiving end of a channel, as [`std::sync::mpsc::Receiver`] is. Made by
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
            ends: Endpoint::of(ends),
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
    /// use lockwarden::sync::mpsc::{RecvError, channel};
    ///
    /// let (sender, receiver) = channel();
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
        match self.inner.recv(&self.ends, site) {
            Ok(parcel) => Ok(self.take(parcel)),
            Err(gone) => {
                self.ends.no_senders();
                Err(gone)
            }
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
    /// use lockwarden::sync::mpsc::{TryRecvError, channel};
    ///
    /// let (sender, receiver) = channel::<i32>();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
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
    /// If none has come in that time, or none will come.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use lockwarden::sync::mpsc::{RecvTimeoutError, channel};
    ///
    /// let (_sender, receiver) = channel::<i32>();
    /// let none = receiver.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(none, Err(RecvTimeoutError::Timeout));
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let site = Location::caller();
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

    /// Unpacks what was received, which may have made room.
    #[inline]
    fn take(&self, parcel: Stamped<T>) -> T {
        self.ends.provided();
        parcel.receive()
    }

    /// The messages, each waited for, until all senders are gone.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::sync::mpsc::channel();
    /// sender.send(1).unwrap();
    /// drop(sender);
    /// assert!(receiver.iter().eq([1]));
    /// ```
    #[track_caller]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter {
            rx: self,
            site: Location::caller(),
        }
    }

    /// The messages that are there; the end is where none is. Never waits.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::sync::mpsc::channel();
    /// sender.send(1).unwrap();
    /// assert!(receiver.try_iter().eq([1]));
    /// assert_eq!(receiver.try_iter().next(), None);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter { rx: self }
    }

    /// Names this one channel in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::sync::mpsc::channel();
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
            rx: self,
            site: Location::caller(),
        }
    }
}

impl<T> Drop for Receiver<T> {
    // Before the inner one goes, which tells the senders; that it has, is told after it. The messages that nobody received are
    // dropped after that, and their destructors are not waited for by anyone.
    fn drop(&mut self) {
        self.ends.drop_receiver();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}
