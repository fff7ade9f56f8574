//! An acquired-before edge and the contexts in which it was taken.

use super::context::Context;
use crate::engine::ids::LockId;

/// What became of a context that was offered to an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// A context that is kept already says as much.
    Known,
    /// Kept, at this index.
    Kept(usize),
    /// Kept at this index, in the place of one that says something else.
    Replaced(usize),
    /// Not kept: the edge has enough of them.
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

    /// Takes in a context unless it says nothing new; those that it dominates go.
    ///
    /// With `limit` contexts already there it takes the place of one that it succeeds in time,
    /// else of one that can be done without more easily, else it is refused. A cycle needs
    /// distinct threads under few gates, so what can be done without is the context that other
    /// threads outdo, and the second one of a thread.
    pub(super) fn offer(&mut self, new: Context, ends: (LockId, LockId), limit: usize) -> Offer {
        if self.iter().any(|known| known.dominates(&new, ends)) {
            return Offer::Known;
        }
        if self.iter().any(|known| new.dominates(known, ends)) {
            return Offer::Kept(self.keep_instead_of_dominated(new, ends));
        }
        if self.len() < limit {
            let more = self.more.get_or_insert_with(|| {
                Box::new(More {
                    contexts: Vec::with_capacity(1),
                })
            });
            more.contexts.push(new);
            return Offer::Kept(self.len() - 1);
        }
        match self.least_needed(&new, ends) {
            Some(at) => {
                *self.get_mut(at) = new;
                Offer::Replaced(at)
            }
            None => Offer::Refused,
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
        let pool = || self.iter().chain([new]);
        // How well a context can be done without: the number of threads that have one which is
        // as strong, and, where that is equal, whether its own thread has another one.
        let spare = |context: &Context| {
            let others = || pool().filter(|other| other.thread() != context.thread());
            let stronger = others().filter(|other| other.is_as_strong(context, ends));
            let mut threads: Vec<_> = stronger.map(Context::thread).collect();
            threads.sort_unstable();
            threads.dedup();
            (threads.len(), pool().count() - others().count() > 1)
        };
        let (at, most) = self
            .iter()
            .map(spare)
            .enumerate()
            .max_by_key(|(_, spare)| *spare)?;
        (most > spare(new)).then_some(at)
    }

    fn get_mut(&mut self, at: usize) -> &mut Context {
        match (at, &mut self.more) {
            (0, _) | (_, None) => &mut self.first,
            (at, Some(more)) => &mut more.contexts[at - 1],
        }
    }
}
