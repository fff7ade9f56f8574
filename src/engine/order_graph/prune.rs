//! The look ahead: whether a search can find anything, determined once for all edges of an acquisition.

use petgraph::Direction;
use petgraph::stable_graph::NodeIndex;
use petgraph::visit::EdgeRef;

use super::context::Context;
use super::edge::Edge;
use super::reported_cycles::{ReportedCycles, nearness};
use super::scratch::NodeSet;
use super::store::Store;
use crate::engine::verdict::Verdict;

/// Steps of one look ahead: the contexts of a lock with a hundred outgoing edges, several times over.
const STEPS: usize = 4096;

/// What a search through one edge can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SearchWorth {
    pub(super) inversions: bool,
    pub(super) labels: bool,
}

impl SearchWorth {
    pub(super) const ALL: Self = Self {
        inversions: true,
        labels: true,
    };
    pub(super) const NONE: Self = Self {
        inversions: false,
        labels: false,
    };
}

/// Nodes of a component; `None` if the look ahead ran out of steps, which stands for all of them.
type Reached = Option<NodeSet>;

/// What the requested lock leads to, as far as it concerns one acquisition.
///
/// All edges of an acquisition end at that lock, under the same gates and in the same segment, so one look
/// ahead serves them all. Edges that the acquisition itself inserts lead only to that lock, and cycles
/// reported meanwhile only reduce what is news; so the result stays valid until the component changes.
#[derive(Debug, Default)]
pub(super) struct Pruning {
    scc: u32,
    /// Nodes reached over edges with a context that can coexist with that of the acquisition.
    beside: Option<Reached>,
    /// Nodes reached over edges whose two ends were not reported yet as a cycle of two.
    unreported: Option<Reached>,
    /// Steps spent by the searches of this acquisition on the distances back to the starts of its edges,
    /// which no budget bounds.
    spent: usize,
}

impl Pruning {
    /// Returns how many of `most` steps this acquisition may still spend on cycles that can only be reported
    /// as labels.
    ///
    /// Where a thread that cannot run concurrently with the first one nests n locks in the opposite order,
    /// each of the n² edges closes cycles, all of which are excused. One acquisition reports as many of them
    /// as one budget finds.
    pub(super) fn left(&self, most: usize) -> usize {
        most.saturating_sub(self.spent)
    }

    pub(super) fn spend(&mut self, steps: usize) {
        self.spent = self.spent.saturating_add(steps);
    }

    /// Returns what a search through x → y can find that is news, by the context that is new.
    ///
    /// Both ends are in one component, and so is every cycle through the edge.
    pub(super) fn of(
        &mut self,
        store: &Store,
        records: &ReportedCycles,
        (x, y): (NodeIndex, NodeIndex),
        context: &Context,
    ) -> SearchWorth {
        let scc = store.node(y).scc;
        if self.scc != scc {
            *self = Self {
                scc,
                spent: self.spent,
                ..Self::default()
            };
        }
        let ends = (store.lock(x), store.lock(y));
        let pair = records.pair(ends);
        if pair == Some(Verdict::Inversion) {
            return SearchWorth::NONE;
        }
        let beside = self.beside.get_or_insert_with(|| {
            reach(store, y, &mut |edge, n, next| {
                if store.node(next).is_guarded(context, ends.0) {
                    return (0, false);
                }
                let n = store.lock(n);
                let mut is_beside = |known: &Context| context.can_stand_beside(ends.0, known, n);
                (edge.len(), edge.any(&mut is_beside))
            })
        });
        let inversions = has(beside, x);
        let labels = match pair {
            // Only the pair itself can be news, with a verdict that is nearer to a deadlock.
            Some(verdict) => inversions || nearness(verdict) > nearness(Verdict::Guarded),
            None => {
                let unreported = self.unreported.get_or_insert_with(|| {
                    reach(store, y, &mut |_, n, next| {
                        let other = (store.lock(n), store.lock(next));
                        (1, records.pair(other).is_none())
                    })
                });
                has(unreported, x)
            }
        };
        SearchWorth { inversions, labels }
    }
}

fn has(reached: &Reached, n: NodeIndex) -> bool {
    reached.as_ref().is_none_or(|reached| reached.contains(n))
}

/// Returns the nodes of its component that `y` leads to over edges that satisfy `passes`, which returns the
/// steps that it cost as well.
fn reach(
    store: &Store,
    y: NodeIndex,
    passes: &mut dyn FnMut(&Edge, NodeIndex, NodeIndex) -> (usize, bool),
) -> Reached {
    let mut reached = NodeSet::new(store.node_slots());
    let mut open = vec![y];
    let mut left = STEPS;
    while let Some(n) = open.pop() {
        for edge in store.graph.edges_directed(n, Direction::Outgoing) {
            let next = edge.target();
            left = left.checked_sub(1)?;
            if store.node(next).is_dead() || !store.same_scc(y, next) || reached.contains(next) {
                continue;
            }
            let (steps, passed) = passes(edge.weight(), n, next);
            left = left.checked_sub(steps)?;
            if passed {
                reached.insert(next);
                open.push(next);
            }
        }
    }
    Some(reached)
}
