//! Reachability over all edges, the descending ones included.
//!
//! Outside the components every edge ascends. So a path whose rank has passed the ranks of all components and
//! of its goal cannot return, and the searches stop there.

use crate::engine::sorting;

use petgraph::Direction;
use petgraph::stable_graph::NodeIndex;

use super::store::Store;

impl Store {
    /// Returns whether a path leads from `y` to `x`: a bidirectional search that expands one edge list at a
    /// time on the side that has done less work, so that a small side ends it whatever the size of the other.
    pub(super) fn leads(&mut self, y: NodeIndex, x: NodeIndex) -> bool {
        let (low, high) = self.bounds(x, y);
        self.scratch.begin(self.node_slots());
        let Store { graph, scratch, .. } = self;
        scratch.mark_ahead(y);
        scratch.mark_behind(x);
        let (mut ahead, mut behind) = (vec![y], vec![x]);
        let (mut work_ahead, mut work_behind) = (0_usize, 0_usize);
        loop {
            if work_ahead <= work_behind {
                let Some(n) = ahead.pop() else { return false };
                for next in graph.neighbors_directed(n, Direction::Outgoing) {
                    work_ahead += 1;
                    scratch.count();
                    if graph[next].is_dead() || graph[next].rank > high {
                        continue;
                    }
                    if scratch.is_behind(next) {
                        return true;
                    }
                    if scratch.mark_ahead(next) {
                        ahead.push(next);
                    }
                }
                work_ahead += 1;
            } else {
                let Some(n) = behind.pop() else { return false };
                for next in graph.neighbors_directed(n, Direction::Incoming) {
                    work_behind += 1;
                    scratch.count();
                    if graph[next].is_dead() || graph[next].rank < low {
                        continue;
                    }
                    if scratch.is_ahead(next) {
                        return true;
                    }
                    if scratch.mark_behind(next) {
                        behind.push(next);
                    }
                }
                work_behind += 1;
            }
        }
    }

    /// Measures the distance to `x` from every node that reaches it, for `distance` to return. Returns
    /// whether `y` is one of those nodes; `false` also if `most` edges were passed first.
    pub(super) fn approach(&mut self, x: NodeIndex, y: NodeIndex, most: usize) -> bool {
        let (low, _) = self.bounds(x, y);
        self.scratch.begin(self.node_slots());
        let Store { graph, scratch, .. } = self;
        scratch.mark_behind(x);
        scratch.distance[x.index()] = 0;
        scratch.passed = 0;
        let mut found = vec![x];
        let mut at = 0;
        while let Some(&n) = found.get(at) {
            at += 1;
            let distance = scratch.distance[n.index()] + 1;
            for next in graph.neighbors_directed(n, Direction::Incoming) {
                if scratch.passed == most {
                    return false;
                }
                scratch.passed += 1;
                scratch.count();
                if graph[next].is_dead() || graph[next].rank < low {
                    continue;
                }
                if scratch.mark_behind(next) {
                    scratch.distance[next.index()] = distance;
                    found.push(next);
                }
            }
        }
        scratch.is_behind(y)
    }

    /// Adds to the component of `x`, which is exact, all nodes outside it that are on a cycle with x → y,
    /// where `y` is outside, too. Returns whether there are any; `None`, with nothing changed, if one of them
    /// is in a component of its own.
    ///
    /// The component itself is not walked: everything that leads into it leads to `x`. So this costs only
    /// what y reaches outside the component, and a component that grows by one node at a time grows cheaply.
    pub(super) fn join_scc(&mut self, x: NodeIndex, y: NodeIndex) -> Option<bool> {
        let (_, high) = self.bounds(x, y);
        let scc = self.node(x).scc;
        self.scratch.begin(self.node_slots());
        let Store { graph, scratch, .. } = self;
        scratch.mark_ahead(y);
        let mut found = vec![y];
        let mut steps: Vec<(NodeIndex, NodeIndex)> = Vec::new();
        let mut leading = Vec::new();
        let mut at = 0;
        while let Some(&n) = found.get(at) {
            at += 1;
            for next in graph.neighbors_directed(n, Direction::Outgoing) {
                scratch.count();
                let node = &graph[next];
                if node.is_dead() || node.rank > high {
                    continue;
                }
                if node.scc == scc {
                    if scratch.mark_behind(n) {
                        leading.push(n);
                    }
                    continue;
                }
                steps.push((n, next));
                if scratch.mark_ahead(next) {
                    found.push(next);
                }
            }
        }
        // A node that leads to a node with a path into the component has such a path, too.
        sorting::sort_by_key(&mut steps, |(_, to)| *to);
        let mut at = 0;
        while let Some(&n) = leading.get(at) {
            at += 1;
            let first = steps.partition_point(|(_, to)| *to < n);
            for (from, to) in &steps[first..] {
                if *to != n {
                    break;
                }
                if scratch.mark_behind(*from) {
                    leading.push(*from);
                }
            }
        }
        if leading.iter().any(|n| graph[*n].scc != 0) {
            return None;
        }
        let is_cycle = scratch.is_behind(y);
        if is_cycle {
            for n in &leading {
                self.tie_one(*n, scc);
            }
        }
        Some(is_cycle)
    }

    /// Returns the number of edges that the last `approach` passed.
    pub(super) fn approached(&self) -> usize {
        self.scratch.passed
    }

    /// Gives all nodes between `y` and `x` of the last `approach` the number of one component: each of them,
    /// and each edge between two of them, lies on a cycle through x → y. If they have a number already, they
    /// keep it.
    pub(super) fn tie(&mut self, y: NodeIndex) {
        let mut found = vec![y];
        self.scratch.mark_ahead(y);
        let mut at = 0;
        while let Some(&n) = found.get(at) {
            at += 1;
            let Store { graph, scratch, .. } = self;
            for next in graph.neighbors_directed(n, Direction::Outgoing) {
                scratch.count();
                if scratch.is_behind(next) && scratch.mark_ahead(next) {
                    found.push(next);
                }
            }
        }
        if found.iter().all(|n| self.same_scc(y, *n)) {
            return;
        }
        self.sccs += 1;
        for n in &found {
            self.tie_one(*n, self.sccs);
        }
    }

    fn tie_one(&mut self, n: NodeIndex, scc: u32) {
        let node = &mut self.graph[n];
        if std::mem::replace(&mut node.scc, scc) == 0 {
            self.tied.push(n);
        }
        let rank = node.rank;
        self.bound_sccs(scc, rank);
    }

    /// Returns the distance from `n` to the goal of the last `approach`, if the goal can be reached.
    pub(super) fn distance(&self, n: NodeIndex) -> Option<usize> {
        self.scratch
            .is_behind(n)
            .then(|| self.scratch.distance[n.index()] as usize)
    }

    fn bounds(&self, x: NodeIndex, y: NodeIndex) -> (i64, i64) {
        let low = self.node(y).rank.min(self.scc_lowest);
        let high = self.node(x).rank.max(self.scc_highest);
        (low, high)
    }
}
