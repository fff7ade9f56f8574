//! The order graph, as the detector uses it.

use std::sync::Arc;

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::context::Context;
use super::cycle::Search;
use super::edge::{Edge, Insert};
use super::gates::{Gate, GateSets};
use super::limits::{Limits, LimitsReached, Reserve};
use super::prune::{Pruning, SearchWorth};
use super::repeats::{FEWEST, OF_ONE_LOCK, Repeat};
use super::reported_cycles::ReportedCycles;
use super::store::Store;
use super::writers::{Writer, Writers};
use crate::engine::acquisition::{Acquisition, Finding, HeldInfo};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::LockId;
use crate::engine::mode::{Mode, ReadPolicy};
use crate::engine::verdict::Verdict;

/// The acquired-before edges among live locks, and the cycles that were reported.
///
/// # Cost
///
/// With n locks held, a known acquisition is n look-ups and comparisons of contexts; one that
/// [repeats](Self::repeat) a kept one is O(1). A new edge
/// whose ends are in order, or one of whose ends is a leaf or a root, is O(1); else it costs the
/// part of the graph between the ranks of its ends. A new edge, or a new context, on a cycle
/// costs a search within [`Limits`]. [`forget`](Self::forget) is O(edges of the lock),
/// amortised.
#[derive(Debug)]
pub(crate) struct OrderGraph {
    store: Store,
    gate_sets: GateSets,
    records: ReportedCycles,
    limits: Limits,
    reserve: Reserve,
    reached: LimitsReached,
}

impl OrderGraph {
    /// Returns a graph without locks.
    pub(crate) fn new(limits: Limits) -> Self {
        // Choices of contexts are stored as 16-bit indices.
        let contexts_per_edge = limits.contexts_per_edge.clamp(1, usize::from(u16::MAX));
        Self {
            store: Store::new(),
            gate_sets: GateSets::new(),
            records: ReportedCycles::new(),
            reserve: Reserve::new(&limits),
            limits: Limits {
                contexts_per_edge,
                ..limits
            },
            reached: LimitsReached::default(),
        }
    }

    /// Adds a lock whose readers wait as `policy` says; returns whether it is new.
    ///
    /// A lock that takes part in an edge without having been added lets writers block readers.
    pub(crate) fn add_lock(&mut self, lock: LockId, policy: ReadPolicy) -> bool {
        let is_new = self.store.index(lock).is_none();
        self.store.ensure(lock, policy);
        is_new
    }

    /// Records that a thread requests a lock, in a way that may block, under the locks it holds.
    ///
    /// The thread may hold none; an exclusive request is then still of interest, since such a writer can be
    /// queued where readers wait for each other.
    ///
    /// Returns the new findings. A held entry for the requested lock itself gives no edge, and is a gate like
    /// any other: it excludes every hold that conflicts with it. If it excludes everything that the request
    /// could wait for ([`Mode::keeps_out`]), the request is not part of any lock order, and the caller does
    /// not pass it.
    pub(crate) fn acquire(&mut self, a: &Acquisition<'_>) -> Vec<Finding> {
        let mut found = Vec::new();
        let held = held_gates(a);
        let count = held.len();
        let gates = self.gate_sets.intern(held);
        // Where a lock is held twice, in different modes, the edges differ in what they exclude.
        let alike = gates.as_ref().map_or(count.min(1), |gates| gates.len()) == count;
        let mut prospects = Pruning::default();
        let n = self.store.ensure(a.lock, ReadPolicy::WriterBlocksReaders);
        let distinguishes = self.store.node(n).distinguishes_writers();
        let newly_written = a.mode == Mode::Exclusive && distinguishes && {
            let writer = Writer {
                segment: a.segment.clone(),
                gates: match &gates {
                    Some(gates) => Some(Arc::clone(gates)),
                    None => self.gate_sets.intern_all(held_gates(a)),
                },
            };
            self.store.graph[n].note_writer(Some(writer))
        };
        let mut learn = |graph: &mut Self, from: &HeldInfo| {
            if from.lock == a.lock {
                return;
            }
            if !alike {
                prospects = Pruning::default();
            }
            let context = Context::of(a.segment, &gates, from, (a.mode, a.site));
            graph.add((from.lock, a.lock), context, &mut prospects, &mut found);
        };
        for from in a.held {
            // A read beside an upgradable hold of the same thread blocks no thread that the upgradable hold does
            // not block, and no writer can queue behind that hold.
            let covers = |held: &HeldInfo| held.lock == from.lock && held.mode == Mode::Upgradable;
            if alike || from.mode != Mode::Shared || !a.held.iter().any(covers) {
                learn(self, from);
            }
        }
        for inherited in a.inherited {
            // Locks held around threads are added beforehand, so a missing one has been dropped.
            if self.store.index(inherited.held.lock).is_some() {
                learn(self, &inherited.held);
            }
        }
        if newly_written {
            self.classify_again(a.lock, &mut found);
        }
        found
    }

