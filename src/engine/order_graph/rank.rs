//! Pearce–Kelly ranks: a topological order maintained edge by edge.
//!
//! Invariant: every edge ascends in rank, except between two nodes of a common cycle, where some edge must
//! descend. A descending edge imposes no order; so the ascending edges always form an acyclic graph with the
//! ranks as a topological order, and a new edge closes a cycle of ascending edges iff the search below
//! reaches it.

use petgraph::Direction;
use petgraph::stable_graph::NodeIndex;

use super::store::Store;
use crate::engine::sorting;

impl Store {
    /// Makes room in the order for a new edge x → y.
    ///
    /// Returns whether a cycle through that edge is possible at all: `false` is certain, `true` requires a
    /// search that also follows the descending edges.
    pub(super) fn order(&mut self, x: NodeIndex, y: NodeIndex) -> bool {
        if !self.has_neighbours(y, Direction::Outgoing) {
            if self.node(x).rank > self.node(y).rank {
                self.highest += 1;
                self.set_rank(y, self.highest);
            }
            return false;
        }
        if !self.has_neighbours(x, Direction::Incoming) {
            if self.node(x).rank > self.node(y).rank {
                self.lowest -= 1;
                self.set_rank(x, self.lowest);
            }
            return false;
        }
        if self.node(x).rank > self.node(y).rank && !self.shift(x, y) {
            return true;
        }
        self.sccs > 0
    }

    fn set_rank(&mut self, n: NodeIndex, rank: i64) {
        self.graph[n].rank = rank;
        self.bound_sccs(self.node(n).scc, rank);
    }

    /// Reassigns the ranks of the nodes that y leads to and of those that lead to x, inside the window
    /// between the two. Returns `false`, and changes nothing, if y leads to x.
    fn shift(&mut self, x: NodeIndex, y: NodeIndex) -> bool {
        let (low, high) = (self.node(y).rank, self.node(x).rank);
        let Some(mut ahead) = self.ascending(y, Direction::Outgoing, low..=high, Some(x)) else {
            return false;
        };
        let mut behind = self
            .ascending(x, Direction::Incoming, low..=high, None)
            .unwrap_or_default();
        // Each side keeps its order, and all that lead to x come before all that y leads to.
        sorting::sort(&mut ahead);
        sorting::sort(&mut behind);
        behind.append(&mut ahead);
        let mut ranks = behind.clone();
        sorting::sort(&mut ranks);
        for (at, (_, n)) in behind.iter().enumerate() {
            self.set_rank(*n, ranks[at].0);
        }
        true
    }

    /// Returns all nodes that `start` reaches in `direction` over ascending edges without leaving the window
    /// of ranks, each with its rank; `None` if `stop` is one of them.
    fn ascending(
        &mut self,
        start: NodeIndex,
        direction: Direction,
        window: std::ops::RangeInclusive<i64>,
        stop: Option<NodeIndex>,
    ) -> Option<Vec<(i64, NodeIndex)>> {
        self.scratch.begin(self.node_slots());
        let Store { graph, scratch, .. } = self;
        scratch.mark_ahead(start);
        let mut found = vec![(graph[start].rank, start)];
        let mut at = 0;
        while let Some(&(rank, n)) = found.get(at) {
            at += 1;
            for next in graph.neighbors_directed(n, direction) {
                let there = graph[next].rank;
                let ascends = match direction {
                    Direction::Outgoing => there > rank,
                    Direction::Incoming => there < rank,
                };
                if !ascends || !window.contains(&there) || graph[next].is_dead() {
                    continue;
                }
                if Some(next) == stop {
                    return None;
                }
                if scratch.mark_ahead(next) {
                    found.push((there, next));
                }
            }
        }
        Some(found)
    }
}
