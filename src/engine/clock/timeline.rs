//! The timeline of one thread: its current segment, and whether an acquisition was recorded in it.
//!
//! A thread that sends messages releases its clock once per message. A new segment at each release would make
//! every nested acquisition of the thread a new context, and each would be checked anew. But a segment
//! matters only for the acquisitions recorded in it: a thread without a recorded acquisition in its current
//! segment stays in that segment when it releases its clock, and publishes everything up to the segment
//! before. Likewise, a thread that acquires a clock it already covers stays in its segment.

use crate::engine::clock::vector_clock::{Segment, VectorClock};
use crate::engine::ids::ThreadId;

/// The current segment of a thread, and whether an acquisition was recorded in it.
///
/// A segment number determines its vector clock, since acquiring a clock that adds anything begins a new
/// segment. So two segments of one thread with the same number have the same past.
#[derive(Debug)]
pub(crate) struct Timeline {
    now: Segment,
    seen: bool,
}

impl Timeline {
    /// Returns the timeline of a thread that begins.
    pub(crate) fn new(thread: ThreadId) -> Self {
        Self {
            now: Segment::first(thread),
            seen: false,
        }
    }

    pub(crate) fn thread(&self) -> ThreadId {
        self.now.thread()
    }

    /// Returns the number of the current segment.
    pub(crate) fn number(&self) -> u64 {
        self.now.number()
    }

    /// Returns whether part of the past was dropped because the clock reached its size limit.
    pub(crate) fn is_cut(&self) -> bool {
        self.now.is_cut()
    }

    /// Returns the current segment and marks it as one in which an acquisition was recorded.
    pub(crate) fn see(&mut self) -> Segment {
        self.seen = true;
        self.now.clone()
    }

    /// Releases the clock: returns everything that has happened so far, and keeps later acquisitions out of
    /// it.
    pub(crate) fn hand_over(&mut self) -> Segment {
        if !self.seen {
            return self.now.previous();
        }
        let here = self.now.clone();
        self.now.advance();
        self.seen = false;
        here
    }

    /// Returns whether `point` covers exactly what has happened so far: it is what the last
    /// [`hand_over`](Self::hand_over) returned, and nothing was recorded or acquired since.
    #[inline]
    pub(crate) fn is_at(&self, point: &Segment) -> bool {
        !self.seen && point.number() + 1 == self.now.number()
    }

    /// Returns whether everything from here on is already ordered after all of `other`.
    #[inline]
    pub(crate) fn includes(&self, other: &Segment) -> bool {
        self.now.includes(other)
    }

    /// Orders everything from here on after all of `other`.
    pub(crate) fn learn(&mut self, other: &Segment) {
        if self.now.learn(other) {
            self.seen = false;
        }
    }

    /// Orders everything from here on after all segments in `clock`.
    pub(crate) fn learn_all(&mut self, clock: &VectorClock) {
        if self.now.learn_all(clock) {
            self.seen = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::random::Random;

    fn new(thread: u64) -> Timeline {
        Timeline::new(ThreadId::new(thread))
    }

    #[test]
    fn a_thread_without_recorded_acquisitions_stays_in_its_segment() {
        let (mut a, mut b) = (new(1), new(2));
        let first = a.see();
        b.learn(&a.hand_over());
        let number = a.number();
        for _ in 0..3 {
            let acquired = b.number();
            b.learn(&a.hand_over());
            assert_eq!((a.number(), b.number()), (number, acquired));
        }
        let late = a.see();
        let there = b.see();
        assert!(first.before(&there));
        assert!(!late.before(&there));
    }

    /// Compares random threads that record acquisitions and release clocks with a model that keeps sets of
    /// acquisitions.
    #[test]
    fn order_is_that_of_a_naive_model() {
        use std::collections::HashSet;
        let mut random = Random::new(0x5eed);
        for _ in 0..500 {
            let mut threads: Vec<(Timeline, HashSet<usize>)> =
                (1..5).map(|n| (new(n), HashSet::new())).collect();
            let mut seen: Vec<(usize, Segment)> = Vec::new();
            let mut under_way: Vec<(Segment, HashSet<usize>)> = Vec::new();
            for _ in 0..60 {
                let at = random.below(threads.len());
                let (timeline, known) = &mut threads[at];
                match random.below(4) {
                    0 => {
                        let segment = timeline.see();
                        for (number, (thread, earlier)) in seen.iter().enumerate() {
                            if *thread != at {
                                let before = earlier.before(&segment);
                                assert_eq!(before, known.contains(&number));
                                assert!(!segment.before(earlier));
                            }
                        }
                        known.insert(seen.len());
                        seen.push((at, segment));
                    }
                    1 => under_way.push((timeline.hand_over(), known.clone())),
                    2 => {
                        let mut gathered = VectorClock::new();
                        for _ in 0..random.below(3).min(under_way.len()) {
                            let (handed, acquired) = &under_way[random.below(under_way.len())];
                            gathered.merge_segment(handed);
                            known.extend(acquired);
                        }
                        timeline.learn_all(&gathered);
                    }
                    _ if under_way.is_empty() => {}
                    _ => {
                        let (handed, acquired) = &under_way[random.below(under_way.len())];
                        timeline.learn(handed);
                        known.extend(acquired);
                    }
                }
            }
        }
    }
}
