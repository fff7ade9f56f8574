//! An operation that was selected, and has to be done.

use std::fmt;

use super::receiver::Receiver;
use super::sender::Sender;
use super::{RecvError, SendError};
use crate::instrument::Stamped;

/// An operation that was selected, as [`crossbeam_channel::SelectedOperation`] is. Made by
/// [`Select::select`](super::Select::select) and the like.
///
/// It has to be done, by [`send`](Self::send) or [`recv`](Self::recv) with the end of the channel
/// that was given to the selection.
///
/// # Panics
///
/// When it is dropped without having been done.
///
/// # Examples
///
/// ```
/// use lockwarden::channel::{Select, bounded};
///
/// let (sender, receiver) = bounded(1);
/// let mut select = Select::new();
/// let sending = select.send(&sender);
/// let operation = select.select();
/// assert_eq!(operation.index(), sending);
/// operation.send(&sender, "message").unwrap();
/// assert_eq!(receiver.recv(), Ok("message"));
/// ```
#[must_use]
pub struct SelectedOperation<'a> {
    inner: crossbeam_channel::SelectedOperation<'a>,
}

impl<'a> SelectedOperation<'a> {
    pub(super) fn new(inner: crossbeam_channel::SelectedOperation<'a>) -> Self {
        Self { inner }
    }

    /// Which operation it is: what the selection returned when that was added.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, bounded};
    ///
    /// let (sender, _receiver) = bounded(1);
    /// let mut select = Select::new();
    /// let sending = select.send(&sender);
    /// let operation = select.select();
    /// assert_eq!(operation.index(), sending);
    /// operation.send(&sender, 1).unwrap();
    /// ```
    pub fn index(&self) -> usize {
        self.inner.index()
    }

    /// Sends a message, if that is the operation.
    ///
    /// # Errors
    ///
    /// If all receivers are gone. The error holds the message.
    ///
    /// # Panics
    ///
    /// If `s` is not the sender that was selected.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, SendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// drop(receiver);
    /// let mut select = Select::new();
    /// select.send(&sender);
    /// let sent = select.select().send(&sender, 1);
    /// assert_eq!(sent, Err(SendError(1)));
    /// ```
    pub fn send<T>(self, s: &Sender<T>, msg: T) -> Result<(), SendError<T>> {
        let sent = self.inner.send(&s.inner, Stamped::stamp(msg));
        s.ends.provided();
        sent.map_err(|gone| s.gone(gone.0))
    }

    /// Receives a message, if that is the operation.
    ///
    /// # Errors
    ///
    /// If there is no message and all senders are gone.
    ///
    /// # Panics
    ///
    /// If `r` is not the receiver that was selected.
    ///
    /// # Examples
    ///
    /// ```
    /// use lockwarden::channel::{Select, unbounded};
    ///
    /// let (sender, receiver) = unbounded();
    /// sender.send(1).unwrap();
    /// let mut select = Select::new();
    /// select.recv(&receiver);
    /// assert_eq!(select.select().recv(&receiver), Ok(1));
    /// ```
    pub fn recv<T>(self, r: &Receiver<T>) -> Result<T, RecvError> {
        r.unpack(r.source.complete(self.inner))
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
