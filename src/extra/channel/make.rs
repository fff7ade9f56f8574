//! How channels are made.

use std::convert::identity;
use std::time::{Duration, Instant};

use super::receiver::Receiver;
use super::sender::Sender;
use super::source::Source;
use crate::instrument::{Endpoints, Stamped};

/// Makes a channel that holds any number of messages.
///
/// # Examples
///
/// ```
/// use lockwarden::channel::unbounded;
///
/// let (sender, receiver) = unbounded();
/// sender.send("message").unwrap();
/// assert_eq!(receiver.recv(), Ok("message"));
/// ```
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    joined(crossbeam_channel::unbounded(), Endpoints::new(None))
}

/// The same, with a name that stands in reports instead of the place of construction.
///
/// # Examples
///
/// ```
/// use lockwarden::channel::unbounded_named;
///
/// let (sender, receiver) = unbounded_named("events");
/// sender.send("message").unwrap();
/// assert_eq!(receiver.recv(), Ok("message"));
/// ```
#[track_caller]
pub fn unbounded_named<T>(name: &'static str) -> (Sender<T>, Receiver<T>) {
    joined(crossbeam_channel::unbounded(), Endpoints::new(Some(name)))
}

/// Makes a channel that holds up to `cap` messages: a send waits for room. With a capacity of zero
/// each message is handed over directly.
///
/// # Panics
///
/// If there is no memory for so many messages.
///
/// # Examples
///
/// ```
/// use lockwarden::channel::{TrySendError, bounded};
///
/// let (sender, receiver) = bounded(1);
/// sender.send(1).unwrap();
/// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
/// assert_eq!(receiver.recv(), Ok(1));
/// ```
#[track_caller]
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    joined(crossbeam_channel::bounded(cap), Endpoints::new(None))
}

/// The same, with a name that stands in reports instead of the place of construction.
///
/// # Panics
///
/// As [`bounded`].
///
/// # Examples
///
/// ```
/// use lockwarden::channel::bounded_named;
///
/// let (sender, receiver) = bounded_named("jobs", 8);
/// sender.send(1).unwrap();
/// assert_eq!(receiver.recv(), Ok(1));
/// ```
#[track_caller]
pub fn bounded_named<T>(name: &'static str, cap: usize) -> (Sender<T>, Receiver<T>) {
    joined(crossbeam_channel::bounded(cap), Endpoints::new(Some(name)))
}

fn joined<T>(
    (sender, receiver): (
        crossbeam_channel::Sender<Stamped<T>>,
        crossbeam_channel::Receiver<Stamped<T>>,
    ),
    ends: Endpoints,
) -> (Sender<T>, Receiver<T>) {
    (
        Sender::new(sender, ends.clone()),
        Receiver::new(Source::Senders(receiver), ends),
    )
}

/// A receiver of one message, which comes when `duration` is over: the time at which it is.
///
/// No wait for it is ever reported.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::channel::{after, never, select};
///
/// let nothing = never::<()>();
/// let timed_out = select! {
///     recv(nothing) -> _ => false,
///     recv(after(Duration::from_millis(1))) -> _ => true,
/// };
/// assert!(timed_out);
/// ```
#[track_caller]
pub fn after(duration: Duration) -> Receiver<Instant> {
    clock(crossbeam_channel::after(duration), Endpoints::new(None))
}

/// A receiver of one message, which comes at the time `when`.
///
/// No wait for it is ever reported.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
/// use lockwarden::channel::at;
///
/// let now = Instant::now();
/// assert_eq!(at(now).recv(), Ok(now));
/// ```
#[track_caller]
pub fn at(when: Instant) -> Receiver<Instant> {
    clock(crossbeam_channel::at(when), Endpoints::new(None))
}

/// A receiver of messages that come at intervals of `duration`: the times at which they were due.
/// A message that nobody receives in time delays the next.
///
/// No wait for them is ever reported.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::channel::tick;
///
/// let ticks = tick(Duration::from_millis(1));
/// let first = ticks.recv().unwrap();
/// assert!(ticks.recv().unwrap() > first);
/// ```
#[track_caller]
pub fn tick(duration: Duration) -> Receiver<Instant> {
    clock(crossbeam_channel::tick(duration), Endpoints::new(None))
}

fn clock(receiver: crossbeam_channel::Receiver<Instant>, ends: Endpoints) -> Receiver<Instant> {
    Receiver::new(Source::Clock(receiver, identity), ends)
}

/// A receiver of no messages, in place of one that is not there.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use lockwarden::channel::{Receiver, after, never, select};
///
/// /// Waits for a message, for at most `limit` if there is one.
/// fn receive(receiver: &Receiver<u32>, limit: Option<Duration>) -> Option<u32> {
///     let timeout = limit.map_or(never(), after);
///     select! {
///         recv(receiver) -> message => message.ok(),
///         recv(timeout) -> _ => None,
///     }
/// }
///
/// assert_eq!(receive(&never(), Some(Duration::from_millis(1))), None);
/// ```
#[track_caller]
pub fn never<T>() -> Receiver<T> {
    let receiver = crossbeam_channel::never();
    Receiver::new(Source::Senders(receiver), Endpoints::new(None))
}
