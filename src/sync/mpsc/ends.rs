//! What the two ends of a channel tell each other beside the messages.

use crate::instrument::{Meeting, Past};

/// A message, with what its sender did before.
///
/// Of the size of the message alone in a build without instrumentation.
pub(super) struct Parcel<T> {
    past: Past,
    message: T,
}

impl<T> Parcel<T> {
    /// Packs a message that the calling thread is about to send.
    pub(super) fn pack(message: T) -> Self {
        Self {
            past: Past::here(),
            message,
        }
    }

    /// Unpacks it in the thread that has received it.
    pub(super) fn receive(self) -> T {
        self.past.arrive();
        self.message
    }

    /// Unpacks it in the thread that could not send it.
    pub(super) fn take_back(self) -> T {
        self.message
    }
}

/// What those did who have let go of their end of a channel.
#[derive(Clone)]
pub(super) struct Ends {
    senders: Meeting,
    receiver: Meeting,
}

impl Ends {
    pub(super) fn new() -> Self {
        Self {
            senders: Meeting::new(),
            receiver: Meeting::new(),
        }
    }

    /// A sender is about to be dropped.
    pub(super) fn drop_sender(&self) {
        self.senders.add(&Past::here());
    }

    /// The receiver is about to be dropped.
    pub(super) fn drop_receiver(&self) {
        self.receiver.add(&Past::here());
    }

    /// The calling thread was told that all senders are gone.
    pub(super) fn no_senders(&self) {
        self.senders.arrive();
    }

    /// The calling thread was told that the receiver is gone.
    pub(super) fn no_receiver(&self) {
        self.receiver.arrive();
    }
}
