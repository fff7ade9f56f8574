//! A service that takes some time to start, and a main thread that asks it nothing before it has:
//! the service sets an event when it is ready.
//!
//! ```text
//! cargo run --example start_event
//! cargo run --example start_event -- --bug
//! ```
//!
//! With `--bug`, the service gets a configuration that it cannot read, and panics before it sets
//! the event. The main thread waits for it; no thread is left that could set it, so that is reported
//! as a deadlock, which names the thread that panicked. The panic that breaks it ends the program.

use std::process::ExitCode;

use lockwarden::sync::Event;
use lockwarden::sync::mpsc::{self, Receiver, Sender};
use lockwarden::thread;

/// The service answers from now on.
static STARTED: Event = Event::named("started");

/// A number, and where to say whether it is a prime.
type Request = (usize, Sender<bool>);

/// Whether each number up to the limit is a prime.
fn sieve(limit: usize) -> Vec<bool> {
    let mut primes = vec![true; limit + 1];
    primes[..2].fill(false);
    for n in 2..=limit {
        if primes[n] {
            for multiple in (n * n..=limit).step_by(n) {
                primes[multiple] = false;
            }
        }
    }
    primes
}

/// Answers until no thread can ask any more. Returns how often it did.
fn serve(limit: &str, requests: &Receiver<Request>) -> usize {
    let limit = limit.parse().expect("the limit is a number");
    let primes = sieve(limit);
    STARTED.set();
    let answers = requests.iter().map(|(number, answer)| {
        let is_prime = primes.get(number).copied().unwrap_or_default();
        // Whoever asked need not wait for it.
        let _ = answer.send(is_prime);
    });
    answers.count()
}

fn main() -> ExitCode {
    let bug = std::env::args().nth(1).is_some_and(|arg| arg == "--bug");
    if bug && !lockwarden::status().is_on() {
        eprintln!("start_event: lockwarden is {}", lockwarden::status());
        eprintln!("start_event: with its bug, this program would hang for ever");
        return ExitCode::from(2);
    }

    let limit = if bug { "many" } else { "10000" };
    let (service, requests) = mpsc::channel::<Request>();
    let thread = thread::Builder::new().name("service".to_owned());
    let thread = thread.spawn(move || serve(limit, &requests));
    let thread = thread.expect("a thread can be spawned");

    println!("the service is starting");
    STARTED.wait();
    println!("it has started");
    let is_prime = |number| {
        let (answer, answered) = mpsc::channel();
        service.send((number, answer)).expect("the service listens");
        answered.recv().expect("the service answers")
    };
    let primes: Vec<_> = (9_900..10_000).filter(|&n| is_prime(n)).collect();
    println!("primes from 9900 on: {primes:?}");
    drop(service);
    let answers = thread.join().expect("the service ends by itself");
    println!("it has answered {answers} times");
    ExitCode::from(u8::from(answers != 100))
}
