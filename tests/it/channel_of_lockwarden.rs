//! The suite on our channels, and what they have beyond crossbeam's.

#![allow(clippy::duplicate_mod)]

use lockwarden::channel::{self, bounded_named, unbounded_named};

#[path = "channel_suite.rs"]
mod suite;

#[test]
fn named_and_labelled_channels_behave_like_others() {
    let (sender, receiver) = bounded_named("jobs", 1);
    sender.set_label("of worker 3");
    receiver.set_label(String::from("of worker 4"));
    assert_eq!(sender.try_send(1), Ok(()));
    assert!(sender.try_send(2).is_err());
    assert_eq!(receiver.recv(), Ok(1));
    let (sender, receiver) = unbounded_named("events");
    (0..9).for_each(|n| sender.send(n).unwrap());
    assert!(receiver.try_iter().eq(0..9));
}
