//! What a request does.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::compactor::Orders;
use super::flavour::Mutex;
use super::log::{self, Log, Ticket};
use super::protocol::{Answer, Request};
use super::store::{Shard, Store};

/// Bytes by which the log may grow before it is compacted.
const GROWTH: usize = 64 * 1024;

/// The store with its log.
pub(super) struct Service<'a> {
    store: Store,
    log: Log,
    orders: &'a Orders,
    /// The size of the log from which on the compactor is called.
    limit: AtomicUsize,
    counters: Mutex<Counters>,
}

#[derive(Default)]
struct Counters {
    answered: usize,
    refused: usize,
}

impl<'a> Service<'a> {
    pub(super) fn open(orders: &'a Orders) -> io::Result<Self> {
        Ok(Self {
            store: Store::new(),
            log: Log::create()?,
            orders,
            limit: AtomicUsize::new(GROWTH),
            counters: Mutex::new(Counters::default()),
        })
    }

    /// Answers one line with another.
    pub(super) fn answer(&self, line: &str) -> String {
        let answer = match Request::parse(line) {
            Some(request) => self.handle(&request).unwrap_or_else(Answer::Failed),
            None => Answer::Refused,
        };
        let mut counters = self.counters.lock();
        match answer {
            Answer::Failed(_) | Answer::Refused => counters.refused += 1,
            _ => counters.answered += 1,
        }
        drop(counters);
        answer.to_string()
    }

    fn handle(&self, request: &Request<'_>) -> io::Result<Answer> {
        match *request {
            Request::Get(key) => Ok(match self.store.get(key) {
                Some(value) => Answer::Value(value),
                None => Answer::Missing,
            }),
            Request::Put(key, value) => {
                let ticket = self.store.change(key, |shard| {
                    shard.insert(key.to_owned(), value.to_owned());
                    self.log.append(&[(key, Some(value))])
                });
                self.commit(ticket)
            }
            Request::Delete(key) => {
                let ticket = self.store.change(key, |shard| {
                    let was_there = shard.remove(key).is_some();
                    was_there.then(|| self.log.append(&[(key, None)]))
                });
                ticket.map_or(Ok(Answer::Missing), |ticket| self.commit(ticket))
            }
            Request::Swap(one, two) => {
                let ticket = self.store.swap([one, two], |values| {
                    self.log
                        .append(&values.map(|(key, value)| (key, Some(value))))
                });
                ticket.map_or(Ok(Answer::Missing), |ticket| self.commit(ticket))
            }
        }
    }

    fn commit(&self, ticket: Ticket) -> io::Result<Answer> {
        // Relaxed: a size to aim at, nothing hangs on it.
        if self.log.commit(ticket)? > self.limit.load(Ordering::Relaxed) {
            self.orders.compact();
        }
        Ok(Answer::Done)
    }

    /// Rewrites the log with the keys that there are.
    pub(super) fn compact(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        let shards = self.store.freeze();
        for (key, value) in shards.iter().flat_map(|shard| shard.iter()) {
            log::encode(&mut entries, (key, Some(value)));
        }
        let turn = self.log.take_turn();
        // Whatever changes from here on is appended, and written after the turn is over.
        drop(shards);
        self.limit.store(entries.len() + GROWTH, Ordering::Relaxed);
        self.log.rewrite(turn, &entries)
    }

    /// The number of keys.
    pub(super) fn len(&self) -> usize {
        self.store.len()
    }

    /// Whether the log has the keys of the store with their values, and every request was
    /// answered.
    pub(super) fn agrees_with_log(&self) -> io::Result<bool> {
        let mut all = Shard::new();
        for shard in self.store.freeze() {
            all.extend(
                shard
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        }
        let counters = self.counters.lock();
        Ok(all == self.log.replay()? && counters.refused == 0 && counters.answered > 0)
    }
}
