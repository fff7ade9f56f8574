//! `Sender`: the sending end of a channel without a bound.

use std::fmt;

use super::SendError;
use super::inner::Unbounded;
use crate::instrument::{Endpoint, Endpoints, Stamped};

/// The sending end of a channel without a bound, as [`std::sync::mpsc::Sender`] is. Made by
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
            ends: Endpoint::of(ends),
        }
    }

    /// Sends a message. Never blocks.
    ///
    /// What the calling thread did so far comes before what the thread does that receives it.
    ///
    /// # Errors
    ///
    /// If the receiver is gone. The error holds the message. A message that was sent may still not
    /// be received, if the receiver goes later.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::sync::mpsc::channel();
    /// sender.send(1).unwrap();
    /// drop(receiver);
    /// assert_eq!(sender.send(2).unwrap_err().0, 2);
    /// ```
    #[inline]
    pub fn send(&self, t: T) -> Result<(), SendError<T>> {
        let sent = self.inner.send(Stamped::stamp(t));
        self.ends.provided();
        sent.map_err(|refused| {
            self.ends.no_receivers();
            SendError(refused.0.take_back())
        })
    }

    /// Names this one channel in reports, beside the name of its class.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = lockwarden::sync::mpsc::channel();
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
    fn clone(&self) -> Sender<T> {
        Self::new(self.inner.clone(), Endpoints::clone(&self.ends))
    }
}

impl<T> Drop for Sender<T> {
    // Before the inner one goes, which tells the receiver; that it has, is told after it.
    fn drop(&mut self) {
        self.ends.drop_sender();
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}
