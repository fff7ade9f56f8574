//! Nodes and edges: look-up, insertion and deletion, each in a time that does not grow with the fan-out.

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex, StableDiGraph};
use petgraph::visit::EdgeRef;

use super::context::Context;
use super::edge::Edge;
use super::hash::{IdMap, LockPlaces};
use super::repeats::Repeat;
use super::scratch::Scratch;
use super::writers::{Writer, Writers};
use crate::engine::ids::LockId;
use crate::engine::mode::{Mode, ReadPolicy};

/// The most entries for which an adjacency list is walked instead of indexed.
const WALK: u32 = 32;
/// The most steps of `petgraph` for which a node is removed at once instead of marked dead.
const UNLINK: u64 = 256;
/// The number of slots beyond twice the live ones for which no rebuild is worth its cost.
const SLACK: usize = 1024;
/// The most components with removed nodes that are distinguished from intact ones.
const LOOSE: usize = 1024;
/// The most guard locks stored for the requests of one lock. Each edge looks through all of them.
const GUARDS: usize = 8;

/// A lock in the graph. 40 bytes, plus 8 of `petgraph`'s list heads.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) lock: LockId,
    /// The position in the topological order. Distinct, sparse, of either sign.
    pub(super) rank: i64,
    /// The lengths of the outgoing and incoming adjacency lists, entries of dead neighbours included.
    out: u32,
    into: u32,
    /// The number of the component, shared by the nodes that were found on a common cycle; zero for none.
    pub(super) scc: u32,
    policy: ReadPolicy,
    /// Whether the lock was removed while its neighbours' adjacency lists still contain the node.
    dead: bool,
    /// What only some nodes have; `None` for the others.
    details: Option<Box<Details>>,
}

/// The outgoing edges of a node by their targets.
type Hub = IdMap<NodeIndex, EdgeIndex>;

/// What is known of a lock for which requests were recorded, or with many edges.
#[derive(Debug, Default)]
struct Details {
    /// The locks that every thread held itself, exclusively, at each stored request; `None` before the first one. A
    /// few are enough: they only save a search.
    guards: Option<Vec<LockId>>,
    /// The threads that requested the lock exclusively, if its readers wait for writers.
    writers: Option<Writers>,
    /// The acquisitions that are kept to be repeated.
    repeats: Vec<Repeat>,
    /// The outgoing edges, if the list was once too long to walk.
    hub: Option<Box<Hub>>,
}

impl Node {
    /// Returns whether the lock was removed: searches skip such a node.
    pub(super) fn is_dead(&self) -> bool {
        self.dead
    }

    /// Returns whether the writers of the lock are to be recorded: its readers wait for writers, and not every
    /// thread counts as a writer already.
    pub(super) fn distinguishes_writers(&self) -> bool {
        self.policy == ReadPolicy::WriterBlocksReaders
            && !matches!(self.writers(), Some(Writers::AnyThread))
    }

    /// Returns the writers that may be queued at the lock; `None` if no writer was seen, or if its readers do
    /// not wait for writers.
    pub(super) fn writers(&self) -> Option<&Writers> {
        self.details.as_ref()?.writers.as_ref()
    }

    /// Records a writer of the lock, or that any thread may be one; returns whether that is news.
    pub(super) fn note_writer(&mut self, writer: Option<Writer>) -> bool {
        if !self.distinguishes_writers() {
            return false;
        }
        let none = || Writers::These(Vec::new());
        let writers = self.details().writers.get_or_insert_with(none);
        match writer {
            Some(writer) => writers.offer(writer),
            None => {
                *writers = Writers::AnyThread;
                true
            }
        }
    }

    /// Records under which locks the lock was requested, at the end of an edge from `from`.
    pub(super) fn note_guards(&mut self, from: LockId, context: &Context) {
        let is_own = |lock: LockId| context.own(lock, from) == Some(Mode::Exclusive);
        match &mut self.details().guards {
            Some(guards) => guards.retain(|lock| is_own(*lock)),
            first => {
                let guards = first.insert(Vec::new());
                for gate in context.held(from) {
                    if is_own(gate.lock) && guards.len() < GUARDS {
                        guards.push(gate.lock);
                    }
                }
            }
        }
    }

