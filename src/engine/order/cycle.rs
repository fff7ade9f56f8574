//! The cycles through one edge, shortest first.

use petgraph::Direction;
use petgraph::stable_graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use super::judge::{self, Hop};
use super::limits::{Budget, Limits, Reserve};
use super::records::{Records, Within, nearness};
use super::store::Store;
use crate::engine::acquisition::{Finding, Link};
use crate::engine::ids::LockId;
use crate::engine::verdict::Verdict;

/// The least budget of judging the one cycle that may have any length: enough to compare each
/// pair of links of some thousands.
const LONG: usize = 1 << 20;

/// What a search is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aim {
    /// Inversions. A path is given up as soon as no choice of contexts makes it part of one, or
    /// when an inversion that was told lies within it.
    Inversions,
    /// Cycles with any verdict. A path is given up when a cycle that was told lies within it.
    Any,
}

/// A path that begins with the edge of the search: a leaf of the tree of such paths.
struct Path {
    before: u32,
    edge: EdgeIndex,
    end: NodeIndex,
    len: usize,
    /// Has the locks of a cycle that was told: it may close, but lengthening it is no news.
    sealed: bool,
    /// The contexts by which the path can be part of an inversion, if that is the aim.
    picks: Box<[u16]>,
}

/// A search for the cycles through one edge, over a store in which `approach` has measured the
/// way back to the start of that edge.
pub(super) struct Search<'a> {
    pub(super) store: &'a Store,
    pub(super) records: &'a mut Records,
    pub(super) limits: &'a Limits,
    pub(super) reserve: &'a mut Reserve,
    pub(super) edge: EdgeIndex,
    /// The context of the edge that is new, if it is not all of them that call for the search.
    pub(super) only: Option<usize>,
    pub(super) found: &'a mut Vec<Finding>,
}

impl<'a> Search<'a> {
    /// Tells all cycles through the edge that are news. Returns whether any was left out.
    pub(super) fn run(&mut self) -> bool {
        let (x, y) = self.store.ends(self.edge);
        let pair = canonical(vec![self.store.lock(x), self.store.lock(y)]);
        if self.records.verdict(&pair) == Some(Verdict::Inversion) {
            // Every further cycle through the edge has these two locks and is no news.
            return false;
        }
        let Some(back) = self.store.distance(y) else {
            return false;
        };
        if back + 1 > self.limits.cycle_length {
            self.tell_shortest();
            return true;
        }
        let cut = self.enumerate(Aim::Inversions);
        self.enumerate(Aim::Any) || cut
    }

    /// Judges one shortest cycle, however long it is.
    fn tell_shortest(&mut self) {
        let (x, mut n) = self.store.ends(self.edge);
        let mut edges = vec![self.edge];
        while n != x {
            let nearer = self.store.distance(n).unwrap_or(0).checked_sub(1);
            let mut out = self.store.graph.edges_directed(n, Direction::Outgoing);
            let step = out.find(|edge| self.store.distance(edge.target()) == nearer);
            let Some(step) = step else { return };
            edges.push(step.id());
            n = step.target();
        }
        let hops: Vec<Hop<'_>> = edges.iter().map(|edge| self.hop(*edge)).collect();
        let mut budget = Budget::new(self.limits.search_steps.max(LONG));
        if let Some((verdict, picks)) = judge::judge_long(&hops, &mut budget) {
            self.tell(&hops, verdict, &picks);
        }
    }

    fn enumerate(&mut self, aim: Aim) -> bool {
        let granted = self.reserve.grant();
        let mut budget = Budget::new(granted);
        let too_long = self.follow(aim, &mut budget);
        self.reserve.settle(granted - budget.left());
        too_long || budget.is_cut()
    }

    /// Follows paths in the order of the shortest cycle that each can close to. Returns whether
    /// some were given up because that cycle is too long.
    fn follow(&mut self, aim: Aim, budget: &mut Budget) -> bool {
        let (x, y) = self.store.ends(self.edge);
        let back = self.store.distance(y).unwrap_or(0);
        let picks: Box<[u16]> = Box::new([self.only.unwrap_or(0) as u16]);
        let pair = [self.store.lock(x), self.store.lock(y)];
        let sealed = self.within(aim, &pair, pair[1], budget) != Within::None;
        let mut tree = vec![Path {
            before: 0,
            edge: self.edge,
            end: y,
            len: 1,
            sealed,
            picks,
        }];
        // By the number of links of that shortest cycle. It never falls along a path.
        let mut open: Vec<Vec<u32>> = vec![Vec::new(); self.limits.cycle_length + 1];
        open[back + 1].push(0);
        let mut shortest = back + 1;
        let mut too_long = false;
        while let Some(list) = open.get_mut(shortest) {
            let Some(at) = list.pop() else {
                shortest += 1;
                continue;
            };
            let path = &tree[at as usize];
            let (len, end, sealed) = (path.len, path.end, path.sealed);
            let picks = path.picks.clone();
            let edges = edges_of(&tree, at);
            let mut hops: Vec<Hop<'_>> = edges.iter().map(|edge| self.hop(*edge)).collect();
            let mut locks: Vec<LockId> = hops.iter().map(|hop| hop.ends.0).collect();
            locks.push(self.store.lock(end));
            let store = self.store;
            for step in store.graph.edges_directed(end, Direction::Outgoing) {
                let next = step.target();
                let Some(rest) = store.distance(next) else {
                    continue;
                };
                if !budget.spend(1 + len / 8) {
                    return too_long;
                }
                let closes = next == x;
                if !closes && (sealed || locks.contains(&store.lock(next))) {
                    continue;
                }
                if len + 1 + rest > self.limits.cycle_length {
                    too_long = true;
                    continue;
                }
                hops.truncate(len);
                hops.push(self.hop(step.id()));
                if !judge::can_meet(&hops[len - 1], &hops[len]) {
                    continue;
                }
                if closes {
                    self.close(aim, &hops, &picks, budget);
                    continue;
                }
                let lock = store.lock(next);
                locks.push(lock);
                let within = self.within(aim, &locks, lock, budget);
                locks.pop();
                if within == Within::Fewer {
                    continue;
                }
                let picks = match aim {
                    Aim::Any => Box::default(),
                    Aim::Inversions => match judge::lengthen(&hops, &picks, false, budget) {
                        Some(picks) => picks,
                        None => continue,
                    },
                };
                let sealed = within == Within::All;
                open[len + 1 + rest].push(tree.len() as u32);
                tree.push(Path {
                    before: at,
                    edge: step.id(),
                    end: next,
                    len: len + 1,
                    sealed,
                    picks,
                });
            }
        }
        too_long
    }

