//! An acquired-before edge and the contexts in which it was taken.

use super::context::Context;
use crate::engine::ids::LockId;
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

#[derive(Debug)]
struct More {
    contexts: Vec<Context>,
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

    pub(super) fn iter(&self) -> impl Iterator<Item = &Context> + '_ {
        let more = self.more.iter().flat_map(|more| &more.contexts);
        std::iter::once(&self.first).chain(more)
    }

    /// Inserts a context unless a stored one dominates it; contexts that it dominates are removed.
    ///
    /// If `limit` contexts are stored already, it replaces one that it succeeds in time, else the most
    /// redundant one, else it is refused. A cycle needs distinct threads with few gates, so the redundant
    /// contexts are those that contexts of other threads outdo, and the second context of a thread.
    pub(super) fn offer(&mut self, new: Context, ends: (LockId, LockId), limit: usize) -> Insert {
        if self.iter().any(|known| known.dominates(&new, ends)) {
            return Insert::Known;
        }
        if self.iter().any(|known| new.dominates(known, ends)) {
            return Insert::Kept(self.keep_instead_of_dominated(new, ends));
        }
        if self.len() < limit {
            let more = self.more.get_or_insert_with(|| {
                Box::new(More {
                    contexts: Vec::with_capacity(1),
                })
            });
            more.contexts.push(new);
            return Insert::Kept(self.len() - 1);
        }
        match self.least_needed(&new, ends) {
            Some(at) => {
                *self.get_mut(at) = new;
                Insert::Replaced(at)
            }
            None => Insert::Refused,
        }
    }

    fn keep_instead_of_dominated(&mut self, new: Context, ends: (LockId, LockId)) -> usize {
        if let Some(more) = &mut self.more {
            more.contexts.retain(|known| !new.dominates(known, ends));
        }
        if new.dominates(&self.first, ends) {
            self.first = new;
            return 0;
        }
        let more = self.more.get_or_insert_with(|| {
            Box::new(More {
                contexts: Vec::with_capacity(1),
            })
        });
        more.contexts.push(new);
        self.len() - 1
    }

    fn least_needed(&self, new: &Context, ends: (LockId, LockId)) -> Option<usize> {
        if let Some(at) = self.iter().position(|known| new.succeeds(known, ends)) {
            return Some(at);
        }
        if self.iter().all(|known| known.is_alike(new)) {
            return self.least_needed_of_alike(new);
        }
        let pool: Vec<&Context> = self.iter().chain([new]).collect();
        let mut threads = Vec::with_capacity(pool.len());
        // The redundancy of a context: the number of threads with one that is as strong, and, where that is
        // equal, whether its own thread has another one.
        let mut spare = |context: &Context| {
            let thread = context.thread();
            let mut of_thread = 0;
            threads.clear();
            for other in &pool {
                if other.thread() == thread {
                    of_thread += 1;
                } else if other.is_as_strong(context, ends) {
                    threads.push(other.thread());
                }
            }
            sorting::sort(&mut threads);
            threads.dedup();
            (threads.len(), of_thread > 1)
        };
        let of_new = spare(new);
        let (at, most) = self
            .iter()
            .map(spare)
            .enumerate()
            .max_by_key(|(_, spare)| *spare)?;
        (most > of_new).then_some(at)
    }

    /// Returns the most redundant context where all contexts differ only in thread and segment, as where many
    /// threads do the same: it is the second one of a thread. This compares each context with the others by
    /// its thread number alone.
    fn least_needed_of_alike(&self, new: &Context) -> Option<usize> {
        let mut threads: Vec<_> = self.iter().map(Context::thread).collect();
        if threads.contains(&new.thread()) {
            return None;
        }
        let of = |at: usize| self.get(at).thread();
        sorting::sort(&mut threads);
        let is_second = |at: &usize| {
            let first = threads.partition_point(|thread| *thread < of(*at));
            threads.get(first + 1) == Some(&of(*at))
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
    use std::mem::size_of;
    use std::panic::Location;

    use super::*;
    use crate::engine::acquisition::Held;
    use crate::engine::clock::vector_clock::Segment;
    use crate::engine::ids::ThreadId;
    use crate::engine::mode::Mode::{self, Exclusive, Shared};
    use crate::engine::order_graph::gates::{Gate, GateSets};
    use crate::engine::order_graph::store::Node;

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
        let held = gates.iter().map(|(n, mode)| Held {
            lock: lock(*n),
            mode: *mode,
            site,
        });
        let start = Held {
            lock: ends().0,
            mode: from_mode,
            site,
        };
        let held: Vec<Held> = held.chain([start]).collect();
        let gates = GateSets::new().intern(held.iter().map(Gate::from));
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
        assert_eq!(size_of::<Context>(), 56);
        assert_eq!(size_of::<Option<Edge>>(), 64);
        assert_eq!(size_of::<Option<Node>>(), 32);
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
