//! One deadlock, from the deadlocked threads of a snapshot to the report.
//!
//! Whatever triggers the look (a wait for a lock, a wait for a resource, the end of a thread), the steps are
//! the same: [`Reducer`] determines whether the thread can run, [`StuckSet::of`] which threads block it,
//! [`StuckSet::refute`] whether that was only momentary, [`claim`] gives the calling thread the
//! right to report it, and [`StuckSet::describe`] adds names. A lock cycle is a way to describe a stuck set,
//! not another kind of deadlock.

use super::claim::{Claim, claim, is_reported};
use super::reduction::{Judgement, Reducer, ThreadStates};
use super::reported::publish_once;
use super::sleepers::Purpose;
use super::snapshot::Snapshots;
use super::{description, lock_cycle, stacks, test_runner};
use crate::detector::check_session;
use crate::detector::panic::Panic;
use crate::engine::verdict::Verdict;
use crate::report::Facts;
use crate::system::signal::handlers;
use crate::tracking::thread::slot::{Flag, Slot};
use std::time::Duration;

/// How often a thread checks that a deadlock of other threads lasts before it reports it: for about a tenth
/// of a second. The threads of the deadlock report it first.
const LEFT_TO_OTHERS: u32 = 10;

/// The result of a look at one thread.
pub(crate) enum Detected {
    /// The thread can run, or another thread reports that it cannot.
    Nothing,
    /// The thread can run only after an action of an untracked thread, or a parked thread does not sleep yet, or it is not known
    /// what a thread sleeps in: it has to be looked at again.
    Unsettled,
    /// The apparent deadlock was none: the retry has acquired the lock.
    Granted,
    /// The thread cannot run, and the caller has to report that.
    Deadlock(Deadlock),
}

/// A deadlock, to be reported while the claim is kept.
pub(crate) struct Deadlock {
    set: StuckSet,
    pub(crate) claim: Claim,
    pub(crate) facts: Box<Facts>,
}

impl Deadlock {
    /// Reports the deadlock to the check of `testing` with this number, or to the process if that is zero. `unwinds` is
    /// whether a panic can break it, unless another thread of it can be woken for one. Returns the panic that is to
    /// break it, its threads, and those that can be woken.
    pub(super) fn report(
        self,
        slot: &'static Slot,
        check: u64,
        unwinds: bool,
    ) -> (Option<Panic>, StuckSet, Claim) {
        let Self {
            set,
            claim,
            mut facts,
        } = self;
        facts.unbreakable = !unwinds && claim.heirs.is_empty();
        let trial = check_session::of_number(check);
        let panic = publish_once(&claim.waits, slot, trial.as_deref(), vec![*facts]);
        (panic, set, claim)
    }
}

/// Checks whether the thread at `me` can ever run. If it only waits for a deadlock of others, that one is
/// reported after a while, or not at all if `only_in_ring` is set. Before a deadlock behind a queued writer
/// is reported, `retry` tries once more to acquire the lock that the calling thread requests, if it does.
pub(super) fn detect(
    all: &Snapshots,
    judge: &mut Reducer,
    me: usize,
    only_in_ring: bool,
    retry: Option<&mut dyn FnMut() -> bool>,
) -> Detected {
    let (states, in_test) = match judge.of(all, me) {
        Judgement::Moves => return Detected::Nothing,
        Judgement::DependsOnUntracked => return Detected::Unsettled,
        Judgement::StuckInTest(_) if test_runner::is_left_to_test(all, me) => {
            return Detected::Unsettled;
        }
        Judgement::StuckInTest(states) => (states, true),
        Judgement::Stuck(states) => (states, false),
    };
    let Some(mut set) = StuckSet::of(all, states, me) else {
        return Detected::Nothing;
    };
    if only_in_ring && !set.is_in_ring {
        return Detected::Nothing;
    }
    match set.rests(all, in_test) {
        Some(true) => return Detected::Nothing,
        None => return Detected::Unsettled,
        Some(false) => {}
    }
    if in_test {
        set.threads
            .retain(|at| !test_runner::is_aside(all, *at, me));
    }
    if let Some(refuted) = set.refute(all, retry) {
        return refuted;
    }
    match claim(all, &set.threads) {
        Some(claim) => {
            let mut facts = Box::new(set.describe(all, states));
            if is_reported(Verdict::Deadlock) {
                stacks::add(&mut facts, all, &set.threads);
            }
            Detected::Deadlock(Deadlock { set, claim, facts })
        }
        None => Detected::Nothing,
    }
}

