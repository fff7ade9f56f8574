//! An exchange: whoever publishes does not know who listens, and listeners come and go. Each has a
//! subscription that lasts for a scope, with a mailbox that has room for one message.
//!
//! ```text
//! cargo run --features channel --example exchange             warnings have an exchange of their own
//! cargo run --features channel --example exchange -- --bug    they go where the readings go
//! ```
//!
//! The main thread publishes readings. A watcher listens to two of them and publishes two warnings
//! of each that is too high; an operator sees the warnings. In the second run they are published at
//! the exchange of the readings, so the watcher is one of those that they go to: when its mailbox is
//! full, it waits for itself to take something out. A subscriber that is merely slow is no trouble,
//! since it goes on; this one cannot.
//!
//! The report says that all three threads wait, and that the watcher waits for room in `mailbox of the
//! watcher`. One of them panics; if that does not free the others, what is left is reported next. (A mailbox
//! without a limit would not hang. It would hide the mistake until the memory is full.)

use std::collections::BTreeMap;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use lockwarden::channel::{Receiver, Sender, bounded_named};
use lockwarden::sync::{Mutex, MutexGuard, PoisonError};
use lockwarden::thread;

#[derive(Clone)]
enum Message {
    Reading(u32),
    Warning(String),
}

/// Passes what is published to all who have subscribed.
struct Exchange {
    subscribers: Mutex<Subscribers>,
}

type Subscribers = BTreeMap<usize, Sender<Message>>;

/// A mailbox that an exchange knows of, for as long as this is there.
struct Subscription {
    exchange: Arc<Exchange>,
    number: usize,
    mailbox: Receiver<Message>,
}

impl Exchange {
    fn new(name: &'static str) -> Arc<Self> {
        let subscribers = Mutex::named(name, Subscribers::new());
        Arc::new(Self { subscribers })
    }

    fn subscribe(self: &Arc<Self>, name: &'static str) -> Subscription {
        let (sender, mailbox) = bounded_named(name, 1);
        let mut subscribers = self.subscribers();
        let last = subscribers.last_key_value();
        let number = last.map_or(0, |(number, _)| number + 1);
        subscribers.insert(number, sender);
        Subscription {
            exchange: Arc::clone(self),
            number,
            mailbox,
        }
    }

    /// Waits until all subscribers have had room.
    #[track_caller]
    fn publish(&self, message: &Message) {
        // Not under the lock: it would keep every thread out while one of them is slow.
        let subscribers = self.subscribers().clone();
        for subscriber in subscribers.values() {
            // One that has left meanwhile does not get it.
            let _ = subscriber.send(message.clone());
        }
    }

    /// Lets all subscribers come to an end.
    fn close(&self) {
        self.subscribers().clear();
    }

    fn subscribers(&self) -> MutexGuard<'_, Subscribers> {
        let subscribers = self.subscribers.lock();
        subscribers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.exchange.subscribers().remove(&self.number);
    }
}

/// Listens to `count` readings, and warns of those that are too high.
fn watch(readings: &Subscription, count: usize, warnings: &Exchange) {
    for message in readings.mailbox.iter().take(count) {
        if let Message::Reading(value @ 101..) = message {
            warnings.publish(&Message::Warning(format!("stop the pump: {value}")));
            warnings.publish(&Message::Warning(format!("open the valve: {value}")));
        }
    }
}

fn operate(warnings: &Subscription) {
    for message in &warnings.mailbox {
        if let Message::Warning(text) = message {
            println!("{text}");
        }
    }
}

fn run(bug: bool) -> io::Result<bool> {
    let readings = Exchange::new("readings");
    let own = || Exchange::new("warnings");
    let warnings = if bug { readings.clone() } else { own() };
    let named = |name: &str| thread::Builder::new().name(name.to_owned());
    let watcher = readings.subscribe("mailbox of the watcher");
    let operator = warnings.subscribe("mailbox of the operator");
    let to_warn = Arc::clone(&warnings);
    // Each subscription ends with its thread, however that ends.
    let watcher = named("watcher").spawn(move || watch(&{ watcher }, 2, &to_warn))?;
    let operator = named("operator").spawn(move || operate(&{ operator }))?;

    readings.publish(&Message::Reading(70));
    readings.publish(&Message::Reading(120));
    let watched = watcher.join().is_ok();
    // The watcher has left, so no thread has to make room for this one.
    readings.publish(&Message::Reading(90));
    warnings.close();
    Ok(watched & operator.join().is_ok())
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("exchange: lockwarden is {}", lockwarden::status());
        eprintln!("exchange: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }
    let heard = run(bug).expect("two threads can be had");
    let outcome = if heard {
        "all was heard"
    } else {
        "a listener broke off"
    };
    println!("{outcome}");
    ExitCode::from(u8::from(!heard))
}
