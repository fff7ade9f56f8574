//! The bounds within which the detector works.

use std::fmt;

/// A bound that the detector keeps, so that its memory and its time stay bounded too.
///
/// One that was reached is named by [`status`](crate::config::Status), with what it costs: from then on
/// silence says less than it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// [`Config::max_reports`](crate::config::Config::max_reports): further reports are counted
    /// only.
    MaxReports,
    /// [`Config::contexts_per_edge`](crate::config::Config::contexts_per_edge): an edge was seen
    /// under more circumstances than are kept. Those are kept that most cycles can use: of each thread
    /// one, under few other locks, the latest of those that come after each other. No edge is lost, and
    /// no inversion of two locks that some kept threads can form. One is lost only if every choice of
    /// its threads has one that was not kept: with sixteen kept, one of three or more locks whose
    /// threads never ran at the same time as most of the others, or one under a lock that only those
    /// threads did not hold. Common in programs with many threads that do the same.
    ContextsPerEdge,
    /// [`Config::search_steps`](crate::config::Config::search_steps): a search for cycles was
    /// given up.
    SearchSteps,
    /// More acquired-before edges than are kept at one time: further ones are not looked at.
    Edges,
    /// A thread came after more than 1,024 others that it has not joined: those that did least
    /// count as concurrent with it from then on, so that an inversion may be a false alarm.
    ThreadsInOrder,
    /// A thread held more than 2,048 locks at once, or asked for one while it held more than 1,024: of
    /// the former the further ones are not tracked, of the latter no order is learnt. A guard that was
    /// forgotten counts as held.
    HeldLocks,
}

impl Limit {
    /// The name of it: of the method of [`Config`](crate::config::Config) that sets it, if one does.
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
}

impl Limit {
    /// What reaching it costs, in a few words.
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
