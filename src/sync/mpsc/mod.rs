//! Tracked channels with std's interface.
//!
//! The names, signatures and behaviour are those of [`std::sync::mpsc`], whose channels carry the
//! messages. This module adds the happens-before order of a hand-over:
//!
//! - What a thread did before it sent a message happens before all that the receiving thread does
//!   after the receipt. What the sender does after the send does not.
//! - When a receiver observes that all senders are dropped, what they did before that happens
//!   before what the receiver does next; when a sender observes that the receiver is dropped, what
//!   preceded that drop.
//!
//! Opposite lock orders on the two sides of such a point are
//! [`Ordered`](crate::report::Verdict::Ordered), as observed: if another sender's message can
//! arrive first, the order may not exist in another run.
//!
//! # Examples
//!
//! ```
//! use lockwarden::sync::mpsc;
//! use lockwarden::thread;
//!
//! let (sender, receiver) = mpsc::channel();
//! for n in 0..3 {
//!     let sender = sender.clone();
//!     thread::spawn(move || sender.send(n).unwrap());
//! }
//! drop(sender);
//! assert_eq!(receiver.iter().sum::<i32>(), 3);
//! ```
//!
//! # What it sees
//!
//! A thread that waits for a message, for room or, with a bound of zero, for a receiver, may be
//! woken by any thread: the detector does not know which threads have an endpoint of the channel.
//! So the wait is reported once no thread of the process can run, because all of them wait for
//! something without a time limit: a [`Deadlock`](crate::report::Verdict::Deadlock), which panics
//! in the thread that completed it. A wait with a time limit is never reported, nor is a call that
//! does not wait.
//!
//! # What it cannot see
//!
//! - The order from a receiver that made room to the sender that then continues: whatever the bound
//!   of the channel, what the receiver did before counts as concurrent with what the sender does
//!   afterwards.
//! - A wait that no thread will ever end, as long as any other thread runs.
//! - A wait under a lock that the other end of the channel needs, in a run in which it does not hang:
//!   orders of locks are predicted, and waits for messages or room are not.
//!
//! # Differences from std
//!
//! In an instrumented build, a sender that waits for room waits beside std's channel, because std
//! has no wait with a timeout there; a channel with a bound of zero is none of std's at all. Waiting
//! senders are served in another order than std's, which is unspecified.
//!
//! # Cost
//!
//! None without instrumentation. With it, a message carries one word more, and a send and a receive
//! together cost some 8 nanoseconds more, or some tens if the clock of the sender has changed since
//! its last message. If the sender has made a nested acquisition since its last message, both
//! threads check each nested acquisition that follows anew, once.

mod inner;
mod iter;
mod receiver;
mod sender;
mod sync_sender;

pub use std::sync::mpsc::{RecvError, RecvTimeoutError, SendError, TryRecvError, TrySendError};

pub use self::iter::{IntoIter, Iter, TryIter};
pub use self::receiver::Receiver;
pub use self::sender::Sender;
pub use self::sync_sender::SyncSender;

use crate::instrument::Endpoints;

/// Creates a channel that holds any number of messages, as [`std::sync::mpsc::channel`] does.
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    unbounded(Endpoints::new(None))
}

/// Creates a channel as [`channel`] does, with `name` as its class instead of the construction
/// site.
#[must_use]
#[track_caller]
pub fn channel_named<T>(name: &'static str) -> (Sender<T>, Receiver<T>) {
    unbounded(Endpoints::new(Some(name)))
}

fn unbounded<T>(ends: Endpoints) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = inner::unbounded();
    (
        Sender::new(sender, ends.clone()),
        Receiver::new(receiver, ends),
    )
}

/// Creates a channel that holds up to `bound` messages, as [`std::sync::mpsc::sync_channel`] does:
/// a send waits for room. With a bound of zero each message is handed over directly.
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    bounded(bound, Endpoints::new(None))
}

/// Creates a channel as [`sync_channel`] does, with `name` as its class instead of the construction
/// site.
#[must_use]
#[track_caller]
pub fn sync_channel_named<T>(name: &'static str, bound: usize) -> (SyncSender<T>, Receiver<T>) {
    bounded(bound, Endpoints::new(Some(name)))
}

fn bounded<T>(bound: usize, ends: Endpoints) -> (SyncSender<T>, Receiver<T>) {
    let (sender, receiver) = inner::bounded(bound);
    (
        SyncSender::new(sender, ends.clone()),
        Receiver::new(receiver, ends),
    )
}
