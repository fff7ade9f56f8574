//! Selected operation, which has to be completed.

use std::fmt;

use super::receiver::Receiver;
use super::sender::Sender;
use super::{RecvError, SendError};
use crate::instrument::{Stamped, hand_over_completed};

/// Selected operation, as [`crossbeam_channel::SelectedOperation`] is. Returned by
/// [`Select::select`](super::Select::select) and its variants.
///
/// The operation has to be completed, by [`send`](Self::send) or [`recv`](Self::recv) with the
/// endpoint that was added to the selection.
///
/// # Panics
///
/// The drop panics if the operation was not completed.
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

    /// Returns the index of the operation, as returned when it was added to the selection.
    pub fn index(&self) -> usize {
        self.inner.index()
    }

    /// Completes a send with `msg`.
    ///
    /// # Errors
    ///
    /// Returns an error if all receivers are dropped. The error holds the message.
    ///
    /// # Panics
    ///
    /// Panics if `s` is not the selected sender.
    pub fn send<T>(self, s: &Sender<T>, msg: T) -> Result<(), SendError<T>> {
        let sent = self.inner.send(&s.inner, Stamped::hand_over(msg));
        hand_over_completed();
        s.ends.provided();
        sent.map_err(|gone| s.gone(gone.0))
    }

    /// Completes a receipt.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no message and all senders are dropped.
    ///
    /// # Panics
    ///
    /// Panics if `r` is not the selected receiver.
    pub fn recv<T>(self, r: &Receiver<T>) -> Result<T, RecvError> {
        let received = r.source.complete(self.inner);
        hand_over_completed();
        r.unpack(received)
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
