//! A queue whose receiver parks until a message comes, as channels of other crates do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};

struct Queue {
    messages: Mutex<VecDeque<Option<u32>>>,
    receiver: Thread,
}

impl Queue {
    fn put(&self, message: Option<u32>) {
        self.messages.lock().unwrap().push_back(message);
        self.receiver.unpark();
    }
}

pub struct Sender(Arc<Queue>);
pub struct Receiver(Arc<Queue>);

/// Returns the ends of a queue, whose receiver is the calling thread.
pub fn mailbox() -> (Sender, Receiver) {
    let queue = Arc::new(Queue {
        messages: Mutex::default(),
        receiver: thread::current(),
    });
    (Sender(Arc::clone(&queue)), Receiver(queue))
}

impl Sender {
    pub fn send(&self, message: u32) {
        self.0.put(Some(message));
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.put(None);
    }
}

impl Receiver {
    /// Returns the next message; `None` if the sender is gone.
    pub fn receive(&self) -> Option<u32> {
        loop {
            if let Some(message) = self.0.messages.lock().unwrap().pop_front() {
                return message;
            }
            thread::park();
        }
    }
}
