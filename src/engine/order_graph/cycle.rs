//! The cycles through one edge, shortest first.

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::classify;
use super::cycle_step::CycleStep;
use super::finding;
use super::limits::{Budget, Limits, Reserve};
use super::prune::SearchWorth;
use super::reported_cycles::{CycleId, ReportedCycles, Within, nearness};
use super::store::Store;
use crate::engine::acquisition::Finding;
use crate::engine::ids::LockId;
use crate::engine::verdict::Verdict;

/// The smallest budget for the one cycle that may have any length: enough to compare each pair of links in a
/// cycle of some thousands.
const LONG: usize = 1 << 20;

/// Steps of the choice of contexts for one path.
const LENGTHEN: usize = 256;

/// What a search looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// Inversions. A path is dropped as soon as no choice of contexts makes it part of one, or when an
    /// inversion that was reported with the searched edge lies within the path.
    Inversions,
    /// Cycles with any verdict. A path is dropped when any reported cycle lies within it.
    Any,
}

/// A path that begins with the searched edge: a leaf of the tree of such paths.
struct Path {
    before: u32,
    edge: EdgeIndex,
    end: NodeIndex,
    len: usize,
    /// Whether the path has all locks of a reported cycle: it may close, but an extension
    /// of it is no news.
    sealed: bool,
    /// The contexts by which the path can be part of an inversion, if the search is for inversions.
    picks: Vec<u16>,
}

/// An edge by which a path may continue.
#[derive(Clone, Copy)]
struct Step {
    before: u32,
    edge: EdgeIndex,
    end: NodeIndex,
}

/// A search for the cycles through one edge, over a store in which `approach` has measured the distances back
/// to the start of that edge.
pub(super) struct Search<'a> {
    pub(super) store: &'a Store,
    pub(super) records: &'a mut ReportedCycles,
    pub(super) limits: &'a Limits,
    pub(super) reserve: &'a mut Reserve,
    pub(super) edge: EdgeIndex,
    /// The context of the edge that is new, unless all its contexts are to be considered.
    pub(super) only: Option<usize>,
    /// What the look ahead did not rule out.
    pub(super) worth: SearchWorth,
    /// The reported inversions through the edge: a cycle that contains one of them is no news.
    pub(super) known: Vec<CycleId>,
    pub(super) found: &'a mut Vec<Finding>,
}

impl<'a> Search<'a> {
    /// Reports all cycles through the edge that are news. Returns whether any was left out.
    pub(super) fn run(&mut self) -> bool {
        let y = self.store.ends(self.edge).1;
        let Some(back) = self.store.distance(y) else {
            return false;
        };
        if back + 1 > self.limits.cycle_length {
            self.report_shortest();
            return true;
        }
        let cut = self.worth.inversions && self.enumerate(Aim::Inversions);
        if self.is_exhausted() {
            return false;
        }
        (self.worth.labels && self.enumerate(Aim::Any)) || cut
    }

    /// Returns whether the two ends of the edge alone were reported as an inversion: every other cycle
    /// through the edge has both of them, and is no news.
    fn is_exhausted(&self) -> bool {
        let pair = self.pair();
        self.records.among_within(&self.known, &pair) != Within::None
    }

    fn pair(&self) -> [LockId; 2] {
        let (x, y) = self.store.ends(self.edge);
        [self.store.lock(x), self.store.lock(y)]
    }

    /// Classifies one shortest cycle, whatever its length.
    fn report_shortest(&mut self) {
        let (x, mut n) = self.store.ends(self.edge);
        let mut hops = vec![self.hop(self.edge)];
        while n != x {
            let nearer = self.store.distance(n).unwrap_or(0).checked_sub(1);
            let mut out = self.store.graph.edges_directed(n, Direction::Outgoing);
            let step = out.find(|edge| self.store.distance(edge.target()) == nearer);
            let Some(step) = step else { return };
            hops.push(self.hop(step.id()));
            n = step.target();
        }
        let mut budget = Budget::new(self.limits.search_steps.max(LONG));
        if let Some((verdict, picks)) = classify::classify_long(&hops, &mut budget) {
            self.report(&hops, verdict, &picks);
        }
    }

    fn enumerate(&mut self, aim: Aim) -> bool {
        let granted = self.reserve.grant();
        let mut budget = Budget::new(granted);
        let too_long = self.follow(aim, &mut budget);
        self.reserve.settle(granted - budget.left());
        too_long || budget.is_cut()
    }

