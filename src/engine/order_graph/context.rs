//! Contexts: the ways in which an edge was taken.

use std::sync::Arc;

use super::gates::{self, Gate, GateSet, strength};
use crate::engine::acquisition::{HeldInfo, Link};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;

/// One way in which an edge was taken: thread, segment, gates, modes and source locations.
///
/// 56 bytes; the gate set is shared with the other edges of the same acquisition.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// The segment, which names the thread.
    pub(super) segment: Segment,
    pub(super) gates: Option<Arc<GateSet>>,
    pub(super) from_site: Site,
    pub(super) to_site: Site,
    pub(super) from_mode: Mode,
    pub(super) to_mode: Mode,
}

impl Context {
    /// Returns the context of an edge from a held lock to one that is requested as `to_mode` and `to_site` say.
    pub(super) fn of(
        segment: &Segment,
        gates: &Option<Arc<GateSet>>,
        from: &HeldInfo,
        (to_mode, to_site): (Mode, Site),
    ) -> Self {
        Self {
            segment: segment.clone(),
            gates: gates.clone(),
            from_site: from.site,
            to_site,
            from_mode: from.mode,
            to_mode,
        }
    }

    /// Returns the edge of which this is a context, with these gates.
    pub(super) fn link(&self, (from, to): (LockId, LockId), gates: Vec<LockId>) -> Link {
        Link {
            from,
            from_mode: self.from_mode,
            from_site: self.from_site,
            to,
            to_mode: self.to_mode,
            to_site: self.to_site,
            thread: self.thread(),
            gates,
        }
    }

    pub(super) fn thread(&self) -> ThreadId {
        self.segment.thread()
    }

    /// Returns whether this context can be part of every deadlock that `other` can be part of.
    ///
    /// Fewer gates and stronger modes only admit more deadlocks. Another thread or another segment may admit
    /// different ones, so those must be equal.
    pub(super) fn dominates(&self, other: &Context, ends: (LockId, LockId)) -> bool {
        self.thread() == other.thread()
            && self.segment.number() == other.segment.number()
            && self.is_as_strong(other, ends)
    }

    /// Returns whether this context can replace the older `other` as far as later acquisitions are concerned:
    /// whatever will be concurrent with `other` will be concurrent with this context, too.
    pub(super) fn succeeds(&self, other: &Context, ends: (LockId, LockId)) -> bool {
        other.segment.before(&self.segment) && self.is_as_strong(other, ends)
    }

    /// Returns whether this context has no gate that `other` lacks and requests in no weaker mode, from a
    /// hold in the same mode; the threads may differ.
    pub(super) fn is_as_strong(&self, other: &Context, ends: (LockId, LockId)) -> bool {
        // No mode of a hold can stand in for another one: an exclusive hold excludes more, but not a thread
        // that upgrades and waits for readers; and a reader can wait for a reader, behind a queued writer,
        // but never for an upgradable holder.
        self.from_mode == other.from_mode
            && strength(self.to_mode) >= strength(other.to_mode)
            && gates::within(self.gates.as_ref(), other.gates.as_ref(), Some(ends.0))
    }

    /// Returns whether this context shares its gate set with `other` and has the same modes; O(1).
    pub(super) fn is_alike(&self, other: &Context) -> bool {
        let gates = match (&self.gates, &other.gates) {
            (None, None) => true,
            (Some(mine), Some(theirs)) => Arc::ptr_eq(mine, theirs),
            _ => false,
        };
        gates && self.from_mode == other.from_mode && self.to_mode == other.to_mode
    }

    /// Returns whether two threads can be in these contexts, of edges from these locks, at the same time.
    pub(super) fn can_stand_beside(
        &self,
        from: LockId,
        other: &Context,
        other_from: LockId,
    ) -> bool {
        self.thread() != other.thread()
            && !self.is_ordered(other)
            && !self.any_common_gate(from, other, other_from, &mut |_| true)
    }

    /// Returns the mode in which the thread itself holds a lock, at an edge from `from`.
    pub(super) fn own(&self, lock: LockId, from: LockId) -> Option<Mode> {
        match &self.gates {
            None => (lock == from).then_some(self.from_mode),
            Some(gates) => {
                let gate = gates.get(lock).filter(|gate| gate.holder.is_none());
                gate.map(|gate| gate.mode)
            }
        }
    }

    /// Returns whether one of the two contexts ended before the other began.
    pub(super) fn is_ordered(&self, other: &Context) -> bool {
        self.segment.before(&other.segment) || other.segment.before(&self.segment)
    }

    /// Returns whether `is` holds for one of the locks that the threads of two contexts, of edges from these locks,
    /// cannot both hold.
    ///
    /// A thread holds its gates and the start of its edge. A gate of one context that is the start of the
    /// other excludes like a common gate: both threads would have to hold that lock. So does the end of an
    /// edge that its thread already holds, in a mode in which the request can block. A lock that one thread
    /// holds around both contexts, or around one while the other is that thread's own, excludes nothing: both
    /// are in one critical section.
    pub(super) fn any_common_gate(
        &self,
        from: LockId,
        other: &Context,
        other_from: LockId,
        is: &mut dyn FnMut(LockId) -> bool,
    ) -> bool {
        let bits = |from, context: &Context| gates::bits(from, context.gates.as_ref());
        if bits(from, self) & bits(other_from, other) == 0 {
            return false;
        }
        self.held(from).any(|mine| {
            let theirs = if mine.lock == other_from {
                Some(other.start(other_from))
            } else {
                other.gates.as_ref().and_then(|gates| gates.get(mine.lock))
            };
            let is_common = theirs.is_some_and(|theirs| {
                mine.mode.excludes(theirs.mode) && self.holder(&mine) != other.holder(&theirs)
            });
            is_common && is(mine.lock)
        })
    }

    /// Returns everything held at an edge from `from`, which comes first; the end of the edge is among it if the
    /// thread already held that.
    pub(super) fn held(&self, from: LockId) -> HeldGates<'_> {
        HeldGates {
            start: Some(self.start(from)),
            gates: match &self.gates {
                Some(set) => set.gates().iter(),
                None => [].iter(),
            },
            from,
        }
    }

    /// Returns the start of the edge, as it is held.
    fn start(&self, from: LockId) -> Gate {
        let known = self.gates.as_ref().and_then(|gates| gates.get(from));
        Gate {
            lock: from,
            mode: self.from_mode,
            holder: known.and_then(|gate| gate.holder),
        }
    }

    /// Returns the thread that holds a lock of this context.
    pub(super) fn holder(&self, gate: &Gate) -> ThreadId {
        gate.holder.unwrap_or(self.thread())
    }
}

/// The locks held at an edge, see [`Context::held`].
pub(super) struct HeldGates<'a> {
    start: Option<Gate>,
    gates: std::slice::Iter<'a, Gate>,
    from: LockId,
}

impl Iterator for HeldGates<'_> {
    type Item = Gate;

    fn next(&mut self) -> Option<Gate> {
        if let Some(start) = self.start.take() {
            return Some(start);
        }
        loop {
            let gate = self.gates.next()?;
            if gate.lock != self.from {
                return Some(*gate);
            }
        }
    }
}