    /// Records an acquisition like [`acquire`](Self::acquire), and keeps it for [`repeat`](Self::repeat), with a
    /// mark, if that is of use. `content` is a hash of the held locks with their modes and locations, and of the
    /// request.
    pub(crate) fn acquire_kept(
        &mut self,
        a: &Acquisition<'_>,
        content: u64,
        mark: bool,
    ) -> Vec<Finding> {
        let refused = self.reached.edges_refused;
        let found = self.acquire(a);
        let is_plain = a.held.len() >= FEWEST
            && a.inherited.is_empty()
            && a.gone.is_empty()
            && refused == self.reached.edges_refused;
        if is_plain && let Some(n) = self.repeatable(a.lock, content) {
            let gates = self.gate_sets.intern(held_gates(a));
            let mut edges = Vec::with_capacity(a.held.len());
            for from in a.held {
                edges.push((*from, gates.clone()));
            }
            let to = HeldInfo {
                lock: a.lock,
                mode: a.mode,
                site: a.site,
            };
            let kept = self.store.graph[n].repeats();
            let oldest = (kept.len() == OF_ONE_LOCK).then(|| kept.remove(0));
            kept.push(Repeat::new(content, edges, to, a.segment.clone(), mark));
            if let Some(oldest) = oldest {
                self.insert(&oldest);
            }
        }
        found
    }

    /// Keeps an acquisition for [`repeat`](Self::repeat) whose edges are in the graph, each with gates of its own:
    /// one of `froms` and what is in `gates` at the other places. Unlike [`acquire_kept`](Self::acquire_kept)
    /// it keeps no more where the lock has many.
    pub(crate) fn keep(
        &mut self,
        (froms, gates): (&[HeldInfo], &[HeldInfo]),
        to: HeldInfo,
        segment: &Segment,
        content: u64,
    ) {
        debug_assert_eq!(
            froms.len(),
            gates.len(),
            "each lock is the gate of the others"
        );
        let Some(n) = self.repeatable(to.lock, content) else {
            return;
        };
        if self.store.graph[n].repeats().len() == OF_ONE_LOCK {
            return;
        }
        let mut edges = Vec::with_capacity(froms.len());
        for (at, from) in froms.iter().enumerate() {
            if from.lock == to.lock {
                continue;
            }
            let x = self.store.index(from.lock);
            if x.and_then(|x| self.store.find(x, n)).is_none() {
                return;
            }
            let mut around: Vec<Gate> = gates.iter().map(Gate::from).collect();
            around[at] = Gate::from(from);
            edges.push((*from, self.gate_sets.intern(around)));
        }
        let repeat = Repeat::new(content, edges, to, segment.clone(), false);
        self.store.graph[n].repeats().push(repeat);
    }

    /// Records that an acquisition with this content was made in this segment, if it was
    /// [kept](Self::acquire_kept) before and the lock is on no cycle, and returns the mark; `None`, with nothing
    /// changed, otherwise. There are no findings.
    pub(crate) fn repeat(&mut self, lock: LockId, content: u64, segment: &Segment) -> Option<bool> {
        let n = self.store.index(lock)?;
        let node = &mut self.store.graph[n];
        let distinguishes = node.distinguishes_writers();
        if node.scc != 0 {
            return None;
        }
        let repeat = node.repeat_with(content)?;
        // Each writer has to be recorded.
        if repeat.to.mode == Mode::Exclusive && distinguishes {
            return None;
        }
        if !repeat.append(segment, self.limits.contexts_per_edge) {
            self.reached.contexts_dropped += repeat.edges.len() as u64;
        }
        Some(repeat.mark)
    }

