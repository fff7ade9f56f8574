//! Order between threads: vector clocks that advance at spawn, join and hand-over.

use std::sync::Arc;

use crate::engine::ids::ThreadId;

/// Stands for all segments of a thread: it has ended.
const ALL: u64 = u64::MAX;

/// How many spans a clock has at most: 24 KiB of them.
const LIMIT: usize = 1024;

/// Threads of which the same is known: one of which some segments are, or a run of threads, by
/// number, that have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: u64,
    last: u64,
    segment: u64,
}

impl Span {
    fn of(thread: ThreadId, segment: u64) -> Self {
        Self {
            first: thread.get(),
            last: thread.get(),
            segment,
        }
    }

    /// Joins `next`, which does not start before this one, to this one; `false` if they are to
    /// stand side by side.
    fn absorb(&mut self, next: Span) -> bool {
        if next.first == self.first && next.segment > self.segment {
            // One thread that has ended or gone on; `next` cannot be the shorter run.
            *self = next;
            return true;
        }
        if next.first <= self.last {
            self.last = self.last.max(next.last);
            return true;
        }
        if self.segment == ALL && next.segment == ALL && next.first == self.last + 1 {
            self.last = next.last;
            return true;
        }
        false
    }
}

/// For each thread known to have acted before this point, the number of its last segment that
/// did.
///
/// Sorted by thread, so that a join is a merge. Threads that have ended stand together in runs:
/// a program that starts and joins threads for ever has a clock as long as the number of those
/// that were never joined.
///
/// Those are forgotten when they are too many, first the ones that ended first: they then count as
/// concurrent, which may make a false alarm and never a miss.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VectorClock {
    spans: Vec<Span>,
    /// Whether something was forgotten.
    is_cut: bool,
}

impl VectorClock {
    /// Nothing came before.
    pub(crate) const fn new() -> Self {
        Self {
            spans: Vec::new(),
            is_cut: false,
        }
    }

    /// Whether something that came before was forgotten, here or in what it learnt from.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Forgets what is too much.
    fn cut(&mut self) {
        while self.spans.len() > LIMIT {
            self.is_cut = true;
            let spans = self.spans.iter().enumerate();
            // What ended long ago is met again least; threads that go on may be any moment.
            let oldest = spans.min_by_key(|(_, span)| (span.segment != ALL, span.last));
            if let Some((at, _)) = oldest {
                self.spans.remove(at);
            }
        }
    }

    /// Whether nothing came before.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Takes in a segment, and all that came before it.
    pub(crate) fn merge_segment(&mut self, segment: &Segment) {
        // Who knows of a segment knows of all that came before it: the common case, of a thread that
        // comes here again and again and has learnt nothing in between.
        if self.get(segment.thread) >= segment.number {
            return;
        }
        self.join(&segment.past);
        self.advance(segment.thread, segment.number);
    }

    /// The last segment of `thread` that is ordered before this point, zero for none.
    pub(crate) fn get(&self, thread: ThreadId) -> u64 {
        let at = self.spans.partition_point(|span| span.last < thread.get());
        match self.spans.get(at) {
            Some(span) if span.first <= thread.get() => span.segment,
            _ => 0,
        }
    }

    /// Records that `thread` has acted up to and including `segment`.
    pub(crate) fn advance(&mut self, thread: ThreadId, segment: u64) {
        if self.get(thread) >= segment {
            return;
        }
        let new = Span::of(thread, segment);
        let at = self.spans.partition_point(|span| span.first < new.first);
        match self.spans.get_mut(at) {
            Some(span) if span.first == new.first => *span = new,
            _ => self.spans.insert(at, new),
        }
        // It may have become the link between its neighbours.
        for left in [at, at.wrapping_sub(1)] {
            if let Some(&right) = self.spans.get(left.wrapping_add(1))
                && let Some(span) = self.spans.get_mut(left)
                && span.absorb(right)
            {
                self.spans.remove(left + 1);
            }
        }
        self.cut();
    }

    /// Takes in all that `other` knows.
    pub(crate) fn join(&mut self, other: &VectorClock) {
        let mut merged: Vec<Span> = Vec::with_capacity(self.spans.len().max(other.spans.len()));
        let (mut a, mut b) = (&self.spans[..], &other.spans[..]);
        loop {
            let next = match (a, b) {
                ([x, rest @ ..], [y, ..]) if x.first <= y.first => {
                    a = rest;
                    *x
                }
                (_, [y, rest @ ..]) => {
                    b = rest;
                    *y
                }
                ([x, rest @ ..], []) => {
                    a = rest;
                    *x
                }
                ([], []) => break,
            };
            if !merged.last_mut().is_some_and(|last| last.absorb(next)) {
                merged.push(next);
            } else if let [.., before, last] = &mut merged[..] {
                // A thread that has turned out to be ended may join the run before it.
                let last = *last;
                if before.absorb(last) {
                    merged.pop();
                }
            }
        }
        self.spans = merged;
        self.is_cut |= other.is_cut;
        self.cut();
    }
}

