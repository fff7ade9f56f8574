//! The bounds within which the detector works.

use std::fmt;

/// A bound on the memory or the time of the detector.
///
/// [`status`](crate::config::Status) names each limit that was reached, with its cost: from then on
/// findings may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Config::max_reports`](crate::config::Config::max_reports): further reports are counted
    /// only.
    MaxReports,
    /// [`Config::contexts_per_edge`](crate::config::Config::contexts_per_edge): an edge was taken in
    /// more contexts than are kept. Those are kept that most cycles can use: one of each thread, with
    /// few gate locks, the latest of those that are ordered. No edge is lost, and no inversion of two
    /// locks that kept threads can form. An inversion is lost only if every choice of its threads
    /// contains a context that was not kept: with sixteen kept, one of three or more locks whose
    /// threads never ran at the same time as most of the others, or one under a gate lock that only
    /// those threads did not hold. Common in programs with many threads that do the same.
    ContextsPerEdge,
    /// [`Config::search_steps`](crate::config::Config::search_steps): a search for cycles ended early.
    SearchSteps,
    /// More acquired-before edges than are kept at one time: further ones are not added.
    Edges,
    /// A thread started after more than 1,024 others that it has not joined: those with the fewest
    /// events count as concurrent with it from then on, so that an inversion may be a false alarm.
    ThreadsInOrder,
    /// A thread held more than 2,048 locks at once, or requested one while it held more than 1,024: the
    /// locks beyond the former are not tracked, the requests beyond the latter give no edges. The lock
    /// of a forgotten guard counts as held.
    HeldLocks,
}

impl Limit {
    /// Returns the name: that of the method of [`Config`](crate::config::Config) that sets the limit,
    /// if one does.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Limit::MaxReports => "max_reports",
            Limit::ContextsPerEdge => "contexts_per_edge",
            Limit::SearchSteps => "search_steps",
            Limit::Edges => "edges",
            Limit::ThreadsInOrder => "threads_in_order",
            Limit::HeldLocks => "held_locks",
        }
    }

    /// Returns what reaching the limit costs, in a few words.
    #[must_use]
    pub const fn cost(self) -> &'static str {
        match self {
            Limit::MaxReports => "later reports are only counted",
            Limit::ContextsPerEdge => {
                "an inversion that only threads beyond those kept can form is missed"
            }
            Limit::SearchSteps => "some cycles were not looked at",
            Limit::Edges => "orders seen after that are not looked at",
            Limit::ThreadsInOrder => "an inversion may be a false alarm",
            Limit::HeldLocks => "locks that a thread takes beyond it are not tracked",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
