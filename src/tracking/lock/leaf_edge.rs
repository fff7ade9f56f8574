//! One acquisition of a leaf under other locks, and what the thread held at that time.

use std::sync::Arc;

use crate::engine::acquisition::{HeldInfo, InheritedHold};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::Site;
use crate::engine::mode::Mode;

/// What a thread held in one segment: shared by all acquisitions of that time.
#[derive(Debug)]
pub(crate) struct HeldSnapshot {
    /// The generation of the detector's state in which this was recorded: after a fork, what the parent
    /// recorded does not count.
    pub(crate) generation: u32,
    pub(crate) segment: Segment,
    /// The locks that the thread holds itself, in the order of acquisition.
    pub(crate) held: Box<[HeldInfo]>,
    /// The locks that the thread inherits.
    pub(crate) inherited: Box<[InheritedHold]>,
}

impl HeldSnapshot {
    /// Returns whether an acquisition under `self` adds nothing to one under `other`.
    pub(super) fn repeats(&self, other: &HeldSnapshot) -> bool {
        self.generation == other.generation
            && self.segment.thread() == other.segment.thread()
            && self.segment.number() == other.segment.number()
            && same_locks(&self.held, &other.held)
            && self.inherited == other.inherited
    }
}

fn same_locks(a: &[HeldInfo], b: &[HeldInfo]) -> bool {
    a.len() == b.len()
        && a.iter()
            .all(|x| b.iter().any(|y| x.lock == y.lock && x.mode == y.mode))
}

/// One acquisition of the leaf under other locks.
#[derive(Clone, Debug)]
pub(crate) struct LeafEdge {
    pub(crate) holding: Arc<HeldSnapshot>,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}
