//! One step of a cycle, and what may be missing for that cycle to be a deadlock.

use super::context::Context;
use super::edge::Edge;
use super::gates::excludes;
use super::writers::Writers;
use crate::engine::ids::LockId;
use crate::engine::mode::Mode;

/// One edge of a path or a cycle.
#[derive(Clone, Copy)]
pub(super) struct CycleStep<'a> {
    pub(super) edge: &'a Edge,
    pub(super) ends: (LockId, LockId),
    /// Those who may be queued at the start of the edge, if a reader can wait for a reader there.
    pub(super) writers: Option<&'a Writers>,
    /// The one context that is to be looked at, if it is that context which is new.
    pub(super) only: Option<usize>,
}

impl CycleStep<'_> {
    pub(super) fn choices(&self) -> std::ops::Range<usize> {
        self.only.map_or(0..self.edge.len(), |only| only..only + 1)
    }

    /// Whether a thread that asks for the start of this edge, in `asked`, can be made to wait by
    /// one that holds it as `held` says.
    ///
    /// A reader waits for a reader if a writer is queued between them. Behind an upgradable hold
    /// no writer can queue, so nobody waits for one but those whom it excludes.
    pub(super) fn blocks(&self, asked: &Context, held: &Context) -> bool {
        (self.writers.is_some() && held.from_mode == Mode::Shared)
            || excludes(asked.to_mode, held.from_mode)
    }
}

/// Which of the conditions of a deadlock may be missing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Relaxed {
    pub(super) gates: bool,
    pub(super) order: bool,
    pub(super) threads: bool,
}

impl Relaxed {
    /// Nothing is left that compares a link with others than its neighbours.
    pub(super) fn all(self) -> bool {
        self.gates && self.order && self.threads
    }
}
