//! Direct hand-over without a buffer: `crossbeam_channel`'s, with the errors of std.

use std::sync::mpsc::{RecvTimeoutError, TryRecvError, TrySendError};
use std::time::Duration;

use crossbeam_channel::{self as crossbeam, Receiver, Sender};

pub(super) fn try_send<T>(sender: &Sender<T>, message: T) -> Result<(), TrySendError<T>> {
    sender.try_send(message).map_err(|refused| match refused {
        crossbeam::TrySendError::Full(message) => TrySendError::Full(message),
        crossbeam::TrySendError::Disconnected(message) => TrySendError::Disconnected(message),
    })
}

/// Waits for a receiver, for at most `limit`.
pub(super) fn send_within<T>(
    sender: &Sender<T>,
    message: T,
    limit: Option<Duration>,
) -> Result<(), TrySendError<T>> {
    use crossbeam::SendTimeoutError::{Disconnected, Timeout};
    let sent = match limit {
        Some(limit) => sender.send_timeout(message, limit),
        None => sender.send(message).map_err(|gone| Disconnected(gone.0)),
    };
    sent.map_err(|refused| match refused {
        Timeout(message) => TrySendError::Full(message),
        Disconnected(message) => TrySendError::Disconnected(message),
    })
}

pub(super) fn try_recv<T>(receiver: &Receiver<T>) -> Result<T, TryRecvError> {
    receiver.try_recv().map_err(|none| match none {
        crossbeam::TryRecvError::Empty => TryRecvError::Empty,
        crossbeam::TryRecvError::Disconnected => TryRecvError::Disconnected,
    })
}

/// Waits for a sender, for at most `limit`.
pub(super) fn recv_within<T>(
    receiver: &Receiver<T>,
    limit: Option<Duration>,
) -> Result<T, RecvTimeoutError> {
    use crossbeam::RecvTimeoutError::{Disconnected, Timeout};
    let received = match limit {
        Some(limit) => receiver.recv_timeout(limit),
        None => receiver.recv().map_err(|_| Disconnected),
    };
    received.map_err(|none| match none {
        Timeout => RecvTimeoutError::Timeout,
        Disconnected => RecvTimeoutError::Disconnected,
    })
}