    /// Returns whether every thread that requests the lock holds a lock that the thread of `context`, an edge from
    /// `from`, holds, too: then no other thread can request it while that thread is there.
    pub(super) fn is_guarded(&self, context: &Context, from: LockId) -> bool {
        let is_held = |lock: LockId| context.own(lock, from).is_some();
        match self.details.as_deref() {
            Some(Details {
                guards: Some(guards),
                ..
            }) => guards.iter().any(|guard| is_held(*guard)),
            _ => false,
        }
    }

    /// Returns the kept acquisition with this content.
    pub(super) fn repeat_with(&mut self, content: u64) -> Option<&mut Repeat> {
        let mut kept = self.details.as_mut()?.repeats.iter_mut();
        kept.find(|repeat| repeat.content == content)
    }

    /// Returns the acquisitions that are kept to be repeated.
    pub(super) fn repeats(&mut self) -> &mut Vec<Repeat> {
        &mut self.details().repeats
    }

    fn hub(&mut self) -> Option<&mut Hub> {
        self.details.as_mut()?.hub.as_deref_mut()
    }

    fn details(&mut self) -> &mut Details {
        self.details.get_or_insert_default()
    }
}

/// The graph with its indices.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) graph: StableDiGraph<Node, Edge>,
    nodes: LockPlaces,
    live_edges: usize,
    node_slots: usize,
    edge_slots: usize,
    pub(super) lowest: i64,
    pub(super) highest: i64,
    /// Components from which a lock was removed, ascending: two of their nodes may be on no common cycle any more.
    loose_sccs: Vec<u32>,
    /// All components up to this number count as such, too.
    loose_up_to: u32,
    /// The number of the last component, and bounds of the ranks of all nodes in components.
    pub(super) sccs: u32,
    pub(super) scc_lowest: i64,
    pub(super) scc_highest: i64,
    /// The nodes that have got into a component and whose kept acquisitions are still to be inserted.
    pub(super) tied: Vec<NodeIndex>,
    pub(super) scratch: Scratch,
}

