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
    /// Nothing came before.
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Whether nothing came before.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes in a segment, and all that came before it.
    pub(crate) fn take_in(&mut self, segment: &Segment) {
        self.join(&segment.past);
        self.advance(segment.thread, segment.number);
    }

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
        // A few into many: a look-up for each is quicker than a merge, which writes all anew. New
        // threads have the highest numbers, so they are added at the end.
        if other.entries.len() < self.entries.len() / 8 {
            for &(thread, segment) in &other.entries {
                self.advance(thread, segment);
            }
            return;
        }
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
    /// What other threads did before this segment began.
    past: Arc<VectorClock>,
}

impl Segment {
    /// The first segment of a thread.
    pub(crate) fn first(thread: ThreadId) -> Self {
        Self {
            thread,
            number: 1,
            past: Arc::default(),
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

    /// Goes on to the next segment: something was handed to another thread just now, and what
    /// comes after it is not part of that.
    pub(crate) fn advance(&mut self) {
        self.number += 1;
    }

    /// Goes on to the next segment, which comes after all of `other`.
    pub(crate) fn learn(&mut self, other: &Segment) {
        self.number += 1;
        if other.thread == self.thread || self.past.get(other.thread) >= other.number {
            return;
        }
        Arc::make_mut(&mut self.past).take_in(other);
    }

    /// Goes on to the next segment, which comes after all that `clock` names.
    pub(crate) fn learn_all(&mut self, clock: &VectorClock) {
        self.number += 1;
        let past = Arc::make_mut(&mut self.past);
        past.join(clock);
    }

    /// Whether all of this segment comes before all of `other`.
    pub(crate) fn before(&self, other: &Segment) -> bool {
        if self.thread == other.thread {
            return self.number < other.number;
        }
        other.past.get(self.thread) >= self.number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(thread: u64) -> Segment {
        Segment::first(ThreadId::new(thread))
    }

    #[test]
    fn threads_that_never_met_are_not_ordered() {
        let (a, b) = (first(1), first(2));
        assert!(!a.before(&b) && !b.before(&a));
    }

    #[test]
    fn what_came_before_a_hand_over_is_before_what_comes_after_it() {
        let (mut a, mut b) = (first(1), first(2));
        let (handed, b_then) = (a.clone(), b.clone());
        a.advance();
        b.learn(&handed);
        assert!(handed.before(&b));
        assert!(!a.before(&b) && !b.before(&a));
        assert!(!handed.before(&b_then));
        assert!(b_then.before(&b) && handed.before(&a));
    }

    #[test]
    fn order_passes_through_a_third_thread() {
        let (a, mut b, mut c) = (first(1), first(2), first(3));
        b.learn(&a);
        c.learn(&b);
        assert!(a.before(&c) && b.before(&c));
        assert!(!c.before(&a));
    }

    #[test]
    fn learning_the_same_again_changes_nothing_but_the_segment() {
        let (a, mut b) = (first(1), first(2));
        b.learn(&a);
        let past = Arc::clone(&b.past);
        b.learn(&a);
        assert!(Arc::ptr_eq(&past, &b.past));
        assert_eq!(b.number(), 3);
    }

    #[test]
    fn what_comes_after_a_gathering_comes_after_all_that_was_gathered() {
        let (mut early, mut gathered) = (first(1), VectorClock::new());
        let others: Vec<Segment> = (2..40).map(first).collect();
        for other in &others {
            gathered.take_in(other);
        }
        // One of them is known already, which must not hide the others.
        early.learn(&others[0]);
        early.learn_all(&gathered);
        assert!(others.iter().all(|other| other.before(&early)));
        assert!(!first(40).before(&early));
    }

    #[test]
    fn few_and_many_are_joined_alike() {
        let clock = |threads: &[(u64, u32)]| {
            let mut clock = VectorClock::new();
            for &(thread, segment) in threads {
                clock.advance(ThreadId::new(thread), segment);
            }
            clock
        };
        let many: Vec<(u64, u32)> = (1..100).map(|n| (n * 2, 5)).collect();
        let few = [(7, 1), (8, 9), (10, 2)];
        let (mut into_many, mut into_few) = (clock(&many), clock(&few));
        into_many.join(&clock(&few));
        into_few.join(&clock(&many));
        assert_eq!(into_many, into_few);
        assert_eq!(into_many.get(ThreadId::new(8)), 9);
        assert_eq!(into_many.get(ThreadId::new(10)), 5);
        assert_eq!(into_many.get(ThreadId::new(7)), 1);
    }
}