    /// Returns the node of a lock if it is on no cycle and no acquisition with this content is kept.
    fn repeatable(&mut self, lock: LockId, content: u64) -> Option<NodeIndex> {
        let n = self.store.index(lock)?;
        let node = &mut self.store.graph[n];
        (node.scc == 0 && node.repeat_with(content).is_none()).then_some(n)
    }

    /// Inserts the contexts of a kept acquisition into its edges, whose end is on no cycle, or the caller
    /// searches the cycles.
    fn insert(&mut self, repeat: &Repeat) {
        let limit = self.limits.contexts_per_edge;
        for segment in &repeat.segments {
            for (from, gates) in &repeat.edges {
                let ends = (from.lock, repeat.to.lock);
                // A held lock may have been dropped since.
                let nodes = (self.store.index(ends.0), self.store.index(ends.1));
                let (Some(x), Some(y)) = nodes else { continue };
                let Some(edge) = self.store.find(x, y) else {
                    continue;
                };
                let to = (repeat.to.mode, repeat.to.site);
                let context = Context::of(segment, gates, from, to);
                match self.store.graph[edge].offer(context, ends, limit) {
                    Insert::Known | Insert::Kept(_) => {}
                    Insert::Refused | Insert::Replaced(_) => self.reached.contexts_dropped += 1,
                }
            }
        }
    }

    /// Inserts the contexts of the kept acquisitions of all locks that have got onto a cycle, before the first
    /// search there.
    fn insert_repeats(&mut self) {
        for &n in &std::mem::take(&mut self.store.tied) {
            for repeat in &std::mem::take(self.store.graph[n].repeats()) {
                self.insert(repeat);
            }
        }
    }

    /// Records that any thread may request a lock exclusively at any time, so that its readers can always
    /// wait for readers, and classifies the cycles through it again.
    pub(crate) fn allow_any_writer(&mut self, lock: LockId) -> Vec<Finding> {
        let mut found = Vec::new();
        if let Some(n) = self.store.index(lock)
            && self.store.graph[n].note_writer(None)
        {
            self.classify_again(lock, &mut found);
        }
        found
    }

    /// Returns whether so many writers of a lock were seen that they are not distinguished any more.
    pub(crate) fn has_any_writer(&self, lock: LockId) -> bool {
        let n = self.store.index(lock);
        let writers = n.and_then(|n| self.store.node(n).writers());
        matches!(writers, Some(Writers::AnyThread))
    }

    /// Removes a dropped lock, with its edges and its reported cycles.
    pub(crate) fn forget(&mut self, lock: LockId) {
        self.store.forget(lock);
        self.records.forget(lock);
    }

    /// Returns the number of edges between live locks.
    pub(crate) fn edge_count(&self) -> usize {
        self.store.edge_count()
    }

    /// Returns the number of live locks.
    pub(crate) fn lock_count(&self) -> usize {
        self.store.node_count()
    }

    /// Returns what was left out so far because a limit was reached.
    pub(crate) fn limits_reached(&self) -> LimitsReached {
        self.reached
    }

    pub(super) fn store_ref(&self) -> &Store {
        &self.store
    }

