//! Sources of the messages of a receiver.

use std::time::{Duration, Instant};

use crossbeam_channel::{
    Receiver, RecvError, RecvTimeoutError, Select, SelectedOperation, TryRecvError,
};

use crate::instrument::Stamped;

/// Source of the messages of a receiver.
pub(super) enum Source<T> {
    /// Senders, of which there may be none.
    Senders(Receiver<Stamped<T>>),
    /// The clock. The function is the identity, from the time to a message: `T` is `Instant`, which
    /// this expresses where the type `T` is generic.
    Clock(Receiver<Instant>, fn(Instant) -> T),
}

/// Calls the method of the same name on the inner receiver.
macro_rules! either {
    ($source:expr, $receiver:ident => $call:expr) => {
        match $source {
            Source::Senders($receiver) => $call,
            Source::Clock($receiver, _) => $call,
        }
    };
}

impl<T> Source<T> {
    /// Returns whether the clock sends the messages.
    pub(super) fn is_clock(&self) -> bool {
        matches!(self, Source::Clock(..))
    }

    #[inline]
    pub(super) fn try_recv(&self) -> Result<Stamped<T>, TryRecvError> {
        match self {
            Source::Senders(receiver) => receiver.try_recv(),
            Source::Clock(receiver, message) => receiver.try_recv().map(message_of(message)),
        }
    }

    #[inline]
    pub(super) fn recv(&self) -> Result<Stamped<T>, RecvError> {
        match self {
            Source::Senders(receiver) => receiver.recv(),
            Source::Clock(receiver, message) => receiver.recv().map(message_of(message)),
        }
    }

    pub(super) fn recv_timeout(&self, timeout: Duration) -> Result<Stamped<T>, RecvTimeoutError> {
        match self {
            Source::Senders(receiver) => receiver.recv_timeout(timeout),
            Source::Clock(receiver, message) => {
                receiver.recv_timeout(timeout).map(message_of(message))
            }
        }
    }

    /// Adds the receipt to a selection.
    pub(super) fn select<'a>(&'a self, select: &mut Select<'a>) -> usize {
        either!(self, receiver => select.recv(receiver))
    }

    /// Completes the selected receipt.
    pub(super) fn complete(
        &self,
        operation: SelectedOperation<'_>,
    ) -> Result<Stamped<T>, RecvError> {
        match self {
            Source::Senders(receiver) => operation.recv(receiver),
            Source::Clock(receiver, message) => operation.recv(receiver).map(message_of(message)),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        either!(self, receiver => receiver.is_empty())
    }

    pub(super) fn is_full(&self) -> bool {
        either!(self, receiver => receiver.is_full())
    }

    pub(super) fn len(&self) -> usize {
        either!(self, receiver => receiver.len())
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        either!(self, receiver => receiver.capacity())
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        match (self, other) {
            (Source::Senders(a), Source::Senders(b)) => a.same_channel(b),
            (Source::Clock(a, _), Source::Clock(b, _)) => a.same_channel(b),
            _ => false,
        }
    }
}

/// Returns a function that makes a message of a time from the clock.
fn message_of<T>(message: &fn(Instant) -> T) -> impl FnOnce(Instant) -> Stamped<T> {
    let message = *message;
    move |time| Stamped::unstamped(message(time))
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        match self {
            Source::Senders(receiver) => Source::Senders(receiver.clone()),
            Source::Clock(receiver, message) => Source::Clock(receiver.clone(), *message),
        }
    }
}
