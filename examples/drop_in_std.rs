//! A small program on the locks of std, adopted by a change of one line: its import of `std::sync`.
//!
//! ```text
//! cargo run --example drop_in_std
//! ```
//!
//! It counts the words of some texts with a few workers around a queue. Nothing but the import
//! names `lockwarden`: the types, the calls and the results are std's. There is no bug in it, and
//! so there is no report.

use std::collections::{BTreeMap, VecDeque};
use std::thread;

// The only line that differs. Before: `use std::sync::{Arc, Condvar, Mutex, RwLock};`
use lockwarden::sync::{Arc, Condvar, Mutex, RwLock};

const WORKERS: usize = 3;

const TEXTS: [&str; 4] = [
    "lock the door before you lock the gate",
    "the gate is open and the door is open",
    "a key for the gate and a key for the door",
    "who has the key has the door",
];

/// Texts that wait to be counted.
#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    texts: VecDeque<&'static str>,
    closed: bool,
}

impl Queue {
    fn push(&self, text: &'static str) {
        self.state.lock().unwrap().texts.push_back(text);
        self.changed.notify_one();
    }

    fn close(&self) {
        self.state.lock().unwrap().closed = true;
        self.changed.notify_all();
    }

    /// The next text, as soon as there is one; `None` when the queue is closed and empty.
    fn pop(&self) -> Option<&'static str> {
        let state = self.state.lock().unwrap();
        let waits = |state: &mut State| state.texts.is_empty() && !state.closed;
        let mut state = self.changed.wait_while(state, waits).unwrap();
        state.texts.pop_front()
    }
}

fn main() {
    let queue = Arc::new(Queue::default());
    let counts = Arc::new(RwLock::new(BTreeMap::<&str, u32>::new()));

    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (queue, counts) = (Arc::clone(&queue), Arc::clone(&counts));
            thread::spawn(move || {
                while let Some(text) = queue.pop() {
                    let mut counts = counts.write().unwrap();
                    for word in text.split(' ') {
                        *counts.entry(word).or_default() += 1;
                    }
                }
            })
        })
        .collect();

    for text in TEXTS {
        queue.push(text);
    }
    queue.close();
    for worker in workers {
        worker.join().unwrap();
    }

    for (word, count) in counts
        .read()
        .unwrap()
        .iter()
        .filter(|&(_, &count)| count > 2)
    {
        println!("{count} {word}");
    }
}