impl Store {
    pub(super) fn new() -> Self {
        Self {
            graph: StableDiGraph::new(),
            nodes: LockPlaces::default(),
            live_edges: 0,
            node_slots: 0,
            edge_slots: 0,
            lowest: 0,
            highest: 0,
            loose_sccs: Vec::new(),
            loose_up_to: 0,
            sccs: 0,
            scc_lowest: i64::MAX,
            scc_highest: i64::MIN,
            tied: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    pub(super) fn node_count(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn edge_count(&self) -> usize {
        self.live_edges
    }

    /// Returns the number of slots for edges, the vacant ones and those of dead nodes included.
    #[cfg(test)]
    pub(super) fn edge_slots(&self) -> usize {
        self.edge_slots
    }

    pub(super) fn index(&self, lock: LockId) -> Option<NodeIndex> {
        let n = self.nodes.get(&lock)?;
        Some(NodeIndex::new(*n as usize))
    }

    pub(super) fn node(&self, n: NodeIndex) -> &Node {
        &self.graph[n]
    }

    /// Returns an upper bound of all node indices.
    pub(super) fn node_slots(&self) -> usize {
        self.node_slots
    }

    pub(super) fn lock(&self, n: NodeIndex) -> LockId {
        self.graph[n].lock
    }

    pub(super) fn ends(&self, edge: EdgeIndex) -> (NodeIndex, NodeIndex) {
        self.graph
            .edge_endpoints(edge)
            .expect("edges are only named while they exist")
    }

    /// Returns whether the two nodes were last seen on a common cycle.
    pub(super) fn same_scc(&self, a: NodeIndex, b: NodeIndex) -> bool {
        let scc = self.graph[a].scc;
        scc != 0 && scc == self.graph[b].scc
    }

    /// Returns whether the two nodes are certainly on a common cycle.
    pub(super) fn is_exact_scc(&self, a: NodeIndex, b: NodeIndex) -> bool {
        let scc = self.graph[a].scc;
        self.same_scc(a, b)
            && scc > self.loose_up_to
            && self.loose_sccs.binary_search(&scc).is_err()
    }

    /// Returns whether a node is in a component from which nothing was removed.
    pub(super) fn is_in_exact_scc(&self, n: NodeIndex) -> bool {
        self.graph[n].scc != 0 && self.is_exact_scc(n, n)
    }

    pub(super) fn has_neighbours(&self, n: NodeIndex, direction: Direction) -> bool {
        self.degree(n, direction) > 0
    }

    fn degree(&self, n: NodeIndex, direction: Direction) -> u32 {
        match direction {
            Direction::Outgoing => self.graph[n].out,
            Direction::Incoming => self.graph[n].into,
        }
    }

    /// Returns the node of `lock`, created at the end of the order if there is none.
    pub(super) fn ensure(&mut self, lock: LockId, policy: ReadPolicy) -> NodeIndex {
        if let Some(known) = self.index(lock) {
            return known;
        }
        self.highest += 1;
        let node = Node {
            lock,
            rank: self.highest,
            out: 0,
            into: 0,
            scc: 0,
            policy,
            dead: false,
            details: None,
        };
        let index = self.graph.add_node(node);
        self.node_slots = self.node_slots.max(index.index() + 1);
        self.nodes.insert(lock, index.index() as u32);
        index
    }

    /// Returns the edge from `a` to `b`.
    ///
    /// Walks the shorter of the two lists; where both are long, indexes `a` once.
    pub(super) fn find(&mut self, a: NodeIndex, b: NodeIndex) -> Option<EdgeIndex> {
        let (out, into) = (self.graph[a].out, self.graph[b].into);
        if out.min(into) > WALK {
            if self.graph[a].hub().is_none() {
                let mut hub = Box::<Hub>::default();
                for edge in self.graph.edges_directed(a, Direction::Outgoing) {
                    hub.insert(edge.target(), edge.id());
                }
                self.graph[a].details().hub = Some(hub);
            }
            return self.graph[a].hub()?.get(&b).copied();
        }
        if out <= into {
            let mut edges = self.graph.edges_directed(a, Direction::Outgoing);
            edges.find(|edge| edge.target() == b).map(|edge| edge.id())
        } else {
            let mut edges = self.graph.edges_directed(b, Direction::Incoming);
            edges.find(|edge| edge.source() == a).map(|edge| edge.id())
        }
    }

    /// Inserts a new edge; the caller has updated the order for it.
    pub(super) fn insert(&mut self, a: NodeIndex, b: NodeIndex, edge: Edge) -> EdgeIndex {
        let index = self.graph.add_edge(a, b, edge);
        self.graph[a].out += 1;
        self.graph[b].into += 1;
        if let Some(hub) = self.graph[a].hub() {
            hub.insert(b, index);
        }
        self.live_edges += 1;
        self.edge_slots = self.edge_slots.max(index.index() + 1);
        index
    }

    /// Removes a lock with its edges. Deletion never invalidates an order.
    ///
    /// `petgraph` unlinks an edge by walking the lists of both its ends. Where that is short it is done at
    /// once; otherwise the node is marked dead, and the graph is rebuilt without the dead nodes once they
    /// outnumber the live ones, which is an amortised constant for each edge.
    pub(super) fn forget(&mut self, lock: LockId) {
        let Some(n) = self.index(lock) else {
            return;
        };
        self.nodes.remove(&lock);
        self.loosen(self.graph[n].scc);
        let mut steps = 0;
        let mut living = 0;
        for direction in [Direction::Outgoing, Direction::Incoming] {
            for other in self.graph.neighbors_directed(n, direction) {
                living += usize::from(!self.graph[other].dead);
                steps += u64::from(self.degree(other, direction.opposite()));
            }
        }
        self.live_edges -= living;
        if steps <= UNLINK {
            self.unlink(n);
        } else {
            let node = &mut self.graph[n];
            node.dead = true;
            node.details = None;
        }
        let crowded = |slots: usize, live: usize| slots > 2 * live + SLACK;
        if crowded(self.edge_slots, self.live_edges) || crowded(self.node_slots, self.nodes.len()) {
            self.rebuild();
        }
    }

    /// Records that a node of a component is removed.
    fn loosen(&mut self, scc: u32) {
        if scc <= self.loose_up_to {
            return;
        }
        if let Err(at) = self.loose_sccs.binary_search(&scc) {
            self.loose_sccs.insert(at, scc);
        }
        if self.loose_sccs.len() > LOOSE {
            self.loose_up_to = self.sccs;
            self.loose_sccs.clear();
        }
    }

    fn unlink(&mut self, n: NodeIndex) {
        let mut out = self
            .graph
            .neighbors_directed(n, Direction::Outgoing)
            .detach();
        while let Some(other) = out.next_node(&self.graph) {
            self.graph[other].into -= 1;
        }
        let mut into = self
            .graph
            .neighbors_directed(n, Direction::Incoming)
            .detach();
        while let Some(other) = into.next_node(&self.graph) {
            self.graph[other].out -= 1;
            // The index of this node will be reused.
            if let Some(hub) = self.graph[other].hub() {
                hub.remove(&n);
            }
        }
        self.graph.remove_node(n);
    }

    /// Rebuilds the graph from the live nodes, with slots for no others.
    ///
    /// `petgraph`'s own filters keep the indices and with them every vacant slot, so that memory would never
    /// be returned. Nothing outside this struct keeps an index between two calls.
    fn rebuild(&mut self) {
        let old = std::mem::take(&mut self.graph);
        let count = self.nodes.len();
        self.graph = StableDiGraph::with_capacity(count, self.live_edges);
        self.nodes = LockPlaces::default();
        self.nodes.reserve(count);
        (self.lowest, self.highest) = (0, 0);
        (self.scc_lowest, self.scc_highest) = (i64::MAX, i64::MIN);
        let mut moved: Vec<NodeIndex> = Vec::with_capacity(self.node_slots);
        let (old_nodes, old_edges) = old.into_nodes_edges_iters();
        for old_node in old_nodes {
            if old_node.weight.dead {
                continue;
            }
            let mut node = Node {
                out: 0,
                into: 0,
                ..old_node.weight
            };
            if let Some(details) = &mut node.details {
                details.hub = None;
            }
            self.lowest = self.lowest.min(node.rank);
            self.highest = self.highest.max(node.rank);
            self.bound_sccs(node.scc, node.rank);
            let lock = node.lock;
            let index = self.graph.add_node(node);
            self.nodes.insert(lock, index.index() as u32);
            moved.resize(old_node.index.index() + 1, NodeIndex::end());
            moved[old_node.index.index()] = index;
        }
        self.node_slots = self.graph.node_count();
        (self.live_edges, self.edge_slots) = (0, 0);
        let place = |n: NodeIndex| moved.get(n.index()).copied().unwrap_or(NodeIndex::end());
        for old_edge in old_edges {
            let (a, b) = (place(old_edge.source), place(old_edge.target));
            if a != NodeIndex::end() && b != NodeIndex::end() {
                self.insert(a, b, old_edge.weight);
            }
        }
        self.scratch = Scratch::default();
    }

    pub(super) fn bound_sccs(&mut self, scc: u32, rank: i64) {
        if scc != 0 {
            self.scc_lowest = self.scc_lowest.min(rank);
            self.scc_highest = self.scc_highest.max(rank);
        }
    }
}
