//! What the clients ask for: the same in every run.
//!
//! Each worker changes keys of its own, which lie in all shards, so whatever the order in which
//! the workers run, the store is the same in the end.

use std::io;

use super::Settings;
use super::flavour::thread;

/// What was asked for, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) put: usize,
    pub(crate) deleted: usize,
    pub(crate) swapped: usize,
    pub(crate) read: usize,
    /// Of those read, the keys that were there.
    pub(crate) found: usize,
    /// Keys in the end.
    pub(crate) keys: usize,
    /// How often the log was compacted. This one depends on who is when.
    pub(crate) compactions: usize,
    /// Whether the log gives the store again.
    pub(crate) recovered: bool,
}

/// Has all workers send their requests by `ask`.
pub(super) fn run(
    settings: &Settings,
    ask: impl Fn(&str) -> io::Result<String> + Sync,
) -> io::Result<Summary> {
    let ask = &ask;
    thread::scope(|scope| {
        let work = |number| scope.spawn(move || work(number, settings, ask));
        let workers: Vec<_> = (0..settings.workers).map(work).collect();
        let mut sum = Summary::default();
        for worker in workers {
            let part = worker.join().expect("no worker panics")?;
            sum.put += part.put;
            sum.deleted += part.deleted;
            sum.swapped += part.swapped;
            sum.read += part.read;
            sum.found += part.found;
        }
        Ok(sum)
    })
}

fn work(
    number: usize,
    settings: &Settings,
    ask: &(impl Fn(&str) -> io::Result<String> + Sync),
) -> io::Result<Summary> {
    let mut random = Random(number as u64 + 1);
    let mut sum = Summary::default();
    for _ in 0..settings.requests {
        let mut key = || format!("w{number}-{}", random.below(settings.keys));
        let (key, other) = (key(), key());
        let count = match random.below(20) {
            0..8 => {
                let value = value(&mut random, settings.value);
                ask(&format!("PUT {key} {value}"))?;
                &mut sum.put
            }
            8..9 => {
                ask(&format!("DEL {key}"))?;
                &mut sum.deleted
            }
            9..11 => {
                ask(&format!("SWAP {key} {other}"))?;
                &mut sum.swapped
            }
            _ => {
                let answer = ask(&format!("GET {key}"))?;
                sum.found += usize::from(answer.starts_with("VALUE "));
                &mut sum.read
            }
        };
        *count += 1;
    }
    Ok(sum)
}

fn value(random: &mut Random, length: usize) -> String {
    let letter = |_| char::from(b'a' + random.below(26) as u8);
    let word: String = (0..16).map(letter).collect();
    word.chars().cycle().take(length.max(1)).collect()
}

/// A xorshift generator: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % bound
    }
}
