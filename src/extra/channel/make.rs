//! Constructors of channels.

use std::convert::identity;
use std::time::{Duration, Instant};

use super::receiver::Receiver;
use super::sender::Sender;
use super::source::Source;
use crate::instrument::{Endpoints, Stamped};

/// Creates a channel that holds any number of messages.
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    joined(crossbeam_channel::unbounded(), Endpoints::new(None))
}

/// Creates a channel with `name` as its class instead of the construction site.
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

/// Creates a channel that holds up to `cap` messages: a send waits for room. With a capacity of
/// zero each message is handed over directly.
///
/// # Panics
///
/// Panics if there is not enough memory for `cap` messages.
#[track_caller]
pub fn bounded<T>(cap: usize) -> (Sender<T>, Receiver<T>) {
    joined(crossbeam_channel::bounded(cap), Endpoints::new(None))
}

/// Creates a channel with `name` as its class instead of the construction site.
///
/// # Panics
///
/// Panics as [`bounded`] does.
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

/// Creates a receiver of one message, the time at which `duration` is over, which arrives then.
///
/// A wait for the message is never reported.
#[track_caller]
pub fn after(duration: Duration) -> Receiver<Instant> {
    clock(crossbeam_channel::after(duration), Endpoints::new(None))
}

/// Creates a receiver of one message, which arrives at the time `when`.
///
/// A wait for the message is never reported.
#[track_caller]
pub fn at(when: Instant) -> Receiver<Instant> {
    clock(crossbeam_channel::at(when), Endpoints::new(None))
}

/// Creates a receiver of messages that arrive at intervals of `duration`: the times at which they
/// were due. A message that is not received in time delays the next.
///
/// A wait for the messages is never reported.
#[track_caller]
pub fn tick(duration: Duration) -> Receiver<Instant> {
    clock(crossbeam_channel::tick(duration), Endpoints::new(None))
}

fn clock(receiver: crossbeam_channel::Receiver<Instant>, ends: Endpoints) -> Receiver<Instant> {
    Receiver::new(Source::Clock(receiver, identity), ends)
}

/// Creates a receiver to which no message is ever sent, as a placeholder.
#[track_caller]
pub fn never<T>() -> Receiver<T> {
    let receiver = crossbeam_channel::never();
    Receiver::new(Source::Senders(receiver), Endpoints::new(None))
}
