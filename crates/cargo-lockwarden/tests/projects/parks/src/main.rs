//! Receives, under a lock that the sender takes first, from a queue of a dependency that parks.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

fn main() {
    let total = Arc::new(Mutex::new(0));
    let (sender, receiver) = mailbox::mailbox();
    let mut sum = total.lock().unwrap();
    let theirs = Arc::clone(&total);
    thread::spawn(move || {
        // By then the receiver has parked: else it closes the deadlock, and no thread could be woken to break it.
        thread::sleep(Duration::from_millis(500));
        let before = *theirs.lock().unwrap();
        sender.send(before + 1);
    });
    *sum += receiver.receive().unwrap_or_default();
    println!("{sum} in all");
}