    #[cfg(test)]
    pub(super) fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    fn add(
        &mut self,
        ends: (LockId, LockId),
        context: Context,
        prospects: &mut Pruning,
        found: &mut Vec<Finding>,
    ) {
        let policy = ReadPolicy::WriterBlocksReaders;
        let x = self.store.ensure(ends.0, policy);
        let y = self.store.ensure(ends.1, policy);
        if let Some(edge) = self.store.find(x, y) {
            let known = &mut self.store.graph[edge];
            let at = match known.offer(context, ends, self.limits.contexts_per_edge) {
                Insert::Known => return,
                Insert::Refused => {
                    self.reached.contexts_dropped += 1;
                    return;
                }
                Insert::Replaced(at) => {
                    self.reached.contexts_dropped += 1;
                    at
                }
                Insert::Kept(at) => at,
            };
            let context = self.store.graph[edge].get(at).clone();
            self.store.graph[y].note_guards(ends.0, &context);
            if self.store.same_scc(x, y) {
                self.search(edge, Some(at), prospects, found);
            }
            return;
        }
        if self.store.edge_count() >= self.limits.edges {
            self.reached.edges_refused += 1;
            return;
        }
        // Two nodes of an exact component are on a common cycle already, and everything on a cycle with the
        // new edge is in that component: there is nothing to order, search or merge.
        let mut tied = self.store.is_exact_scc(x, y);
        if !tied && self.store.node(y).scc == 0 && self.store.is_in_exact_scc(x) {
            tied = self.store.join_scc(x, y) == Some(true);
        }
        let closes = !tied && self.store.order(x, y) && self.store.leads(y, x);
        self.store.graph[y].note_guards(ends.0, &context);
        let edge = self.store.insert(x, y, Edge::new(context));
        if tied {
            self.insert_repeats();
            self.search(edge, Some(0), prospects, found);
        } else if closes && self.store.approach(x, y, usize::MAX) {
            self.store.tie(y);
            self.insert_repeats();
            self.search(edge, Some(0), prospects, found);
        }
    }

    /// Searches the cycles through a lock again at which a reader can now wait for a reader.
    fn classify_again(&mut self, lock: LockId, found: &mut Vec<Finding>) {
        let Some(n) = self.store.index(lock) else {
            return;
        };
        if self.store.node(n).scc == 0 {
            return;
        }
        let mut edges = Vec::new();
        for edge in self.store.graph.edges_directed(n, Direction::Outgoing) {
            edges.push((edge.id(), edge.target()));
        }
        for &(edge, next) in &edges {
            // A writer changes nothing for a request that waits for anything but a reader.
            let known = &self.store.graph[edge];
            let has_reader = known.any(&mut |context| context.from_mode == Mode::Shared);
            if has_reader && self.store.same_scc(n, next) {
                self.search(edge, None, &mut Pruning::default(), found);
            }
        }
    }

    /// Reports the cycles through an edge of a component that are news, by one of its contexts or by any.
    fn search(
        &mut self,
        edge: EdgeIndex,
        only: Option<usize>,
        prospects: &mut Pruning,
        found: &mut Vec<Finding>,
    ) {
        let Self {
            store,
            records,
            limits,
            reserve,
            ..
        } = self;
        let (x, y) = store.ends(edge);
        let ends = (store.lock(x), store.lock(y));
        let worth = match only {
            Some(at) => prospects.of(store, records, (x, y), store.graph[edge].get(at)),
            // If two locks were reported as an inversion, every cycle through the edge contains both.
            None if records.pair(ends) == Some(Verdict::Inversion) => SearchWorth::NONE,
            None => SearchWorth::ALL,
        };
        if worth == SearchWorth::NONE {
            return;
        }
        let most = match worth.inversions {
            true => usize::MAX,
            false => prospects.left(limits.search_steps),
        };
        let is_cycle = store.approach(x, y, most);
        prospects.spend(store.approached());
        if !is_cycle {
            self.reached.searches_cut += u64::from(store.approached() == most);
            return;
        }
        let known = records.inversions_through(ends);
        if (Search {
            store,
            records,
            limits,
            reserve,
            edge,
            only,
            worth,
            known,
            found,
        })
        .run()
        {
            self.reached.searches_cut += 1;
        }
    }
}

/// Returns all that the thread of an acquisition holds or runs under.
fn held_gates(a: &Acquisition<'_>) -> Vec<Gate> {
    let mut gates = Vec::with_capacity(a.held.len() + a.gone.len() + a.inherited.len());
    for held in a.held {
        gates.push(Gate::from(held));
    }
    for held in a.gone {
        gates.push(Gate::from(held));
    }
    for inherited in a.inherited {
        gates.push(Gate::from(inherited));
    }
    gates
}
