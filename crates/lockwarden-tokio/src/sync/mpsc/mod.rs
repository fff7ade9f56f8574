//! `tokio::sync::mpsc`, whose waits are watched, and whose messages order what their sender did
//! before what their receiver does.

#[doc(no_inline)]
pub use tokio::sync::mpsc::*;

mod bounded;
mod receiver;
pub(crate) mod room;
mod unbounded;

pub use self::bounded::{OwnedPermit, Permit, PermitIterator, Sender, WeakSender, channel};
pub use self::receiver::{Receiver, UnboundedReceiver};
pub use self::unbounded::{UnboundedSender, WeakUnboundedSender, unbounded_channel};

use tokio::sync::mpsc::error::{SendError, TrySendError};

use super::watched::Stamped;

/// What reports call a channel.
const NOUN: &str = "mpsc channel";

fn take_back<T>(error: SendError<Stamped<T>>) -> SendError<T> {
    SendError(error.0.take_back())
}

fn try_take_back<T>(error: TrySendError<Stamped<T>>) -> TrySendError<T> {
    match error {
        TrySendError::Full(message) => TrySendError::Full(message.take_back()),
        TrySendError::Closed(message) => TrySendError::Closed(message.take_back()),
    }
}
