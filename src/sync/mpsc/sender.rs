//! `Sender`: the sending end of an unbounded channel.

use std::fmt;

use super::SendError;
use super::inner::Unbounded;
use crate::extra::channel_end::channel_end;
use crate::instrument::{self, Endpoint, Endpoints, Side, Stamped};

/// Sending end of an unbounded channel, as [`std::sync::mpsc::Sender`] is. Returned by
/// [`channel`](super::channel).
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc::{Sender, channel};
/// use lockwarden::thread;
///
/// fn report(to: Sender<u32>) {
///     to.send(42).unwrap();
/// }
///
/// let (sender, receiver) = channel();
/// thread::spawn(move || report(sender));
/// assert_eq!(receiver.recv(), Ok(42));
/// ```
pub struct Sender<T> {
    inner: Unbounded<Stamped<T>>,
    ends: Endpoint,
}

impl<T> Sender<T> {
    pub(super) fn new(inner: Unbounded<Stamped<T>>, ends: Endpoints) -> Self {
        Self {
            inner,
            ends: Endpoint::new(ends, Side::Sending),
        }
    }

    /// Sends a message. Never blocks.
    ///
    /// What the calling thread did before happens before what the receiving thread does after the
    /// receipt.
    ///
    /// # Errors
    ///
    /// Returns an error if the receiver is dropped. The error holds the message. A message that was
    /// sent may still not be received, if the receiver is dropped later.
    #[inline]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        instrument::point("sends to", self.ends.record());
        let sent = self.inner.send(Stamped::hand_over(t));
        self.ends.provided();
        sent.map_err(|refused| {
            self.ends.no_receivers();
            SendError(refused.0.take_back())
        })
    }
}

impl<T> Clone for Sender<T> {
    /// Returns another sender of the same channel.
    fn clone(&self) -> Sender<T> {
        Self::new(self.inner.clone(), Endpoints::clone(&self.ends))
    }
}

channel_end!(Sender, "sync::mpsc::channel()", "sender", drop_sender);

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
