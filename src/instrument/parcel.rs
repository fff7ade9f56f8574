//! A message, with what its sender did before.

use super::Past;

/// What goes through a channel in place of the message alone.
///
/// Of the size of the message in a build without instrumentation.
pub(crate) struct Parcel<T> {
    past: Past,
    message: T,
}

impl<T> Parcel<T> {
    /// Packs a message that the calling thread is about to send.
    #[inline]
    pub(crate) fn pack(message: T) -> Self {
        Self {
            past: Past::here(),
            message,
        }
    }

    /// A message that no thread has sent.
    #[cfg(feature = "channel")]
    #[inline]
    pub(crate) fn of_nobody(message: T) -> Self {
        Self {
            past: Past::nothing(),
            message,
        }
    }

    /// Unpacks it in the thread that has received it.
    #[inline]
    pub(crate) fn receive(self) -> T {
        let Self { past, message } = self;
        past.arrive_last();
        message
    }

    /// Unpacks it in the thread that could not send it.
    #[inline]
    pub(crate) fn take_back(self) -> T {
        self.message
    }
}
