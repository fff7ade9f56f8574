//! One step of a cycle, and the conditions of a deadlock that the cycle may miss.

use super::context::Context;
use super::edge::Edge;
use super::writers::Writers;
use crate::engine::ids::LockId;
use crate::engine::mode::Mode;

/// One edge of a path or a cycle.
#[derive(Clone, Copy)]
pub(super) struct CycleStep<'a> {
    pub(super) edge: &'a Edge,
    pub(super) ends: (LockId, LockId),
    /// The writers that may be queued at the start of the edge, if a reader can wait for a reader there.
    pub(super) writers: Option<&'a Writers>,
    /// The only context to consider, if that context is what is new.
    pub(super) only: Option<usize>,
}

impl CycleStep<'_> {
    pub(super) fn choices(&self) -> std::ops::Range<usize> {
        self.only.map_or(0..self.edge.len(), |only| only..only + 1)
    }

    /// Returns whether a thread that requests the start of this edge, as `asked` says, can be blocked by one
    /// that holds it as `held` says.
    ///
    /// A reader waits for a reader if a writer is queued between them. No writer can queue behind an
    /// upgradable hold, so such a hold blocks only the requests that it excludes.
    pub(super) fn blocks(&self, asked: &Context, held: &Context) -> bool {
        (self.writers.is_some() && held.from_mode == Mode::Shared)
            || asked.to_mode.excludes(held.from_mode)
    }
}

/// The conditions of a deadlock that may be missing.
#[derive(Clone, Copy)]
pub(super) struct Relaxed {
    pub(super) gates: bool,
    pub(super) order: bool,
    pub(super) threads: bool,
}

impl Relaxed {
    pub(super) const NONE: Self = Self::new(false, false, false);
    pub(super) const ALL: Self = Self::new(true, true, true);

    pub(super) const fn new(gates: bool, order: bool, threads: bool) -> Self {
        Self {
            gates,
            order,
            threads,
        }
    }

    /// Returns whether no condition is left that compares a link with other links than its neighbours.
    pub(super) fn all(self) -> bool {
        self.gates && self.order && self.threads
    }
}
