//! Order between threads: vector clocks that advance at spawn, join and hand-over.

use std::sync::Arc;

use super::ids::ThreadId;

/// For each thread known to have acted before this point, the number of its last segment that
/// did. Sorted by thread, so that a join is a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VectorClock {
    entries: Vec<(ThreadId, u32)>,
}

impl VectorClock {
    /// The last segment of `thread` that is ordered before this point, zero for none.
    pub(crate) fn get(&self, thread: ThreadId) -> u32 {
        match self.entries.binary_search_by_key(&thread, |entry| entry.0) {
            Ok(at) => self.entries[at].1,
            Err(_) => 0,
        }
    }

    /// Records that `thread` has acted up to and including `segment`.
    pub(crate) fn advance(&mut self, thread: ThreadId, segment: u32) {
        match self.entries.binary_search_by_key(&thread, |entry| entry.0) {
            Ok(at) => self.entries[at].1 = self.entries[at].1.max(segment),
            Err(at) => self.entries.insert(at, (thread, segment)),
        }
    }

    /// Takes in all that `other` knows.
    pub(crate) fn join(&mut self, other: &VectorClock) {
        let mut merged = Vec::with_capacity(self.entries.len().max(other.entries.len()));
        let (mut a, mut b) = (
            self.entries.iter().peekable(),
            other.entries.iter().peekable(),
        );
        loop {
            match (a.peek(), b.peek()) {
                (Some(x), Some(y)) if x.0 == y.0 => {
                    merged.push((x.0, x.1.max(y.1)));
                    a.next();
                    b.next();
                }
                (Some(x), Some(y)) if x.0 < y.0 => {
                    merged.push(**x);
                    a.next();
                }
                (_, Some(y)) => {
                    merged.push(**y);
                    b.next();
                }
                (Some(x), None) => {
                    merged.push(**x);
                    a.next();
                }
                (None, None) => break,
            }
        }
        self.entries = merged;
    }
}

/// A stretch of one thread's life between two points of the spawn/join order.
///
/// Cheap to clone; the same stretch shares one clock.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    thread: ThreadId,
    number: u32,
    /// What happened before this segment began, this thread's own past included.
    past: Arc<VectorClock>,
}

impl Segment {
    /// The first segment of a thread that began after `past`.
    pub(crate) fn first(thread: ThreadId, past: &VectorClock) -> Self {
        Self {
            thread,
            number: 1,
            past: Arc::new(past.clone()),
        }
    }

    /// The thread whose segment this is.
    pub(crate) fn thread(&self) -> ThreadId {
        self.thread
    }

    /// The number of the segment in its thread, from 1.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// The segment that follows this one when the thread has learnt of `news`, or has made
    /// something known (`news` empty).
    pub(crate) fn next(&self, news: &VectorClock) -> Self {
        let mut past = self.here();
        past.join(news);
        Self {
            thread: self.thread,
            number: self.number + 1,
            past: Arc::new(past),
        }
    }

    /// All that has happened up to now, this segment included: what a spawn or a message hands on.
    pub(crate) fn here(&self) -> VectorClock {
        let mut here = (*self.past).clone();
        here.advance(self.thread, self.number);
        here
    }

    /// Whether all of this segment comes before all of `other`.
    pub(crate) fn before(&self, other: &Segment) -> bool {
        if self.thread == other.thread {
            return self.number < other.number;
        }
        other.past.get(self.thread) >= self.number
    }
}
