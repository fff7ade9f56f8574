//! The shortest chain of edges from one lock to another.

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::graph::OrderGraph;
use crate::engine::acquisition::Link;
use crate::engine::ids::LockId;

impl OrderGraph {
    /// Returns the shortest chain of acquired-before edges from one lock to another, each in the oldest of
    /// its stored contexts; `None` if there is no chain.
    ///
    /// Walks everything that can be reached, with a word for each lock of the graph, so it serves queries and not
    /// acquisitions.
    pub(crate) fn way(&self, from: LockId, to: LockId) -> Option<Vec<Link>> {
        let store = self.store_ref();
        let (from, to) = (store.index(from)?, store.index(to)?);
        if !store.has_neighbours(from, Direction::Outgoing)
            || !store.has_neighbours(to, Direction::Incoming)
        {
            return None;
        }
        // The edge by which each node was reached.
        let mut came = vec![EdgeIndex::end(); store.node_slots()];
        let mut open = vec![from];
        let mut passed = 0;
        while let Some(&at) = open.get(passed) {
            passed += 1;
            for edge in store.graph.edges_directed(at, Direction::Outgoing) {
                let next = edge.target();
                let is_known = next == from || came[next.index()] != EdgeIndex::end();
                if is_known || store.node(next).is_dead() {
                    continue;
                }
                came[next.index()] = edge.id();
                if next == to {
                    return Some(self.links(from, to, &came));
                }
                open.push(next);
            }
        }
        None
    }

    fn links(&self, from: NodeIndex, to: NodeIndex, came: &[EdgeIndex]) -> Vec<Link> {
        let store = self.store_ref();
        let mut links = Vec::new();
        let mut at = to;
        while at != from {
            let edge = came[at.index()];
            let (before, _) = store.ends(edge);
            let ends = (store.lock(before), store.lock(at));
            links.push(store.graph[edge].get(0).link(ends, Vec::new()));
            at = before;
        }
        links.reverse();
        links
    }
}
