//! Vector clocks: the happens-before order that spawn, join and hand-over give. The vector clock of a thread
//! has, for each thread, the last epoch that is ordered before the present.

use std::sync::Arc;

use crate::engine::ids::ThreadId;

/// Stands for all segments of a thread that has ended.
const ALL: u64 = u64::MAX;

/// The most spans of one clock: 24 KiB of them.
const LIMIT: usize = 1024;

/// The spans that a full clock drops at once, so that not each new one costs a look at all of them; and those at either
/// end that stay.
const PART: usize = LIMIT / 8;

/// Threads with the same entry: one thread up to a segment, or a run of consecutive thread numbers that have
/// all ended.
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

    /// Merges `next`, which does not start before this span, into this span; returns `false` if the two must
    /// stay separate.
    fn absorb(&mut self, next: Span) -> bool {
        if next.first == self.first && next.segment > self.segment {
            // The span of a single thread that has ended or advanced; `next` cannot be the shorter run.
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

/// For each thread that acted before a point, the number of its last segment that did.
///
/// Sorted by thread, so that a join is a merge. Threads that have ended form runs: in a program that starts
/// and joins threads without end, a clock is as long as the number of threads that were never joined.
///
/// A full clock drops entries, first those of the threads that ended first. A dropped thread counts as concurrent,
/// which can cause a false alarm and never a miss.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct VectorClock {
    spans: Vec<Span>,
    /// Whether an entry was dropped.
    is_cut: bool,
}

impl VectorClock {
    /// Returns the clock of a point before which nothing happened.
    pub(crate) const fn new() -> Self {
        Self {
            spans: Vec::new(),
            is_cut: false,
        }
    }

    /// Returns whether an entry was dropped, in this clock or in one that was joined into it.
    pub(crate) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Drops entries of a full clock.
    ///
    /// The last threads stay, since they were joined or heard of just now. Of the others, a thread that ended long ago is
    /// the least likely to be compared again. If that is not enough, threads go that look as if they ran: most have
    /// ended and were never joined, but the first ones of a process often run as long as the process.
    fn cut(&mut self) {
        if self.spans.len() < LIMIT {
            return;
        }
        self.is_cut = true;
        let mut excess = self.spans.len() - (LIMIT - PART);
        for (ended, first) in [(true, 0), (false, PART)] {
            let last = self.spans.len() - PART;
            let mut at = 0;
            self.spans.retain(|span| {
                let is_candidate = (first..last).contains(&at) && (span.segment == ALL) == ended;
                let is_kept = excess == 0 || !is_candidate;
                at += 1;
                excess -= usize::from(!is_kept);
                is_kept
            });
        }
    }

    /// Returns whether nothing happened before this point.
    pub(crate) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Adds a segment, and everything that is ordered before it.
    pub(crate) fn merge_segment(&mut self, segment: &Segment) {
        // A clock that contains a segment contains that segment's past, too. This is the common case: a
        // thread that comes here repeatedly without a new clock in between.
        if self.get(segment.thread) >= segment.number {
            return;
        }
        self.join(&segment.past);
        self.advance(segment.thread, segment.number);
    }

    /// Returns the last segment of `thread` that is ordered before this point, zero for none.
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
        // Before the new span is there, which so stays.
        self.cut();
        let new = Span::of(thread, segment);
        let at = self.spans.partition_point(|span| span.first < new.first);
        match self.spans.get_mut(at) {
            Some(span) if span.first == new.first => *span = new,
            _ => self.spans.insert(at, new),
        }
        // The span may now connect its neighbours.
        for left in [at, at.wrapping_sub(1)] {
            if let Some(&right) = self.spans.get(left.wrapping_add(1))
                && let Some(span) = self.spans.get_mut(left)
                && span.absorb(right)
            {
                self.spans.remove(left + 1);
            }
        }
    }

    /// Joins `other` into this clock.
    pub(crate) fn join(&mut self, other: &VectorClock) {
        let mut merged: Vec<Span> = Vec::with_capacity(self.spans.len().max(other.spans.len()));
        let (mut a, mut b) = (&self.spans[..], &other.spans[..]);
        loop {
            let equal = equal_heads(a, b);
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
                if let Some(more) = equal.checked_sub(1) {
                    // What follows in both clocks alike cannot be absorbed either: most clocks differ in a few threads.
                    merged.extend_from_slice(&a[..more]);
                    (a, b) = (&a[more..], &b[equal..]);
                }
            } else if let [.., before, last] = &mut merged[..] {
                // A thread that has ended since may join the run before it.
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

/// Returns the number of spans with which both lists begin.
fn equal_heads(a: &[Span], b: &[Span]) -> usize {
    let most = a.len().min(b.len());
    let mut equal = 0;
    while equal < most && a[equal] == b[equal] {
        equal += 1;
    }
    equal
}

/// A stretch of one thread between two events of the happens-before order.
///
/// Cheap to clone: all clones share one clock.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    thread: ThreadId,
    number: u64,
    /// The segments of other threads that are ordered before the start of this one.
    past: Arc<VectorClock>,
}

impl Segment {
    /// Returns the first segment of a thread.
    pub(crate) fn first(thread: ThreadId) -> Self {
        Self {
            thread,
            number: 1,
            past: Arc::default(),
        }
    }

    /// Returns the thread of this segment.
    pub(crate) fn thread(&self) -> ThreadId {
        self.thread
    }

    /// Returns the number of the segment in its thread, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Advances to the next segment, since the clock was just released to another thread: what follows is not
    /// part of what was released.
    pub(crate) fn advance(&mut self) {
        self.number += 1;
    }

    /// Returns the segment up to whose end everything is past while nothing has been recorded in this one.
    pub(in crate::engine) fn previous(&self) -> Self {
        Self {
            number: self.number - 1,
            ..self.clone()
        }
    }

    /// Returns whether an entry of the past was dropped.
    pub(in crate::engine) fn is_cut(&self) -> bool {
        self.past.is_cut()
    }

    /// Returns everything that the thread ever does, for a thread that continues after its end.
    pub(crate) fn whole(&self) -> Self {
        Self {
            number: ALL,
            ..self.clone()
        }
    }

    /// Returns whether this segment is already ordered after all of `other`.
    #[inline]
    pub(in crate::engine) fn includes(&self, other: &Segment) -> bool {
        other.thread == self.thread || self.past.get(other.thread) >= other.number
    }

    /// Advances to the next segment, ordered after all of `other`; stays in this one and returns `false` if
    /// that is so already.
    pub(crate) fn learn(&mut self, other: &Segment) -> bool {
        if self.includes(other) {
            return false;
        }
        self.number += 1;
        if self.past.is_empty() {
            // A thread that has just been spawned: a copy costs less than a merge.
            self.past = Arc::clone(&other.past);
            Arc::make_mut(&mut self.past).advance(other.thread, other.number);
        } else {
            Arc::make_mut(&mut self.past).merge_segment(other);
        }
        true
    }

    /// Advances to the next segment, ordered after everything in `clock`; stays in this one and returns
    /// `false` if that is so already.
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

    /// Returns whether all of this segment is ordered before all of `other`.
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
    use crate::engine::random::Random;

    fn first(thread: u64) -> Segment {
        Segment::first(ThreadId::new(thread))
    }

    #[test]
    fn acquiring_the_same_clock_again_changes_nothing() {
        let (a, mut b) = (first(1), first(2));
        assert!(b.learn(&a));
        let past = Arc::clone(&b.past);
        assert!(!b.learn(&a));
        assert!(Arc::ptr_eq(&past, &b.past));
        assert_eq!(b.number(), 2);
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
    fn a_join_of_two_full_clocks_keeps_the_threads_that_came_first_and_last() {
        let of = |from: u64| {
            let mut clock = VectorClock::new();
            for thread in (from..).step_by(4).take(LIMIT - 1) {
                clock.advance(ThreadId::new(thread), 1);
            }
            clock
        };
        let mut clock = of(1);
        clock.join(&of(3));
        assert!(clock.is_cut() && clock.spans.len() == LIMIT - PART);
        for (at, kept) in [(0, 1), (PART - 1, 1), (PART, 0), (2 * LIMIT - 3, 1)] {
            assert_eq!(clock.get(ThreadId::new(2 * at as u64 + 1)), kept, "{at}");
        }
    }

    #[test]
    fn a_full_clock_drops_the_threads_that_ended_first() {
        let mut clock = VectorClock::new();
        clock.advance(ThreadId::new(1), 1);
        // Every second thread number, so that the threads form no run.
        for number in (3..).step_by(2).take(LIMIT) {
            assert!(!clock.is_cut());
            clock.advance(ThreadId::new(number), ALL);
        }
        assert!(clock.is_cut());
        assert_eq!(clock.spans.len(), LIMIT - PART + 1);
        assert_eq!(clock.get(ThreadId::new(1)), 1, "it goes on");
        let oldest = 3 + 2 * PART as u64;
        assert_eq!(clock.get(ThreadId::new(oldest - 2)), 0);
        assert_eq!(clock.get(ThreadId::new(oldest)), ALL);
        let mut other = VectorClock::new();
        other.join(&clock);
        assert!(other.is_cut());
    }

    #[test]
    fn a_clock_full_of_threads_that_were_never_joined_keeps_those_that_are() {
        let mut clock = VectorClock::new();
        for number in 1..=LIMIT as u64 {
            clock.advance(ThreadId::new(number), 1);
        }
        for number in (2000..3000).step_by(2) {
            clock.advance(ThreadId::new(number), ALL);
            assert_eq!(clock.get(ThreadId::new(number)), ALL);
            // A thread of the middle is in it after its own advance, too.
            clock.advance(ThreadId::new(500), number);
            assert_eq!(clock.get(ThreadId::new(500)), number);
        }
        assert!(clock.is_cut() && clock.spans.len() <= LIMIT);
        assert_eq!(
            clock.get(ThreadId::new(1)),
            1,
            "the first thread of the process"
        );
        assert_eq!(clock.get(ThreadId::new(200)), 0);
    }

    #[test]
    fn a_clock_of_many_threads_keeps_the_first_ones_of_the_process() {
        let mut clock = VectorClock::new();
        clock.advance(ThreadId::new(1), 5);
        // The threads of a server, of which every eighth is joined.
        for number in 2..4000 {
            let segment = if number % 8 == 0 { ALL } else { 1 };
            clock.advance(ThreadId::new(number), segment);
            assert_eq!(clock.get(ThreadId::new(1)), 5);
        }
        assert!(clock.is_cut());
    }

    /// Compares clocks of random segments, joined and advanced, with a plain map.
    #[test]
    fn clocks_are_those_of_a_naive_model() {
        use std::collections::BTreeMap;
        let mut random = Random::new(0x5eed);
        for _ in 0..2000 {
            let mut made: Vec<(VectorClock, BTreeMap<u64, u64>)> = vec![Default::default(); 3];
            for _ in 0..30 {
                let (at, from) = (random.below(3), random.below(3));
                if random.one_in(4) {
                    let (clock, model) = made[from].clone();
                    made[at].0.join(&clock);
                    for (thread, segment) in model {
                        let known = made[at].1.entry(thread).or_default();
                        *known = segment.max(*known);
                    }
                } else {
                    let thread = 1 + random.below(12) as u64;
                    let segment = [1, 2, ALL, ALL][random.below(4)];
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
