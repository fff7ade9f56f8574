//! Where a thread is in its own life.
//!
//! A thread that passes messages on has as many points of order as it has messages, and a new
//! segment at each of them would make it look at all its nested acquisitions anew. But a segment
//! is of interest only for the acquisitions that were seen in it: a thread in whose segment
//! nothing was seen yet goes on with it when it hands something over, and says that everything up
//! to the segment before is past. The same holds for one that is told what it knows.

use crate::engine::clock::vector_clock::{Segment, VectorClock};
use crate::engine::ids::ThreadId;

/// The segment of a thread that runs, and whether anything was seen in it.
///
/// With one number of a segment there only ever goes one past: what a thread learns begins a new
/// one. So who knows the number knows all that came before it.
#[derive(Debug)]
pub(crate) struct Timeline {
    now: Segment,
    seen: bool,
}

impl Timeline {
    /// The beginning of a thread.
    pub(crate) fn new(thread: ThreadId) -> Self {
        Self {
            now: Segment::first(thread),
            seen: false,
        }
    }

    /// The thread.
    pub(crate) fn thread(&self) -> ThreadId {
        self.now.thread()
    }

    /// The number of the segment that runs.
    pub(crate) fn number(&self) -> u64 {
        self.now.number()
    }

    /// Whether something that came before was forgotten, as it was too much.
    pub(crate) fn is_cut(&self) -> bool {
        self.now.is_cut()
    }

    /// The segment that runs, for something that was seen in it.
    pub(crate) fn see(&mut self) -> Segment {
        self.seen = true;
        self.now.clone()
    }

    /// All that has happened up to here; what comes after it is not part of that.
    pub(crate) fn hand_over(&mut self) -> Segment {
        if !self.seen {
            return self.now.previous();
        }
        let here = self.now.clone();
        self.now.advance();
        self.seen = false;
        here
    }

    /// Whether `point` is all that has happened up to here: what [`hand_over`](Self::hand_over)
    /// gave last, if nothing was seen and nothing learnt since.
    #[inline]
    pub(crate) fn is_at(&self, point: &Segment) -> bool {
        !self.seen && point.number() + 1 == self.now.number()
    }

    /// Whether what follows comes after all of `other` already.
    #[inline]
    pub(crate) fn knows(&self, other: &Segment) -> bool {
        self.now.knows(other)
    }

    /// What follows comes after all of `other`.
    pub(crate) fn learn(&mut self, other: &Segment) {
        if self.now.learn(other) {
            self.seen = false;
        }
    }

    /// What follows comes after all that `clock` names.
    pub(crate) fn learn_all(&mut self, clock: &VectorClock) {
        if self.now.learn_all(clock) {
            self.seen = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(thread: u64) -> Timeline {
        Timeline::new(ThreadId::new(thread))
    }

    #[test]
    fn what_was_seen_before_a_hand_over_is_before_what_the_other_sees_then() {
        let (mut a, mut b) = (new(1), new(2));
        let early = a.see();
        let handed = a.hand_over();
        let late = a.see();
        b.learn(&handed);
        let there = b.see();
        assert!(early.before(&there));
        assert!(!late.before(&there) && !there.before(&late));
    }

    #[test]
    fn a_thread_that_saw_nothing_stays_in_its_segment() {
        let (mut a, mut b) = (new(1), new(2));
        let first = a.see();
        b.learn(&a.hand_over());
        let number = a.number();
        for _ in 0..3 {
            let told = b.number();
            b.learn(&a.hand_over());
            assert_eq!((a.number(), b.number()), (number, told));
        }
        let late = a.see();
        let there = b.see();
        assert!(first.before(&there));
        assert!(!late.before(&there));
    }

    #[test]
    fn a_thread_that_saw_nothing_hands_on_what_it_was_told() {
        let (mut a, mut b, mut c) = (new(1), new(2), new(3));
        let first = a.see();
        // What c knows of b from before must not hide what b is told in between.
        c.learn(&b.hand_over());
        b.learn(&a.hand_over());
        c.learn(&b.hand_over());
        assert!(first.before(&c.see()));
    }

    /// Random threads that see things and hand over, against sets of what was seen.
    #[test]
    fn order_is_that_of_a_naive_model() {
        use std::collections::HashSet;
        let mut seed = 0x5eed_u64;
        let mut random = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        for _ in 0..500 {
            let mut threads: Vec<(Timeline, HashSet<usize>)> =
                (1..5).map(|n| (new(n), HashSet::new())).collect();
            let mut seen: Vec<(usize, Segment)> = Vec::new();
            let mut under_way: Vec<(Segment, HashSet<usize>)> = Vec::new();
            for _ in 0..60 {
                let at = random(threads.len());
                let (timeline, known) = &mut threads[at];
                match random(4) {
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
                        for _ in 0..random(3).min(under_way.len()) {
                            let (handed, told) = &under_way[random(under_way.len())];
                            gathered.merge_segment(handed);
                            known.extend(told);
                        }
                        timeline.learn_all(&gathered);
                    }
                    _ if under_way.is_empty() => {}
                    _ => {
                        let (handed, told) = &under_way[random(under_way.len())];
                        timeline.learn(handed);
                        known.extend(told);
                    }
                }
            }
        }
    }
}