    /// Extends paths in the order of the shortest cycle that each can close to. Returns whether paths were
    /// dropped because that cycle is too long.
    fn follow(&mut self, aim: Aim, budget: &mut Budget) -> bool {
        let (x, y) = self.store.ends(self.edge);
        let sealed = self.within(aim, &self.pair(), budget) != Within::None;
        let picks = vec![self.only.unwrap_or(0) as u16];
        let mut tree = vec![Path {
            before: 0,
            edge: self.edge,
            end: y,
            len: 1,
            sealed,
            picks,
        }];
        // The steps to take, by the length of that shortest cycle, which never decreases along a path. Within
        // one length the last step comes first: this depth-first order reaches a cycle directly.
        let mut open: Vec<Vec<Step>> = Vec::new();
        open.resize_with(self.limits.cycle_length + 1, Vec::new);
        let mut too_long = false;
        if !self.branch(&tree, 0, &mut open, budget, &mut too_long) {
            return too_long;
        }
        let mut length = 2;
        let mut hops: Vec<CycleStep<'a>> = Vec::new();
        while let Some(list) = open.get_mut(length) {
            let Some(step) = list.pop() else {
                length += 1;
                continue;
            };
            let path = &tree[step.before as usize];
            if !budget.spend(1 + path.len / 8) {
                break;
            }
            self.hops_of(&tree, step.before, &mut hops);
            hops.push(self.hop(step.edge));
            if !classify::can_meet(&hops[path.len - 1], &hops[path.len]) {
                continue;
            }
            if step.end == x {
                self.close(aim, &hops, &path.picks, budget);
                if hops.len() == 2 && aim == Aim::Inversions && self.is_exhausted() {
                    break;
                }
                continue;
            }
            let mut locks = finding::locks(&hops);
            let lock = self.store.lock(step.end);
            if locks.contains(&lock) {
                continue;
            }
            locks.push(lock);
            let within = self.within(aim, &locks, budget);
            if within == Within::Fewer {
                continue;
            }
            let picks = match aim {
                Aim::Any => Vec::new(),
                Aim::Inversions => {
                    let longer = |part: &mut _| classify::lengthen(&hops, &path.picks, false, part);
                    match budget.part(LENGTHEN, longer) {
                        Some(picks) => picks,
                        None => continue,
                    }
                }
            };
            let (before, sealed, len) = (step.before, within == Within::All, path.len + 1);
            tree.push(Path {
                before,
                edge: step.edge,
                end: step.end,
                len,
                sealed,
                picks,
            });
            let last = tree.len() - 1;
            if !self.branch(&tree, last, &mut open, budget, &mut too_long) {
                break;
            }
        }
        too_long
    }

    /// Pushes the steps that extend a path. Returns `false` if the budget is spent.
    fn branch(
        &self,
        tree: &[Path],
        at: usize,
        open: &mut [Vec<Step>],
        budget: &mut Budget,
        too_long: &mut bool,
    ) -> bool {
        let path = &tree[at];
        let x = self.store.ends(self.edge).0;
        let edges = self
            .store
            .graph
            .edges_directed(path.end, Direction::Outgoing);
        for (n, edge) in edges.enumerate() {
            // Pushing a step is less work than taking it.
            if !budget.spend(usize::from(n % 8 == 0)) {
                return false;
            }
            let end = edge.target();
            let Some(rest) = self.store.distance(end) else {
                continue;
            };
            if path.sealed && end != x {
                continue;
            }
            match open.get_mut(path.len + 1 + rest) {
                Some(list) => list.push(Step {
                    before: at as u32,
                    edge: edge.id(),
                    end,
                }),
                None => *too_long = true,
            }
        }
        true
    }

    /// Classifies a closed cycle and reports it if it is news.
    fn close(&mut self, aim: Aim, hops: &[CycleStep<'_>], picks: &[u16], budget: &mut Budget) {
        let locks = finding::locks(hops);
        // Cycles reported since the path was pushed count, too.
        let is_old = match aim {
            Aim::Inversions => self.records.among_within(&self.known, &locks) == Within::Fewer,
            Aim::Any => locks
                .iter()
                .any(|lock| self.records.any_within(*lock, &locks) == Within::Fewer),
        };
        if is_old {
            return;
        }
        // One cycle with many contexts must not use up the budget of all others.
        let verdict = budget.part(self.limits.search_steps / 8, |part| match aim {
            Aim::Any => classify::classify(hops, part),
            Aim::Inversions => {
                classify::lengthen(hops, picks, true, part).map(|picks| (Verdict::Inversion, picks))
            }
        });
        if let Some((verdict, picks)) = verdict {
            self.report(hops, verdict, &picks);
        }
    }

    /// Returns how the reported cycles relate to a path that was extended by its last lock.
    fn within(&self, aim: Aim, path: &[LockId], budget: &mut Budget) -> Within {
        // A look at many reported cycles costs steps, too. If the budget refuses them here it also refuses
        // the next step of the search, which then ends.
        match (aim, path.last()) {
            (Aim::Any, Some(last)) => {
                budget.spend(self.records.count(*last) / 4);
                self.records.any_within(*last, path)
            }
            _ => {
                budget.spend(self.known.len() / 4);
                self.records.among_within(&self.known, path)
            }
        }
    }

    /// Collects the steps of a path in a buffer.
    fn hops_of(&self, tree: &[Path], mut at: u32, hops: &mut Vec<CycleStep<'a>>) {
        hops.clear();
        loop {
            let path = &tree[at as usize];
            hops.push(self.hop(path.edge));
            if path.len == 1 {
                hops.reverse();
                return;
            }
            at = path.before;
        }
    }

    fn hop(&self, edge: EdgeIndex) -> CycleStep<'a> {
        let (from, to) = self.store.ends(edge);
        CycleStep {
            edge: &self.store.graph[edge],
            ends: (self.store.lock(from), self.store.lock(to)),
            writers: self.store.node(from).writers(),
            only: if edge == self.edge { self.only } else { None },
        }
    }

    /// Records a cycle as a finding unless it was reported with a verdict as near to a deadlock.
    fn report(&mut self, hops: &[CycleStep<'_>], verdict: Verdict, picks: &[u16]) {
        let locks = finding::canonical(&finding::locks(hops));
        let known = self.records.verdict(&locks);
        if known.is_some_and(|known| nearness(known) <= nearness(verdict)) {
            return;
        }
        let id = self.records.note(&locks, verdict);
        if verdict == Verdict::Inversion {
            self.known.push(id);
        }
        self.found.push(finding::of(hops, verdict, picks));
    }
}
