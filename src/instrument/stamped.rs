//! A message, with what its sender did before.

use super::Clock;

/// What goes through a channel in place of the message alone.
///
/// Of the size of the message in a build without instrumentation.
pub(crate) struct Stamped<T> {
    past: Clock,
    message: T,
}

impl<T> Stamped<T> {
    /// Packs a message that the calling thread is about to send.
    #[inline]
    pub(crate) fn stamp(message: T) -> Self {
        Self {
            past: Clock::release(),
            message,
        }
    }

    /// A message that no thread has sent.
    #[cfg(feature = "channel")]
    #[inline]
    pub(crate) fn unstamped(message: T) -> Self {
        Self {
            past: Clock::unknown(),
            message,
        }
    }

    /// Unpacks it in the thread that has received it.
    #[inline]
    pub(crate) fn receive(self) -> T {
        let Self { past, message } = self;
        past.acquire_last();
        message
    }

    /// Unpacks it in the thread that could not send it.
    #[inline]
    pub(crate) fn take_back(self) -> T {
        self.message
    }
}
