//! An acquired-before edge and the contexts in which it was taken.

use super::context::Context;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::sorting;

/// The result of inserting a context into an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Insert {
    /// A stored context dominates it.
    Known,
    /// Stored, at this index.
    Kept(usize),
    /// Stored at this index, in place of a context that it does not dominate.
    Replaced(usize),
    /// Not stored: the edge is full.
    Refused,
}

/// An edge: an antichain of contexts, none of which dominates another.
///
/// 64 bytes with the first context inline, plus the 16 of `petgraph`'s links; most edges are
/// taken in one context only. A second one brings a vector of 56 bytes each.
#[derive(Debug)]
pub(super) struct Edge {
    first: Context,
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    contexts: Vec<Context>,
    /// How redundant each context is among the others, by its index; empty until that is needed, and after each
    /// change. A full edge is offered the same few contexts by many threads and refuses most of them.
    redundancy: Vec<Redundancy>,
}

/// How redundant a context is among the others of its edge.
#[derive(Debug)]
struct Redundancy {
    /// The other threads with a context that is as strong, each once.
    threads: Vec<ThreadId>,
    /// Whether its own thread has another context.
    is_second: bool,
}

impl Edge {
    pub(super) fn new(context: Context) -> Self {
        Self {
            first: context,
            more: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        1 + self.more.as_ref().map_or(0, |more| more.contexts.len())
    }

    pub(super) fn get(&self, at: usize) -> &Context {
        match (at, &self.more) {
            (0, _) | (_, None) => &self.first,
            (at, Some(more)) => &more.contexts[at - 1],
        }
    }

    /// Returns whether a context satisfies `is`.
    pub(super) fn any(&self, is: &mut dyn FnMut(&Context) -> bool) -> bool {
        self.position(is).is_some()
    }

    /// Returns the index of the first context that satisfies `is`.
    fn position(&self, is: &mut dyn FnMut(&Context) -> bool) -> Option<usize> {
        (0..self.len()).find(|at| is(self.get(*at)))
    }

    /// Inserts a context unless a stored one dominates it; contexts that it dominates are removed.
    ///
    /// If `limit` contexts are stored already, it replaces one that it succeeds in time, else the most
    /// redundant one, else it is refused. A cycle needs distinct threads with few gates, so the redundant
    /// contexts are those that contexts of other threads outdo, and the second context of a thread.
    pub(super) fn offer(&mut self, new: Context, ends: (LockId, LockId), limit: usize) -> Insert {
        if self.any(&mut |known| known.dominates(&new, ends)) {
            return Insert::Known;
        }
        if self.any(&mut |known| new.dominates(known, ends)) {
            return Insert::Kept(self.keep_instead_of_dominated(new, ends));
        }
        if self.len() < limit {
            return Insert::Kept(self.push(new));
        }
        match self.least_needed(&new, ends) {
            Some(at) => {
                *self.get_mut(at) = new;
                self.has_changed();
                Insert::Replaced(at)
            }
            None => Insert::Refused,
        }
    }

    fn push(&mut self, new: Context) -> usize {
        let more = self.more.get_or_insert_default();
        if more.contexts.is_empty() {
            more.contexts.reserve_exact(1);
        }
        more.contexts.push(new);
        self.has_changed();
        self.len() - 1
    }

    fn has_changed(&mut self) {
        if let Some(more) = &mut self.more {
            more.redundancy.clear();
        }
    }

    fn keep_instead_of_dominated(&mut self, new: Context, ends: (LockId, LockId)) -> usize {
        if let Some(more) = &mut self.more {
            more.contexts.retain(|known| !new.dominates(known, ends));
        }
        if new.dominates(&self.first, ends) {
            self.first = new;
            self.has_changed();
            return 0;
        }
        self.push(new)
    }

    fn least_needed(&mut self, new: &Context, ends: (LockId, LockId)) -> Option<usize> {
        let past = self.position(&mut |known| new.succeeds(known, ends));
        if past.is_some() {
            return past;
        }
        if !self.any(&mut |known| !known.is_alike(new)) {
            return self.least_needed_of_alike(new);
        }
        let of_new = self.redundancy_of(new, ends);
        self.measure(ends);
        let all = &self.more.as_deref()?.redundancy;
        let mut most = (of_new.threads.len(), of_new.is_second);
        let mut found = None;
        // A context is the more redundant, the more threads have one that is as strong; where that is equal, if its
        // own thread has another one. The new context counts among the others of each.
        for (at, of_known) in all.iter().enumerate() {
            let known = self.get(at);
            let is_own = known.thread() == new.thread();
            let is_further = !is_own
                && !of_known.threads.contains(&new.thread())
                && new.is_as_strong(known, ends);
            let threads = of_known.threads.len() + usize::from(is_further);
            let redundancy = (threads, of_known.is_second || is_own);
            // The last one of those that are equally redundant.
            if redundancy > most || (found.is_some() && redundancy == most) {
                (most, found) = (redundancy, Some(at));
            }
        }
        found
    }

    /// Computes how redundant each context is, unless that is known.
    fn measure(&mut self, ends: (LockId, LockId)) {
        if self
            .more
            .as_ref()
            .is_some_and(|more| !more.redundancy.is_empty())
        {
            return;
        }
        let mut all = Vec::with_capacity(self.len());
        for at in 0..self.len() {
            all.push(self.redundancy_of(self.get(at), ends));
        }
        self.more.get_or_insert_default().redundancy = all;
    }

    /// Returns how redundant a context, stored or not, is among the stored ones.
    fn redundancy_of(&self, context: &Context, ends: (LockId, LockId)) -> Redundancy {
        let thread = context.thread();
        let mut threads = Vec::new();
        let mut is_second = false;
        for at in 0..self.len() {
            let other = self.get(at);
            if other.thread() == thread {
                is_second |= !std::ptr::eq(other, context);
            } else if other.is_as_strong(context, ends) {
                threads.push(other.thread());
            }
        }
        sorting::sort(&mut threads);
        threads.dedup();
        Redundancy { threads, is_second }
    }

    /// Returns the most redundant context where all contexts differ only in thread and segment, as where many
    /// threads do the same: it is the second one of a thread. This compares each context with the others by
    /// its thread number alone.
    fn least_needed_of_alike(&self, new: &Context) -> Option<usize> {
        if self.any(&mut |known| known.thread() == new.thread()) {
            return None;
        }
        let mut threads = Vec::with_capacity(self.len());
        for at in 0..self.len() {
            threads.push(self.get(at).thread());
        }
        sorting::sort(&mut threads);
        let is_second = |at: &usize| {
            let of = self.get(*at).thread();
            let first = threads.partition_point(|thread| *thread < of);
            threads.get(first + 1) == Some(&of)
        };
        (0..self.len()).rev().find(is_second)
    }

    fn get_mut(&mut self, at: usize) -> &mut Context {
        match (at, &mut self.more) {
            (0, _) | (_, None) => &mut self.first,
            (at, Some(more)) => &mut more.contexts[at - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::engine::acquisition::HeldInfo;
    use crate::engine::clock::vector_clock::Segment;
    use crate::engine::ids::ThreadId;
    use crate::engine::mode::Mode::{self, Exclusive, Shared};
    use crate::engine::order_graph::gates::{Gate, GateSets};
    use crate::engine::random::Random;

    fn lock(n: u64) -> LockId {
        LockId::new(n).expect("tests number locks from 1")
    }

    fn ends() -> (LockId, LockId) {
        (lock(1), lock(2))
    }

    fn segment(thread: u64) -> Segment {
        Segment::first(ThreadId::new(thread))
    }

    /// Returns a context under gates of these modes, exclusive but for `from_mode`.
    fn context(segment: Segment, from_mode: Mode, gates: &[(u64, Mode)]) -> Context {
        let site = Location::caller();
        let held = gates.iter().map(|(n, mode)| HeldInfo {
            lock: lock(*n),
            mode: *mode,
            site,
        });
        let start = HeldInfo {
            lock: ends().0,
            mode: from_mode,
            site,
        };
        let held: Vec<HeldInfo> = held.chain([start]).collect();
        let gates = GateSets::new().intern(held.iter().map(Gate::from).collect());
        Context {
            segment,
            gates,
            from_site: site,
            to_site: site,
            from_mode,
            to_mode: Exclusive,
        }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn the_documented_sizes_are_the_real_ones() {
        use std::mem::size_of;

        use crate::engine::order_graph::store::Node;

        assert_eq!(size_of::<Context>(), 56);
        assert_eq!(size_of::<Option<Edge>>(), 64);
        assert_eq!(size_of::<Option<Node>>(), 40);
    }

    #[test]
    fn a_context_under_more_gates_or_with_a_weaker_request_is_dominated() {
        let mut edge = Edge::new(context(segment(1), Exclusive, &[(3, Shared)]));
        for (asked, gates) in [
            (Exclusive, &[(3, Shared)][..]),
            (Exclusive, &[(3, Exclusive)]),
            (Exclusive, &[(3, Shared), (4, Shared)]),
            (Shared, &[(3, Shared)]),
        ] {
            let context = Context {
                to_mode: asked,
                ..context(segment(1), Exclusive, gates)
            };
            assert_eq!(edge.offer(context, ends(), 9), Insert::Known);
        }
        assert_eq!(edge.len(), 1);
    }

    #[test]
    fn what_is_known_of_the_redundancy_changes_no_choice() {
        let mut random = Random::new(7);
        for _ in 0..100 {
            let start = context(segment(1), Exclusive, &[(3, Shared)]);
            let (mut edge, mut other) = (Edge::new(start.clone()), Edge::new(start));
            for _ in 0..60 {
                let gates: Vec<_> = (3..7)
                    .filter(|_| random.one_in(3))
                    .map(|n| (n, Shared))
                    .collect();
                let mut at = segment(1 + random.next() % 5);
                for _ in 0..random.below(3) {
                    at.advance();
                }
                let new = context(at, Exclusive, &gates);
                other.has_changed();
                let there = other.offer(new.clone(), ends(), 4);
                assert_eq!(edge.offer(new, ends(), 4), there);
            }
        }
    }

    #[test]
    fn a_hold_in_another_mode_is_another_context() {
        let mut edge = Edge::new(context(segment(1), Exclusive, &[]));
        for (mode, at) in [(Shared, 1), (Mode::Upgradable, 2)] {
            let other = context(segment(1), mode, &[]);
            assert_eq!(edge.offer(other, ends(), 9), Insert::Kept(at));
        }
    }

    #[test]
    fn a_context_replaces_all_that_it_dominates() {
        let mut edge = Edge::new(context(segment(1), Exclusive, &[(3, Exclusive)]));
        edge.offer(context(segment(2), Exclusive, &[]), ends(), 9);
        edge.offer(context(segment(1), Exclusive, &[(4, Exclusive)]), ends(), 9);
        edge.offer(context(segment(1), Exclusive, &[(5, Shared)]), ends(), 9);
        assert_eq!(edge.len(), 4);
        assert_eq!(
            edge.offer(context(segment(1), Exclusive, &[]), ends(), 9),
            Insert::Kept(0)
        );
        assert_eq!(edge.len(), 2);
    }

    #[test]
    fn another_thread_and_another_segment_are_other_contexts() {
        let mut edge = Edge::new(context(segment(1), Exclusive, &[]));
        let mut later = segment(1);
        later.advance();
        assert_eq!(
            edge.offer(context(later, Exclusive, &[]), ends(), 9),
            Insert::Kept(1)
        );
        assert_eq!(
            edge.offer(context(segment(2), Exclusive, &[]), ends(), 9),
            Insert::Kept(2)
        );
    }

    #[test]
    fn a_full_edge_replaces_past_contexts_then_weak_ones_and_then_refuses() {
        let mut edge = Edge::new(context(segment(1), Exclusive, &[(3, Exclusive)]));
        edge.offer(context(segment(2), Exclusive, &[(4, Exclusive)]), ends(), 2);
        let mut later = segment(1);
        later.advance();
        let later = context(later, Exclusive, &[(3, Exclusive)]);
        assert_eq!(edge.offer(later, ends(), 2), Insert::Replaced(0));
        let free = context(segment(3), Exclusive, &[(4, Exclusive)]);
        assert_eq!(edge.offer(free, ends(), 2), Insert::Refused);
        let free = context(segment(3), Exclusive, &[]);
        assert!(matches!(edge.offer(free, ends(), 2), Insert::Replaced(_)));
    }
}
