//! Verdicts: what a finding claims.

use std::fmt;

/// What a finding claims, from the certain to the observed.
///
/// What each verdict may claim, and what it does not, is in the crate's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// A closed set of threads, each of which waits without a timeout for others of the set.
    Deadlock,
    /// A thread requests a lock that it holds in a conflicting mode.
    SelfDeadlock,
    /// A cycle of acquired-before edges that can deadlock: distinct threads, no common gate
    /// lock, conflicting modes, and nothing that orders the threads.
    Inversion,
    /// A cycle that a gate lock, held around every edge, excludes as observed.
    Guarded,
    /// A cycle whose edges were all taken by one thread.
    SingleThread,
    /// A cycle whose edges are ordered by spawn, join or a hand-over, as observed.
    Ordered,
    /// A second shared acquisition by one thread, which blocks if a writer is queued in between.
    RecursiveRead,
    /// A wait or a hold that lasts longer than its limit, or a missed heartbeat.
    Stall,
    /// A thread ended while it still held a lock.
    Abandoned,
    /// A task held a lock of threads while it was suspended, and a thread was blocked by that.
    HeldAcrossAwait,
}

impl Verdict {
    /// Every verdict, in the order of the documentation.
    pub const ALL: &'static [Verdict] = &[
        Verdict::Deadlock,
        Verdict::SelfDeadlock,
        Verdict::Inversion,
        Verdict::Guarded,
        Verdict::SingleThread,
        Verdict::Ordered,
        Verdict::RecursiveRead,
        Verdict::Stall,
        Verdict::Abandoned,
        Verdict::HeldAcrossAwait,
    ];

    /// Returns the name that reports and `LOCKWARDEN` use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Deadlock => "Deadlock",
            Verdict::SelfDeadlock => "SelfDeadlock",
            Verdict::Inversion => "Inversion",
            Verdict::Guarded => "Guarded",
            Verdict::SingleThread => "SingleThread",
            Verdict::Ordered => "Ordered",
            Verdict::RecursiveRead => "RecursiveRead",
            Verdict::Stall => "Stall",
            Verdict::Abandoned => "Abandoned",
            Verdict::HeldAcrossAwait => "HeldAcrossAwait",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
