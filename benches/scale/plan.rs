//! The shapes: which locks are taken within which.

use crate::common::random::Random;

/// A sequence of nests: in each, `width` locks are taken, each under those before it.
pub(crate) struct Plan {
    /// Locks that there are.
    pub(crate) locks: usize,
    /// Distinct acquired-before edges that the nests make.
    pub(crate) edges: usize,
    /// Locks of a nest.
    pub(crate) width: usize,
    /// The nests, one after the other.
    pub(crate) sequence: Vec<u32>,
}

impl Plan {
    fn pairs(locks: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let sequence: Vec<u32> = pairs
            .flat_map(|(outer, inner)| [outer as u32, inner as u32])
            .collect();
        Self {
            locks,
            edges: sequence.len() / 2,
            width: 2,
            sequence,
        }
    }

    /// `size` locks, each alone.
    pub(crate) fn alone(size: usize) -> Self {
        Self {
            locks: size,
            edges: 0,
            width: 1,
            sequence: (0..size as u32).collect(),
        }
    }

    /// `size` locks under one.
    pub(crate) fn star(size: usize) -> Self {
        Self::pairs(size + 1, (1..=size).map(|child| (0, child)))
    }

    /// One lock under each of `size` others.
    pub(crate) fn fan_in(size: usize) -> Self {
        Self::pairs(size + 1, (1..=size).map(|parent| (parent, 0)))
    }

    /// A chain of `size` edges that grows at its end.
    pub(crate) fn chain_head_first(size: usize) -> Self {
        Self::pairs(size + 1, (0..size).map(|at| (at, at + 1)))
    }

    /// A chain of `size` edges that grows at its start.
    pub(crate) fn chain_tail_first(size: usize) -> Self {
        Self::pairs(size + 1, (0..size).rev().map(|at| (at, at + 1)))
    }

    /// About `size` edges, from each of one half of the locks to each of the other.
    pub(crate) fn halves(size: usize) -> Self {
        let half = size.isqrt();
        let pairs = (0..half * half).map(|at| (at / half, half + at % half));
        Self::pairs(2 * half, pairs)
    }

    /// `size` edges between 100,000 locks, drawn at random from those of a random order.
    pub(crate) fn random_order(size: usize) -> Self {
        const LOCKS: usize = 100_000;
        let mut random = Random::new(0x5ca1e);
        let mut order: Vec<usize> = (0..LOCKS).collect();
        random.shuffle(&mut order);
        let pairs = (0..size).map(|_| {
            let one = random.below(LOCKS);
            let two = (one + 1 + random.below(LOCKS - 1)) % LOCKS;
            (order[one.min(two)], order[one.max(two)])
        });
        // A few are drawn twice: one in ten thousand, of a million.
        Self::pairs(LOCKS, pairs)
    }

    /// `size` groups of 45 locks, all of a group in one nest.
    pub(crate) fn cliques(size: usize) -> Self {
        const WIDTH: usize = 45;
        Self {
            locks: size * WIDTH,
            edges: size * WIDTH * (WIDTH - 1) / 2,
            width: WIDTH,
            sequence: (0..(size * WIDTH) as u32).collect(),
        }
    }

    /// `size` locks in all their rotations: every two of them in both orders.
    pub(crate) fn rotations(size: usize) -> Self {
        let nests = (0..size).flat_map(|first| (0..size).map(move |at| (first + at) % size));
        Self {
            locks: size,
            edges: size * (size - 1),
            width: size,
            sequence: nests.map(|lock| lock as u32).collect(),
        }
    }

    /// `size` locks in one nest.
    pub(crate) fn depth(size: usize) -> Self {
        Self {
            locks: size,
            edges: size * (size - 1) / 2,
            width: size,
            sequence: (0..size as u32).collect(),
        }
    }
}
