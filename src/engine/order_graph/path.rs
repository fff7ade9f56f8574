//! The shortest chain of edges from one lock to another.

use std::collections::{HashMap, VecDeque};

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
    /// Walks everything that can be reached, so it serves queries and not acquisitions.
    pub(crate) fn way(&self, from: LockId, to: LockId) -> Option<Vec<Link>> {
        let store = self.store_ref();
        let (from, to) = (store.index(from)?, store.index(to)?);
        let mut came: HashMap<NodeIndex, EdgeIndex> = HashMap::new();
        let mut open = VecDeque::from([from]);
        while let Some(at) = open.pop_front() {
            for edge in store.graph.edges_directed(at, Direction::Outgoing) {
                let next = edge.target();
                if next == from || store.node(next).is_dead() || came.contains_key(&next) {
                    continue;
                }
                came.insert(next, edge.id());
                if next == to {
                    return Some(self.links(from, to, &came));
                }
                open.push_back(next);
            }
        }
        None
    }

    fn links(
        &self,
        from: NodeIndex,
        to: NodeIndex,
        came: &HashMap<NodeIndex, EdgeIndex>,
    ) -> Vec<Link> {
        let store = self.store_ref();
        let mut links = Vec::new();
        let mut at = to;
        while at != from {
            let edge = came[&at];
            let (before, _) = store.ends(edge);
            let context = store.graph[edge].get(0);
            links.push(Link {
                from: store.lock(before),
                from_mode: context.from_mode,
                from_site: context.from_site,
                to: store.lock(at),
                to_mode: context.to_mode,
                to_site: context.to_site,
                thread: context.thread(),
                gates: Box::default(),
            });
            at = before;
        }
        links.reverse();
        links
    }
}
