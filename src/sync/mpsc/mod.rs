//! Channels: std's, watched.
//!
//! The names, signatures and behaviour are those of [`std::sync::mpsc`], whose channels carry the
//! messages. What this module adds is the order that a hand-over makes:
//!
//! - What a thread did before it sent a message comes before all that the thread does that
//!   received it. What the sender does after the send does not.
//! - When a receiver is told that all senders are gone, what they did before they were dropped
//!   comes before what it does next; when a sender is told that the receiver is gone, what was done
//!   before that was dropped.
//!
//! Opposite lock orders on both sides of such a point are
//! [`Ordered`](crate::report::Verdict::Ordered), as observed: if another sender can get its message
//! in first, they may not be so in another run.
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
//! A thread that waits for a message, for room or, with a bound of zero, for somebody who receives,
//! waits for whoever may come: it is not known which threads have an end of the channel. So it is
//! reported once no thread of the process can come any more, because all of them wait for
//! something, without a limit of time: a [`Deadlock`](crate::report::Verdict::Deadlock), which
//! panics in the thread that completed it. A wait with a limit is never reported, nor is what does
//! not wait.
//!
//! # What it cannot see
//!
//! - A sender that goes on since the receiver made room for its message has learnt that the
//!   receiver was there. That orders nothing here, whatever the bound of the channel is: what the
//!   receiver did before counts as concurrent with what the sender does then.
//! - That nobody will ever send to a thread that waits, as long as another thread runs.
//!
//! # Differences from std
//!
//! In an instrumented build, a sender that waits for room does not wait at std's channel but beside
//! it, since nobody can look up from that one; a channel with a bound of zero is one of
//! `crossbeam_channel`. Senders that wait are served in another order than they would be by std,
//! which promises none.
//!
//! # Cost
//!
//! Without instrumentation, none. With it, a message carries one word more, and a send and a
//! receive together cost some 8 nanoseconds more, or some tens if the sender has done something new
//! since its last message. If the sender has made a nested acquisition since
//! its last message, both threads look anew at each nested acquisition that follows, once.

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

/// Makes a channel that holds any number of messages, as [`std::sync::mpsc::channel`] does.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc::channel;
///
/// let (sender, receiver) = channel();
/// sender.send("message").unwrap();
/// assert_eq!(receiver.recv(), Ok("message"));
/// ```
#[must_use]
#[track_caller]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    unbounded(Endpoints::new(None))
}

/// The same, with a name that stands in reports instead of the place of construction.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc::channel_named;
///
/// let (sender, receiver) = channel_named("jobs");
/// sender.send("message").unwrap();
/// assert_eq!(receiver.recv(), Ok("message"));
/// ```
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

/// Makes a channel that holds up to `bound` messages, as [`std::sync::mpsc::sync_channel`] does: a
/// send waits for room. With a bound of zero each message is handed over directly.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc::sync_channel;
///
/// let (sender, receiver) = sync_channel(1);
/// sender.send(1).unwrap();
/// assert!(sender.try_send(2).is_err());
/// assert_eq!(receiver.recv(), Ok(1));
/// ```
#[must_use]
#[track_caller]
pub fn sync_channel<T>(bound: usize) -> (SyncSender<T>, Receiver<T>) {
    bounded(bound, Endpoints::new(None))
}

/// The same, with a name that stands in reports instead of the place of construction.
///
/// # Examples
///
/// ```
/// use lockwarden::sync::mpsc::sync_channel_named;
///
/// let (sender, receiver) = sync_channel_named("results", 1);
/// sender.send(1).unwrap();
/// assert_eq!(receiver.recv(), Ok(1));
/// ```
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
