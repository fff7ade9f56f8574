//! Message with the clock of its sender.

use super::{Clock, hands_over};

/// Message with the clock of its sender, sent through a channel in place of the message.
///
/// It has the size of the message in a build without instrumentation.
///
/// # Examples
///
/// ```
/// use lockwarden::instrument::Stamped;
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// sender.send(Stamped::stamp(7)).unwrap();
/// // What this thread does from here on happens after the send.
/// assert_eq!(receiver.recv().unwrap().receive(), 7);
/// ```
#[derive(Debug)]
pub struct Stamped<T> {
    past: Clock,
    message: T,
}

impl<T> Stamped<T> {
    /// Stamps a message that the calling thread is about to send.
    #[inline]
    pub fn stamp(message: T) -> Self {
        Self {
            past: Clock::release(),
            message,
        }
    }

    /// Stamps a message as [`stamp`](Self::stamp) does, and calls [`hands_over`](super::hands_over) for it.
    #[inline]
    pub fn hand_over(message: T) -> Self {
        hands_over::<T>();
        Self::stamp(message)
    }

    /// Wraps a message without a clock, for one that no thread has sent.
    #[inline]
    pub fn unstamped(message: T) -> Self {
        Self {
            past: Clock::unknown(),
            message,
        }
    }

    /// Returns the message, for a look at it: the clock of the sender is not acquired.
    #[inline]
    pub fn message(&self) -> &T {
        &self.message
    }

    /// Returns the message, and acquires the clock of the sender.
    #[inline]
    pub fn receive(self) -> T {
        let Self { past, message } = self;
        past.acquire_last();
        message
    }

    /// Returns the message to the thread that failed to send it.
    #[inline]
    pub fn take_back(self) -> T {
        self.message
    }
}
