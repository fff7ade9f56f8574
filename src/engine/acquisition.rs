//! What the engine is told of one acquisition, and what it answers.

use super::clock::vector_clock::Segment;
use super::ids::{LockId, Site, ThreadId};
use super::mode::Mode;
use super::verdict::Verdict;

/// A lock that a thread holds, with the mode and the place in which it took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) lock: LockId,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}

/// A lock that another thread holds for as long as this one runs.
///
/// It excludes whoever else wants the lock, but not what its holder does meanwhile, nor what other
/// threads do that inherited it from the same holder: they are all in one critical section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InheritedHold {
    pub(crate) held: Held,
    pub(crate) holder: ThreadId,
}

/// One acquisition that may block: `thread` asks for `lock` while it holds `held`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acquisition<'a> {
    pub(crate) thread: ThreadId,
    pub(crate) segment: &'a Segment,
    /// The locks that the thread holds: each gives an edge, and is a gate for the others.
    pub(crate) held: &'a [Held],
    /// Locks that another thread holds around this one (a parent, around a scope): the same, but
    /// one that the graph does not know is gone by now, and gives no edge.
    pub(crate) inherited: &'a [InheritedHold],
    /// Locks that the thread held, and that are gone by now: gates, and no edges.
    pub(crate) gone: &'a [Held],
    pub(crate) lock: LockId,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}

/// One acquired-before edge of a cycle, in the context that makes the cycle what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) from: LockId,
    pub(crate) from_mode: Mode,
    pub(crate) from_site: Site,
    pub(crate) to: LockId,
    pub(crate) to_mode: Mode,
    pub(crate) to_site: Site,
    pub(crate) thread: ThreadId,
    /// The other locks that `thread` held (the gates of this edge), ascending.
    pub(crate) gates: Box<[LockId]>,
}

/// A cycle with its verdict. `links[i].to == links[i + 1].from`, the last one closes on the
/// first, and the rotation is canonical: the link whose `from` is the lowest id comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    pub(crate) links: Vec<Link>,
    /// The gate locks common to the links, for `Guarded`; empty otherwise.
    pub(crate) guards: Vec<LockId>,
    /// Whether it would be an inversion if a writer could be queued where one of its readers waits
    /// for another.
    pub(crate) lacks_writers: bool,
}
