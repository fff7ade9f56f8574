//! One way in which an edge was taken.

use std::sync::Arc;

use super::gates::{self, Gate, GateSet, excludes, strength};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;

/// One way in which an edge was taken: by whom, when, under which gates, in which modes, where.
///
/// 56 bytes; the gate set is shared with the other edges of the same acquisition.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// The thread is the segment's.
    pub(super) segment: Segment,
    pub(super) gates: Option<Arc<GateSet>>,
    pub(super) from_site: Site,
    pub(super) to_site: Site,
    pub(super) from_mode: Mode,
    pub(super) to_mode: Mode,
}

impl Context {
    pub(super) fn thread(&self) -> ThreadId {
        self.segment.thread()
    }

    /// Whether every deadlock that `other` can be a part of, this context can be a part of too.
    ///
    /// Fewer gates and stronger modes only ever admit more; another thread or another point of
    /// the spawn/join order may admit something else, so those must be the same.
    pub(super) fn dominates(&self, other: &Context, ends: (LockId, LockId)) -> bool {
        self.thread() == other.thread()
            && self.segment.number() == other.segment.number()
            && self.is_as_strong(other, ends)
    }

    /// Whether this context loses nothing to the older `other` as far as acquisitions to come
    /// are concerned: what will still be concurrent with `other` will be so with this one.
    pub(super) fn succeeds(&self, other: &Context, ends: (LockId, LockId)) -> bool {
        other.segment.before(&self.segment) && self.is_as_strong(other, ends)
    }

    /// Whether this context has no further gate and asks in no weaker mode than `other`, from a hold in
    /// the same mode, whoever took it.
    pub(super) fn is_as_strong(&self, other: &Context, ends: (LockId, LockId)) -> bool {
        // Two modes of a hold never admit the same: an exclusive one keeps out more, but not a thread
        // that upgrades and waits for its readers; and a reader can wait for a reader, behind a queued
        // writer, but never for an upgradable holder.
        self.from_mode == other.from_mode
            && strength(self.to_mode) >= strength(other.to_mode)
            && gates::within(self.gates.as_ref(), other.gates.as_ref(), Some(ends.0))
    }

    /// Whether this context is seen at a glance to have the gates and modes of `other`.
    pub(super) fn is_alike(&self, other: &Context) -> bool {
        let gates = match (&self.gates, &other.gates) {
            (None, None) => true,
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        };
        gates && self.from_mode == other.from_mode && self.to_mode == other.to_mode
    }

    /// Whether two threads can be where these contexts say at the same time.
    pub(super) fn can_stand_beside(
        &self,
        ends: (LockId, LockId),
        other: &Context,
        other_ends: (LockId, LockId),
    ) -> bool {
        self.thread() != other.thread()
            && !self.is_ordered(other)
            && self.common_gates(ends, other, other_ends).next().is_none()
    }

    /// The mode in which the thread itself holds a lock, at an edge from `from`.
    pub(super) fn own(&self, lock: LockId, from: LockId) -> Option<Mode> {
        match &self.gates {
            None => (lock == from).then_some(self.from_mode),
            Some(gates) => {
                let gate = gates.get(lock).filter(|gate| gate.holder.is_none());
                gate.map(|gate| gate.mode)
            }
        }
    }

    /// Whether one of the two was over before the other began.
    pub(super) fn is_ordered(&self, other: &Context) -> bool {
        self.segment.before(&other.segment) || other.segment.before(&self.segment)
    }

    /// The locks, ascending, that the holders in two contexts cannot both hold.
    ///
    /// What a thread holds is its gates and the start of its edge. A gate of one that is the
    /// start of the other excludes like a common gate: both would have to hold that lock. So does
    /// the end of an edge that its thread holds already, in a mode in which it can be made to wait. A lock
    /// that one and the same thread holds around both, or around one while the other is its own
    /// doing, excludes nothing: they are in one critical section.
    pub(super) fn common_gates<'a>(
        &'a self,
        ends: (LockId, LockId),
        other: &'a Context,
        other_ends: (LockId, LockId),
    ) -> impl Iterator<Item = LockId> + 'a {
        let bits = |from, context: &Context| gates::bits(from, context.gates.as_ref());
        let disjoint = bits(ends.0, self) & bits(other_ends.0, other) == 0;
        let mine = (!disjoint).then(|| self.held(ends)).into_iter().flatten();
        mine.filter(move |mine| {
            let theirs = if mine.lock == other_ends.0 {
                Some(other.start(other_ends.0))
            } else {
                other.gates.as_ref().and_then(|gates| gates.get(mine.lock))
            };
            theirs.is_some_and(|theirs| {
                excludes(mine.mode, theirs.mode) && self.holder(mine) != other.holder(&theirs)
            })
        })
        .map(|gate| gate.lock)
    }

    /// All that is held at an edge; its end is among it if the thread held that already.
    pub(super) fn held(&self, ends: (LockId, LockId)) -> impl Iterator<Item = Gate> + '_ {
        let gates = self
            .gates
            .iter()
            .flat_map(move |gates| gates.around(ends.0));
        std::iter::once(self.start(ends.0)).chain(gates)
    }

    /// The start of the edge, as it is held.
    fn start(&self, from: LockId) -> Gate {
        let known = self.gates.as_ref().and_then(|gates| gates.get(from));
        Gate {
            lock: from,
            mode: self.from_mode,
            holder: known.and_then(|gate| gate.holder),
        }
    }

    /// Who holds a lock that is held here.
    pub(super) fn holder(&self, gate: &Gate) -> ThreadId {
        gate.holder.unwrap_or(self.thread())
    }
}
