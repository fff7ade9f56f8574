//! The graph of lock classes and the cycles in it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::merged::{EdgeKey, EdgeSeen, Records};
use super::names::Name;
use super::row::Mode;

/// Every edge between two classes, in all modes and under all gates.
pub(crate) type Parallel<'a> = Vec<(&'a EdgeKey, &'a EdgeSeen)>;

/// The orders of a set of records.
pub(crate) struct Orders<'a> {
    pub(crate) records: &'a Records,
    pub(crate) graph: DiGraph<Name, Parallel<'a>>,
    pub(crate) nodes: HashMap<Name, NodeIndex>,
    /// The strongly connected component of each node.
    component: Vec<usize>,
    /// The nodes so that as many edges as can be lead from an earlier one to a later one.
    pub(crate) sorted: Vec<NodeIndex>,
}

/// One step of a cycle: the edge that stands for it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    pub(crate) key: &'a EdgeKey,
    pub(crate) seen: &'a EdgeSeen,
}

impl<'a> Orders<'a> {
    pub(crate) fn of(records: &'a Records) -> Self {
        let mut sorted: Vec<(&EdgeKey, &EdgeSeen)> = records.edges.iter().collect();
        let text = |name: Name| records.names.text(name);
        sorted.sort_unstable_by(|(a, _), (b, _)| records.compare(a, b));
        let mut pairs: BTreeMap<(&str, &str), Parallel<'a>> = BTreeMap::new();
        for (key, seen) in sorted {
            if key.from != key.to {
                let pair = (text(key.from), text(key.to));
                pairs.entry(pair).or_default().push((key, seen));
            }
        }
        let (mut graph, mut nodes) = (DiGraph::new(), HashMap::new());
        let names: BTreeSet<&str> = pairs.keys().flat_map(|(from, to)| [*from, *to]).collect();
        for class in names {
            let name = records
                .names
                .get(class)
                .expect("it is a text of the records");
            nodes.insert(name, graph.add_node(name));
        }
        for edges in pairs.into_values() {
            let key = edges[0].0;
            graph.add_edge(nodes[&key.from], nodes[&key.to], edges);
        }
        let components = tarjan_scc(&graph);
        let mut component = vec![0; graph.node_count()];
        for (at, members) in components.iter().enumerate() {
            for member in members {
                component[member.index()] = at;
            }
        }
        // The algorithm gives the components in reverse topological order.
        let sorted = components.iter().rev().flatten().copied().collect();
        Self {
            records,
            graph,
            nodes,
            component,
            sorted,
        }
    }

    pub(crate) fn class(&self, node: NodeIndex) -> &'a str {
        self.records.names.text(self.graph[node])
    }

    pub(crate) fn node(&self, class: &str) -> Option<NodeIndex> {
        self.nodes.get(&self.records.names.get(class)?).copied()
    }

    pub(crate) fn are_in_one_knot(&self, a: NodeIndex, b: NodeIndex) -> bool {
        self.component[a.index()] == self.component[b.index()]
    }

    /// The pairs of classes, sorted by name.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (NodeIndex, NodeIndex)> {
        self.graph
            .edge_indices()
            .filter_map(|edge| self.graph.edge_endpoints(edge))
    }

    pub(crate) fn edges(&self, from: NodeIndex, to: NodeIndex) -> &[(&'a EdgeKey, &'a EdgeSeen)] {
        self.graph
            .find_edge(from, to)
            .map_or(&[], |edge| self.graph[edge].as_slice())
    }

    /// The shortest chain of orders from one class to another.
    pub(crate) fn path(&self, from: NodeIndex, to: NodeIndex) -> Option<Vec<Step<'a>>> {
        self.chain(from, to, None)
    }

    /// The shortest cycle through the order `from` to `to` in which each lock is taken in a mode that
    /// excludes the one in which the next thread holds it.
    pub(crate) fn cycle(&self, from: NodeIndex, to: NodeIndex) -> Option<Vec<Step<'a>>> {
        if !self.are_in_one_knot(from, to) {
            return None;
        }
        let firsts = self.edges(from, to).iter();
        let rings = firsts.filter_map(|(key, seen)| {
            let first = Step { key, seen };
            let mut ring = vec![first];
            ring.extend(self.chain(to, from, Some(first))?);
            Some(ring)
        });
        rings.min_by_key(Vec::len)
    }

    /// A breadth-first search over pairs of a class and the mode in which it was asked for. With `first`,
    /// the chain closes a cycle whose first step that is.
    fn chain(
        &self,
        from: NodeIndex,
        to: NodeIndex,
        first: Option<Step<'a>>,
    ) -> Option<Vec<Step<'a>>> {
        type At = (NodeIndex, Option<Mode>);
        let start: At = (from, first.map(|step| step.key.to_mode));
        let mut came: HashMap<At, (At, Step<'a>)> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            let (node, asked) = at;
            let mut next: Vec<NodeIndex> = self.graph.neighbors(node).collect();
            next.sort_unstable();
            for target in next {
                for (key, seen) in self.edges(node, target) {
                    if asked.is_some_and(|asked| !asked.excludes(key.from_mode)) {
                        continue;
                    }
                    let step = Step { key, seen };
                    let reached: At = (target, first.map(|_| key.to_mode));
                    let closes = target == to
                        && first.is_none_or(|first| key.to_mode.excludes(first.key.from_mode));
                    if closes {
                        let mut steps = vec![step];
                        let mut back = at;
                        while back != start {
                            let (before, step) = came[&back];
                            steps.push(step);
                            back = before;
                        }
                        steps.reverse();
                        return Some(steps);
                    }
                    if reached != start && target != to && !came.contains_key(&reached) {
                        came.insert(reached, (at, step));
                        queue.push_back(reached);
                    }
                }
            }
        }
        None
    }
}
