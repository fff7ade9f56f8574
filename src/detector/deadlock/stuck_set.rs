//! One deadlock, from the threads of a snapshot that cannot move to what is reported of it.
//!
//! Whatever makes a thread look (a wait for a lock, a wait for something else, the end of a thread), the
//! steps are the same: [`Reducer`] tells whether the thread can move, [`StuckSet::of`] who keeps it,
//! [`StuckSet::confirm`] whether that was only so for a moment, [`StuckSet::claim`] makes the deadlock
//! the caller's to report, and [`StuckSet::describe`] puts names to it. A ring of locks alone is a way to
//! describe a stuck set, not another kind of deadlock.

use super::reduction::{Judgement, Reducer, ThreadStates};
use super::snapshot::Snapshots;
use super::{Claim, claim, description, lasts, lock_cycle};
use crate::report::Facts;

/// How often a thread looks whether a deadlock lasts, of which it is no part, before it reports it: for
/// about a tenth of a second. The threads of the deadlock come first.
const LEFT_TO_OTHERS: u32 = 10;

/// What a look at one thread shows.
pub(super) enum Detected {
    /// It can move, or another thread reports that it cannot.
    Nothing,
    /// It can only move if a thread does something that the detector does not know.
    DependsOnUntracked,
    /// What looked like a deadlock was none: the retry has got the lock.
    Granted,
    /// It cannot move, and that is the caller's to report.
    Deadlock(Deadlock),
}

/// A deadlock, to be reported while the claim is kept.
pub(super) struct Deadlock {
    pub(super) set: StuckSet,
    pub(super) claim: Claim,
    pub(super) facts: Box<Facts>,
}

/// Looks whether the thread at `me` can ever move. If it only waits for a deadlock of others it is
/// reported for these, after a while, or not at all if it is `only_in_ring`. Before a deadlock behind a
/// queued writer is believed, the lock that the calling thread wants is tried once more with `retry`.
pub(super) fn detect(
    all: &Snapshots,
    judge: &mut Reducer,
    me: usize,
    only_in_ring: bool,
    retry: impl FnOnce() -> bool,
) -> Detected {
    let states = match judge.of(all, me) {
        Judgement::Moves => return Detected::Nothing,
        Judgement::DependsOnUntracked => return Detected::DependsOnUntracked,
        Judgement::Stuck(states) => states,
    };
    let Some(set) = StuckSet::of(all, states, me) else {
        return Detected::Nothing;
    };
    if only_in_ring && !set.is_in_ring {
        return Detected::Nothing;
    }
    match set.confirm(all, retry) {
        Confirmed::Moves => return Detected::Nothing,
        Confirmed::Granted => return Detected::Granted,
        Confirmed::Stands => {}
    }
    match set.claim(all) {
        Some(claim) => Detected::Deadlock(Deadlock {
            facts: Box::new(set.describe(all, states)),
            set,
            claim,
        }),
        None => Detected::Nothing,
    }
}

/// The threads that keep one thread from ever moving, with itself.
pub(super) struct StuckSet {
    /// First the thread that was asked about and those on its ring, then the rest, nearest first.
    pub(super) threads: Vec<usize>,
    /// Whether that thread is one of those that wait for each other.
    pub(super) is_in_ring: bool,
    /// Whether the threads are a ring of locks, each waiting for one that the next one keeps.
    is_of_locks: bool,
}

/// Whether the threads of a stuck set stand still.
enum Confirmed {
    /// They do.
    Stands,
    /// One of them has moved.
    Moves,
    /// The calling thread has got its lock.
    Granted,
}

impl StuckSet {
    /// The threads that keep the one at `me` stuck; `None` if it keeps a lock from itself, which was
    /// reported before it waited.
    fn of(all: &Snapshots, states: &ThreadStates, me: usize) -> Option<Self> {
        let ring = all.ring_through(me);
        match ring {
            Some(ring) if ring.len() < 2 => None,
            Some(ring) => Some(Self {
                threads: ring,
                is_in_ring: true,
                is_of_locks: true,
            }),
            None => Some(Self {
                threads: states.closed_set(me),
                is_in_ring: states.is_in_ring(me),
                is_of_locks: false,
            }),
        }
    }

    /// Whether they stand still for as long as it takes to believe that.
    fn confirm(&self, all: &Snapshots, retry: impl FnOnce() -> bool) -> Confirmed {
        let behind_a_queue = |at: &usize| is_behind_a_queue(all, *at);
        if self.threads.first().is_some_and(behind_a_queue) && retry() {
            return Confirmed::Granted;
        }
        let is_doubtful = self.threads.iter().skip(1).any(behind_a_queue);
        let rounds = match (self.is_in_ring, is_doubtful) {
            (true, false) => 0,
            (true, true) => 1,
            (false, _) => LEFT_TO_OTHERS,
        };
        match (0..rounds).all(|_| lasts(all, &self.threads)) {
            true => Confirmed::Stands,
            false => Confirmed::Moves,
        }
    }

    /// Makes the deadlock the caller's; see [`claim`].
    fn claim(&self, all: &Snapshots) -> Option<Claim> {
        claim(all, &self.threads)
    }

    /// What a report says of it.
    fn describe(&self, all: &Snapshots, states: &ThreadStates) -> Facts {
        match self.is_of_locks {
            true => lock_cycle::facts(all, &self.threads),
            false => description::stuck_set(all, states, &self.threads),
        }
    }
}

/// Whether a thread waits for a lock that no thread is seen to hold: it may be about to get it.
fn is_behind_a_queue(all: &Snapshots, at: usize) -> bool {
    let Some(wait) = &all.threads[at].wait else {
        return false;
    };
    all.keepers(wait).iter().any(|(_, hold)| hold.is_none())
}
