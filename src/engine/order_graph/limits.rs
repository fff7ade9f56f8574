//! The limits of the order graph, and the counts of what it left out because of them.

/// Bounds of the order graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Contexts that one edge remembers, at least one.
    pub(crate) contexts_per_edge: usize,
    /// Steps of one search for inversions, and again of one for cycles with other verdicts.
    /// A graph in which many searches need them all gets fewer: see [`Reserve`].
    pub(crate) search_steps: usize,
    /// The most links of a cycle that is searched for; the one shortest cycle may have any length.
    pub(crate) cycle_length: usize,
    /// Edges between live locks.
    pub(crate) edges: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            contexts_per_edge: 16,
            search_steps: 20_000,
            cycle_length: 64,
            edges: 4_000_000,
        }
    }
}

/// What was left out because a limit was reached, counted since the graph was created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LimitsReached {
    /// Contexts that were not kept because their edge was full.
    pub(crate) contexts_dropped: u64,
    /// Searches that ended before every cycle was found.
    pub(crate) searches_cut: u64,
    /// New edges that were not stored because the graph was full.
    pub(crate) edges_refused: u64,
}

/// The steps that a search has left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    left: usize,
    cut: bool,
}

impl Budget {
    pub(super) fn new(steps: usize) -> Self {
        Self {
            left: steps,
            cut: false,
        }
    }

    /// Takes `steps`, or what is left, and returns whether all of `steps` were available.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        let enough = self.left >= steps;
        self.left = self.left.saturating_sub(steps);
        self.cut |= !enough;
        enough
    }

    /// Runs a part of the work with at most `steps`, so that one part cannot use up the budget.
    pub(super) fn part<T>(&mut self, steps: usize, work: impl FnOnce(&mut Budget) -> T) -> T {
        let granted = steps.min(self.left);
        let mut part = Budget::new(granted);
        let done = work(&mut part);
        self.left -= granted - part.left;
        self.cut |= part.cut;
        done
    }

    /// Returns whether steps were refused.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Returns the number of unspent steps.
    pub(super) fn left(&self) -> usize {
        self.left
    }
}

/// The steps beyond the usual share that all searches together may take.
///
/// In a component of many locks every new context starts a search, and each would take its full budget:
/// seconds of work, though the short cycles, which are the likely ones, come first. So only as many searches
/// as fit into the reserve get the full number of steps, later ones get a small share, and searches that need
/// less than that share refill the reserve slowly.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reserve {
    full: usize,
    share: usize,
    left: usize,
}

impl Reserve {
    const SEARCHES: usize = 64;
    const SHARE: usize = 128;
    const REFILL: usize = 32;

    pub(super) fn new(limits: &Limits) -> Self {
        let full = limits.search_steps;
        Self {
            full,
            share: full / Self::SHARE,
            left: full.saturating_mul(Self::SEARCHES),
        }
    }

    /// Returns the number of steps that the next search may take.
    pub(super) fn grant(&self) -> usize {
        self.full.min(self.share + self.left)
    }

    /// Charges the steps that a search took to the reserve, or refills it.
    pub(super) fn settle(&mut self, taken: usize) {
        if taken > self.share {
            self.left = self.left.saturating_sub(taken - self.share);
        } else {
            let refilled = self.left + (self.share - taken) / Self::REFILL;
            self.left = refilled.min(self.full.saturating_mul(Self::SEARCHES));
        }
    }
}
