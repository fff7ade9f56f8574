//! Repeated acquisitions: a lock is requested under the same locks, at the same locations, by another thread or
//! in another segment.
//!
//! Such an acquisition adds no edge, and its contexts differ from the stored ones in the segment alone. While
//! the requested lock is on no cycle, no edge that leads to it is, and no search reads their contexts. So the
//! segment is appended to a list, in a time that does not depend on the number of held locks, and inserted into
//! the edges when the lock gets onto a cycle.

use std::sync::Arc;

use super::gates::GateSet;
use crate::engine::acquisition::HeldInfo;
use crate::engine::clock::vector_clock::Segment;

/// The fewest held locks for which an acquisition is kept: under fewer, its contexts are inserted as fast.
pub(crate) const FEWEST: usize = 4;

/// The most acquisitions of one lock that are kept.
pub(super) const OF_ONE_LOCK: usize = 32;

/// An acquisition whose edges are in the graph.
#[derive(Debug)]
pub(super) struct Repeat {
    /// A hash of the locks, their modes and the locations, the requested lock included.
    pub(super) content: u64,
    /// The held locks, each with what else was held.
    pub(super) edges: Vec<(HeldInfo, Option<Arc<GateSet>>)>,
    pub(super) to: HeldInfo,
    /// What the caller of [`OrderGraph::repeat`](super::graph::OrderGraph::repeat) gets back.
    pub(super) mark: bool,
    /// The segments in which it was made; the first one is in the edges already.
    pub(super) segments: Vec<Segment>,
}

impl Repeat {
    pub(super) fn new(
        content: u64,
        edges: Vec<(HeldInfo, Option<Arc<GateSet>>)>,
        to: HeldInfo,
        first: Segment,
        mark: bool,
    ) -> Self {
        Self {
            content,
            edges,
            to,
            mark,
            segments: vec![first],
        }
    }

    /// Appends a segment; returns `false` if one was dropped for it, or it was dropped itself.
    ///
    /// Of more than `limit` segments, those are kept that an edge would keep, see
    /// [`Edge::offer`](super::edge::Edge::offer).
    pub(super) fn append(&mut self, new: &Segment, limit: usize) -> bool {
        let same =
            |known: &Segment| known.thread() == new.thread() && known.number() == new.number();
        if self.segments.iter().any(same) {
            return true;
        }
        if self.segments.len() < limit {
            self.segments.push(new.clone());
            return true;
        }
        let past = self.segments.iter().position(|known| known.before(new));
        if let Some(at) = past.or_else(|| self.second_of_a_thread(new)) {
            self.segments[at] = new.clone();
        }
        false
    }

    fn second_of_a_thread(&self, new: &Segment) -> Option<usize> {
        let all = &self.segments;
        if all.iter().any(|known| known.thread() == new.thread()) {
            return None;
        }
        let is_second = |at: &usize| {
            all[..*at]
                .iter()
                .any(|other| other.thread() == all[*at].thread())
        };
        (0..all.len()).rev().find(is_second)
    }
}
