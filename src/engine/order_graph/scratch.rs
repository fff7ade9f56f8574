//! The marks that the searches of the graph leave at its nodes, and sets of nodes.

use petgraph::stable_graph::NodeIndex;

/// The marks of one search, kept between searches so that they need not be cleared.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) epoch: u32,
    pub(super) ahead: Vec<u32>,
    pub(super) behind: Vec<u32>,
    pub(super) distance: Vec<u32>,
    /// The number of edges that the last `approach` passed.
    pub(super) passed: usize,
    /// The number of edges that all searches passed.
    #[cfg(test)]
    pub(super) walked: usize,
}

impl Scratch {
    pub(super) fn begin(&mut self, nodes: usize) {
        if self.epoch == u32::MAX {
            *self = Self::default();
        }
        self.epoch += 1;
        if self.ahead.len() < nodes {
            self.ahead.resize(nodes, 0);
            self.behind.resize(nodes, 0);
            self.distance.resize(nodes, 0);
        }
    }

    /// Marks `n` as reached forwards; returns `false` if it was marked already.
    pub(super) fn mark_ahead(&mut self, n: NodeIndex) -> bool {
        std::mem::replace(&mut self.ahead[n.index()], self.epoch) != self.epoch
    }

    pub(super) fn count(&mut self) {
        #[cfg(test)]
        {
            self.walked += 1;
        }
    }

    pub(super) fn mark_behind(&mut self, n: NodeIndex) -> bool {
        std::mem::replace(&mut self.behind[n.index()], self.epoch) != self.epoch
    }

    pub(super) fn is_ahead(&self, n: NodeIndex) -> bool {
        self.ahead[n.index()] == self.epoch
    }

    pub(super) fn is_behind(&self, n: NodeIndex) -> bool {
        self.behind.get(n.index()) == Some(&self.epoch)
    }
}

/// A set of nodes, one bit each.
#[derive(Debug)]
pub(super) struct NodeSet(Vec<u64>);

impl NodeSet {
    /// Returns an empty set of nodes with indices below `slots`.
    pub(super) fn new(slots: usize) -> Self {
        Self(vec![0; slots.div_ceil(64)])
    }

    pub(super) fn insert(&mut self, n: NodeIndex) {
        self.0[n.index() / 64] |= 1 << (n.index() % 64);
    }

    pub(super) fn contains(&self, n: NodeIndex) -> bool {
        self.0[n.index() / 64] & (1 << (n.index() % 64)) != 0
    }
}