    /// Judges a closed cycle and tells it if that is news.
    fn close(&mut self, aim: Aim, hops: &[Hop<'_>], picks: &[u16], budget: &mut Budget) {
        let locks: Vec<LockId> = hops.iter().map(|hop| hop.ends.0).collect();
        let mut free = Budget::new(usize::MAX);
        if locks
            .iter()
            .any(|lock| self.within(aim, &locks, *lock, &mut free) == Within::Fewer)
        {
            return;
        }
        let verdict = match aim {
            Aim::Any => judge::judge(hops, budget),
            Aim::Inversions => {
                judge::lengthen(hops, picks, true, budget).map(|picks| (Verdict::Inversion, picks))
            }
        };
        if let Some((verdict, picks)) = verdict {
            self.tell(hops, verdict, &picks);
        }
    }

    fn within(&self, aim: Aim, locks: &[LockId], last: LockId, budget: &mut Budget) -> Within {
        // A look at many remembered cycles is work too. What the budget refuses here it refuses
        // at the next step of the search again, which then ends.
        budget.spend(self.records.count(last) / 4);
        let inversions = aim == Aim::Inversions;
        self.records
            .within(last, locks.len(), inversions, |lock| locks.contains(&lock))
    }

    fn hop(&self, edge: EdgeIndex) -> Hop<'a> {
        hop(
            self.store,
            edge,
            if edge == self.edge { self.only } else { None },
        )
    }

    /// Remembers and returns a cycle unless it was told with a verdict as near to a deadlock.
    fn tell(&mut self, hops: &[Hop<'_>], verdict: Verdict, picks: &[u16]) {
        let lowest = (0..hops.len())
            .min_by_key(|at| hops[*at].ends.0)
            .unwrap_or(0);
        let order = (lowest..hops.len()).chain(0..lowest);
        let locks: Vec<LockId> = order.clone().map(|at| hops[at].ends.0).collect();
        if self
            .records
            .verdict(&locks)
            .is_some_and(|known| nearness(known) <= nearness(verdict))
        {
            return;
        }
        self.records.note(&locks, verdict);
        let links = order.map(|at| link(&hops[at], picks[at])).collect();
        let guards = match verdict {
            Verdict::Guarded => judge::guards(hops, picks),
            _ => Vec::new(),
        };
        self.found.push(Finding {
            verdict,
            links,
            guards,
        });
    }
}

fn hop(store: &Store, edge: EdgeIndex, only: Option<usize>) -> Hop<'_> {
    let (from, to) = store.ends(edge);
    Hop {
        edge: &store.graph[edge],
        ends: (store.lock(from), store.lock(to)),
        readers_wait: store.node(from).readers_wait(),
        only,
    }
}

fn link(hop: &Hop<'_>, pick: u16) -> Link {
    let context = hop.edge.get(pick.into());
    let gates = context
        .gates
        .iter()
        .flat_map(|gates| gates.around(hop.ends));
    Link {
        from: hop.ends.0,
        from_mode: context.from_mode,
        from_site: context.from_site,
        to: hop.ends.1,
        to_mode: context.to_mode,
        to_site: context.to_site,
        thread: context.thread(),
        gates: gates.map(|gate| gate.lock).collect(),
    }
}

fn edges_of(tree: &[Path], mut at: u32) -> Vec<EdgeIndex> {
    let mut edges = Vec::with_capacity(tree[at as usize].len);
    loop {
        let path = &tree[at as usize];
        edges.push(path.edge);
        if path.len == 1 {
            edges.reverse();
            return edges;
        }
        at = path.before;
    }
}

/// Turns a cycle so that its lowest lock comes first.
fn canonical(mut locks: Vec<LockId>) -> Vec<LockId> {
    let lowest = (0..locks.len()).min_by_key(|at| locks[*at]).unwrap_or(0);
    locks.rotate_left(lowest);
    locks
}