/// A stretch of one thread's life between two points of the spawn/join order.
///
/// Cheap to clone; the same stretch shares one clock.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    thread: ThreadId,
    number: u64,
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
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Goes on to the next segment: something was handed to another thread just now, and what
    /// comes after it is not part of that.
    pub(crate) fn advance(&mut self) {
        self.number += 1;
    }

    /// The segment up to whose end all is past, while nothing has been seen in this one.
    pub(in crate::engine) fn previous(&self) -> Self {
        Self {
            number: self.number - 1,
            ..self.clone()
        }
    }

    /// Whether something that came before was forgotten.
    pub(in crate::engine) fn is_cut(&self) -> bool {
        self.past.is_cut()
    }

    /// All that the thread ever does, for whoever goes on after its end.
    pub(crate) fn whole(&self) -> Self {
        Self {
            number: ALL,
            ..self.clone()
        }
    }

    /// Whether this segment comes after all of `other` already.
    #[inline]
    pub(in crate::engine) fn knows(&self, other: &Segment) -> bool {
        other.thread == self.thread || self.past.get(other.thread) >= other.number
    }

    /// Goes on to the next segment, which comes after all of `other`; `false` if this one does so
    /// already, and is gone on with.
    pub(crate) fn learn(&mut self, other: &Segment) -> bool {
        if self.knows(other) {
            return false;
        }
        self.number += 1;
        Arc::make_mut(&mut self.past).merge_segment(other);
        true
    }

    /// Goes on to the next segment, which comes after all that `clock` names; `false` if this one
    /// does so already, and is gone on with.
    pub(crate) fn learn_all(&mut self, clock: &VectorClock) -> bool {
        let mut joined = VectorClock::clone(&self.past);
        joined.join(clock);
        if joined == *self.past {
            return false;
        }
        self.number += 1;
        self.past = Arc::new(joined);
        true
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
    fn learning_the_same_again_changes_nothing() {
        let (a, mut b) = (first(1), first(2));
        assert!(b.learn(&a));
        let past = Arc::clone(&b.past);
        assert!(!b.learn(&a));
        assert!(Arc::ptr_eq(&past, &b.past));
        assert_eq!(b.number(), 2);
    }

    #[test]
    fn what_comes_after_a_gathering_comes_after_all_that_was_gathered() {
        let (mut early, mut gathered) = (first(1), VectorClock::new());
        let others: Vec<Segment> = (2..40).map(first).collect();
        for other in &others {
            gathered.merge_segment(other);
        }
        // One of them is known already, which must not hide the others.
        early.learn(&others[0]);
        early.learn_all(&gathered);
        assert!(others.iter().all(|other| other.before(&early)));
        assert!(!first(40).before(&early));
    }

    #[test]
    fn threads_that_have_ended_take_no_room() {
        let mut clock = VectorClock::new();
        for number in (1..=1000).step_by(2).chain((2..=1000).step_by(2)) {
            clock.merge_segment(&first(number).whole());
        }
        assert_eq!(clock.spans.len(), 1);
        assert_eq!(clock.get(ThreadId::new(1000)), ALL);
        assert_eq!(clock.get(ThreadId::new(1001)), 0);
    }

    #[test]
    fn a_clock_forgets_those_that_ended_first() {
        let mut clock = VectorClock::new();
        clock.advance(ThreadId::new(1), 1);
        // Not one after the other, so that they make no run.
        for number in (3..).step_by(2).take(LIMIT) {
            assert!(!clock.is_cut());
            clock.advance(ThreadId::new(number), ALL);
        }
        assert!(clock.is_cut());
        assert_eq!(clock.spans.len(), LIMIT);
        assert_eq!(clock.get(ThreadId::new(1)), 1, "it goes on");
        assert_eq!(clock.get(ThreadId::new(3)), 0);
        assert_eq!(clock.get(ThreadId::new(5)), ALL);
        let mut other = VectorClock::new();
        other.join(&clock);
        assert!(other.is_cut());
    }

    /// Clocks of random segments, joined and advanced, against a plain map.
    #[test]
    fn clocks_are_those_of_a_naive_model() {
        use std::collections::BTreeMap;
        let mut seed = 0x5eed_u64;
        let mut random = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        for _ in 0..2000 {
            let mut made: Vec<(VectorClock, BTreeMap<u64, u64>)> = vec![Default::default(); 3];
            for _ in 0..30 {
                let (at, from) = (random(3) as usize, random(3) as usize);
                if random(4) == 0 {
                    let (clock, model) = made[from].clone();
                    made[at].0.join(&clock);
                    for (thread, segment) in model {
                        let known = made[at].1.entry(thread).or_default();
                        *known = segment.max(*known);
                    }
                } else {
                    let thread = 1 + random(12);
                    let segment = [1, 2, ALL, ALL][random(4) as usize];
                    made[at].0.advance(ThreadId::new(thread), segment);
                    let known = made[at].1.entry(thread).or_default();
                    *known = segment.max(*known);
                }
                let (clock, model) = &made[at];
                for thread in 0..15 {
                    let expected = model.get(&thread).copied().unwrap_or(0);
                    assert_eq!(clock.get(ThreadId::new(thread)), expected, "{clock:?}");
                }
                let spans = &clock.spans;
                assert!(spans.iter().all(|s| s.first == s.last || s.segment == ALL));
                assert!(
                    spans.windows(2).all(|pair| pair[0].last < pair[1].first
                        && (pair[0].last + 1 < pair[1].first
                            || pair[0].segment != ALL
                            || pair[1].segment != ALL)),
                    "{clock:?}"
                );
            }
        }
    }
}
