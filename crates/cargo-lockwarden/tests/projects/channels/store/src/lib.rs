//! A library of the first edition over the channels.

#[macro_use]
extern crate crossbeam_channel;

use crossbeam_channel::internal::SelectHandle;
use crossbeam_channel::{Receiver, Sender};

/// Sends a question and waits for the answer.
pub fn ask(questions: &Sender<u32>, answers: &Receiver<u32>) -> u32 {
    questions.send(20).unwrap();
    answers.recv().unwrap()
}

/// The first message of the two, and whether there is another one.
pub fn first(one: &Receiver<u32>, other: &Receiver<u32>) -> (u32, bool) {
    let message = select! {
        recv(one) -> message => message.unwrap(),
        recv(other) -> message => message.unwrap(),
    };
    (message, one.is_ready() || other.is_ready())
}