/// The threads that block one thread for ever, with that thread itself.
pub(super) struct StuckSet {
    /// First that thread and those on its cycle, then the rest, nearest first.
    pub(super) threads: Vec<usize>,
    /// Whether that thread is on a cycle of waits.
    pub(super) is_in_ring: bool,
    /// Whether the threads form a lock cycle: each waits for a lock that the next one holds.
    is_of_locks: bool,
}

impl StuckSet {
    /// Returns the threads that block the one at `me`; `None` if the thread blocks itself by a lock, which
    /// was reported before it waited.
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

    /// Returns whether the set may be a program at rest, which goes on when a signal comes; `None` if that depends on what a
    /// thread sleeps in. It rests if one of its threads is parked or in a wait that is not watched, and the program handles
    /// signals; or if one is in a park or in a call that is not known, all others wait for work, and it is not of a test: none
    /// comes from outside of that.
    fn rests(&self, all: &Snapshots, in_test: bool) -> Option<bool> {
        let waits_for_work = |at: &usize| all.waits_for_any_thread(*at) || all.is_next_to_idle(*at);
        let is_any = |purpose: Purpose| {
            let is_such = |one| one == purpose;
            self.threads
                .iter()
                .any(|at| all.purpose(*at).is_some_and(is_such))
        };
        let is_parked = self.threads.iter().any(|at| all.is_parked(*at));
        let sleeps = self.threads.iter().any(|at| all.purpose(*at).is_some());
        if (is_parked || sleeps) && handlers::are_handled() {
            return Some(true);
        }
        if in_test || !self.threads.iter().all(waits_for_work) {
            return Some(false);
        }
        let rests = is_parked || is_any(Purpose::ParkOrOther);
        (rests || !is_any(Purpose::Unknown)).then_some(rests)
    }

    /// Checks that the threads stay in their waits for long enough; returns what is the case if one does not.
    fn refute(&self, all: &Snapshots, retry: Option<&mut dyn FnMut() -> bool>) -> Option<Detected> {
        let behind_a_queue = |at: &usize| is_behind_a_queue(all, *at);
        // The calling thread tries the lock again: of its own queue there is no doubt then.
        let sure = usize::from(retry.is_some());
        if let Some(retry) = retry
            && self.threads.first().is_some_and(behind_a_queue)
            && retry()
        {
            return Some(Detected::Granted);
        }
        // A guard that may be sent may have been dropped by a thread that was seen before it blocked. Now that
        // all are seen blocked, the lock is still held, or one of them is about to get it.
        let mut is_sent = false;
        for &at in &self.threads {
            let is_sendable = all.waits_for_sendable(at);
            is_sent |= is_sendable;
            if is_sendable && all.was_released(at) {
                return Some(Detected::Nothing);
            }
        }
        let may_move =
            |at: &usize| all.is_awake(*at) || (all.relies_on_sleep() && !all.is_in_futex(*at));
        if self.threads.iter().any(may_move) {
            // It was unparked, or is about to sleep.
            return Some(Detected::Unsettled);
        }
        let is_doubtful = is_sent || self.threads.iter().skip(sure).any(behind_a_queue);
        let is_explored = |at: &usize| all.threads[*at].slot.life.has(Flag::Scheduled);
        let rounds = match (self.is_in_ring, is_doubtful) {
            (true, false) => 0,
            (true, true) => 1,
            // The others stand still while this one has its turn.
            (false, _) if self.threads.iter().all(is_explored) => 0,
            (false, _) => LEFT_TO_OTHERS,
        };
        let stands = (0..rounds).all(|_| lasts(all, &self.threads));
        (!stands).then_some(Detected::Nothing)
    }

    /// Describes the deadlock for a report.
    fn describe(&self, all: &Snapshots, states: &ThreadStates) -> Facts {
        match self.is_of_locks {
            true => lock_cycle::facts(all, &self.threads),
            false => description::stuck_set(all, states, &self.threads),
        }
    }
}

/// Returns whether a thread waits for a lock without a known holder: it may be about to get it.
fn is_behind_a_queue(all: &Snapshots, at: usize) -> bool {
    let Some(wait) = &all.threads[at].wait else {
        return false;
    };
    all.blockers(wait).iter().any(|(_, hold)| hold.is_none())
}

/// Returns whether these threads stay in their waits for a while.
///
/// Between the grant of a lock and the store of its new holder lie a few instructions, in which a reader can
/// appear to wait behind a queue.
fn lasts(all: &Snapshots, threads: &[usize]) -> bool {
    (0..5).all(|_| {
        std::thread::sleep(Duration::from_millis(2));
        threads
            .iter()
            .all(|&at| all.stands(at) && !all.is_awake(at))
    })
}
