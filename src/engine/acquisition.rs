//! Input and output of the order graph: one acquisition in, findings out.

use super::clock::vector_clock::Segment;
use super::ids::{LockId, Site, ThreadId};
use super::mode::Mode;
use super::verdict::Verdict;

/// A lock that a thread holds, or held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeldInfo {
    /// The lock.
    pub lock: LockId,
    /// The mode of the hold.
    pub mode: Mode,
    /// Where the lock was acquired.
    pub site: Site,
}

/// A lock that another thread holds for as long as the acquiring thread runs.
///
/// It excludes every other thread that requests the lock, but neither its holder nor other threads that
/// inherit it from the same holder: those are all in one critical section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InheritedHold {
    pub(crate) held: HeldInfo,
    pub(crate) holder: ThreadId,
}

/// One acquisition that may block: the thread of `segment` requests `lock` while it holds `held`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Acquisition<'a> {
    pub(crate) segment: &'a Segment,
    /// The locks that the thread holds: each gives an edge, and is a gate of the other edges.
    pub(crate) held: &'a [HeldInfo],
    /// Locks that another thread holds around this acquisition (a parent, around a scope): they give edges
    /// and are gates as well, except that a lock which the graph does not know has been dropped and gives no
    /// edge.
    pub(crate) inherited: &'a [InheritedHold],
    /// Locks that the thread held and that have been dropped since: gates, but no edges.
    pub(crate) gone: &'a [HeldInfo],
    pub(crate) lock: LockId,
    pub(crate) mode: Mode,
    pub(crate) site: Site,
}

/// One acquired-before edge of a cycle, with the context that gives the cycle its verdict.
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
    pub(crate) gates: Vec<LockId>,
}

/// A cycle with its verdict. `links[i].to == links[i + 1].from`, the last link closes on the first, and the
/// rotation is canonical: the link whose `from` is the lowest id comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) verdict: Verdict,
    pub(crate) links: Vec<Link>,
    /// The gate locks common to the links, for `Guarded`; empty otherwise.
    pub(crate) guards: Vec<LockId>,
    /// Whether the cycle would be an inversion if a writer could be queued where one of its readers waits for
    /// another reader.
    pub(crate) lacks_writers: bool,
}
