//! What the order graph spends at most, and what it had to leave out.

/// Bounds of the order graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Contexts that one edge remembers, at least one.
    pub(crate) contexts_per_edge: usize,
    /// Steps of one search for cycles, and again of the judging of what it finds.
    pub(crate) search_steps: usize,
    /// Links of a cycle that is searched for beyond the shortest one, which may have any length.
    pub(crate) cycle_length: usize,
    /// Edges between live locks.
    pub(crate) edges: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { contexts_per_edge: 16, search_steps: 20_000, cycle_length: 64, edges: 4_000_000 }
    }
}

/// What was left out because a limit was reached, counted since the graph was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitsReached {
    /// Contexts that were not kept because their edge had enough of them.
    pub(crate) contexts_dropped: u64,
    /// Searches that ended before they had seen every cycle.
    pub(crate) searches_cut: u64,
    /// New edges that were not kept because there were enough of them.
    pub(crate) edges_refused: u64,
}

impl LimitsReached {
    /// Whether anything was left out at all.
    pub(crate) fn any(&self) -> bool {
        *self != Self::default()
    }
}

/// Steps that are left to a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left: usize,
    cut: bool,
}

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self { left: steps, cut: false }
    }

    /// Takes `steps`, or says that there are not so many left.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        if self.cut || self.left < steps {
            self.cut = true;
            return false;
        }
        self.left -= steps;
        true
    }

    /// Whether something was refused.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }
}
