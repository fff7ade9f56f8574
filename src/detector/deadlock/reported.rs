//! Deadlocks that were reported and answered with a panic, and their remaining threads.
//!
//! One thread gets the panic; the others may wait for each other as before. That is the same deadlock, and is
//! not reported again: the next of its threads gets the same panic.

use super::snapshot::Snapshots;
use crate::detector::check_session::CheckSession;
use crate::detector::panic::Panic;
use crate::detector::publish;
use crate::report::Facts;
use crate::tracking::fork_safe::ForkSafe;
use crate::tracking::thread::slot::Slot;

/// The number of deadlocks that are remembered, the last ones.
const KEPT: usize = 16;

/// The waits of a deadlock.
#[derive(Clone, Debug)]
pub(crate) struct ReportedWaits {
    /// For each thread the address of its slot, and the time at which its wait began. Not the epoch, which
    /// also changes when something was provided that was not for this thread.
    of: Vec<(usize, u64)>,
    /// Whether one of the threads has ended and left a lock behind: that is news.
    beside_ended: bool,
}

impl ReportedWaits {
    /// Returns the waits of these threads.
    pub(super) fn new(all: &Snapshots, set: &[usize]) -> Self {
        let mut of = Vec::new();
        for thread in set.iter().map(|at| &all.threads[*at]) {
            if let Some(wait) = &thread.wait {
                of.push((std::ptr::from_ref(thread.slot).addr(), wait.since));
            }
        }
        Self {
            of,
            beside_ended: set.iter().any(|&at| all.threads[at].ended && all.holds(at)),
        }
    }

    /// Returns the wait of the calling thread that is about to begin, on the clock of `tracking::wait`.
    pub(super) fn alone(slot: &'static Slot, since: u64) -> Self {
        Self {
            of: vec![(std::ptr::from_ref(slot).addr(), since)],
            beside_ended: false,
        }
    }

    /// Returns whether all of these waits are among those of the reported deadlock.
    fn are_left_of(&self, earlier: &ReportedWaits) -> bool {
        !self.beside_ended && self.of.iter().all(|wait| earlier.of.contains(wait))
    }
}

/// A deadlock that was reported and answered with a panic.
#[derive(Debug)]
pub(crate) struct ReportedDeadlock {
    waits: ReportedWaits,
    /// The message of its panic.
    message: String,
    /// Whether a line has said that nothing will break it.
    is_unbroken: bool,
}

pub(crate) static REPORTED: ForkSafe<Vec<ReportedDeadlock>> = ForkSafe::new(Vec::new());

/// Returns the panic of the reported deadlock that these waits remain of; else publishes `found`, as
/// [`publish_to`](publish::publish_to) does, and returns the panic that the configuration requests.
pub(super) fn publish_once(
    waits: &ReportedWaits,
    slot: &'static Slot,
    trial: Option<&CheckSession>,
    found: Vec<Facts>,
) -> Option<Panic> {
    if let Some(panic) = known(waits) {
        return Some(panic);
    }
    let panic = publish::publish_to(slot, trial, found)?;
    remember(waits.clone(), panic.message());
    Some(panic)
}

/// Returns the panic of the reported deadlock that these waits remain of.
fn known(waits: &ReportedWaits) -> Option<Panic> {
    let reported = REPORTED.lock();
    let known = reported
        .iter()
        .find(|earlier| waits.are_left_of(&earlier.waits))?;
    Some(Panic::of_message(known.message.clone()))
}

/// Records that a deadlock of these waits was reported and answered with the panic of this message.
pub(super) fn remember(waits: ReportedWaits, message: &str) {
    let mut earlier = REPORTED.lock();
    if earlier.len() == KEPT {
        earlier.remove(0);
    }
    earlier.push(ReportedDeadlock {
        waits,
        message: message.to_owned(),
        is_unbroken: false,
    });
}

/// Returns whether it is still to be said that nothing will break the deadlock with this panic, and records that it is
/// said. A thread that waits for itself and cannot unwind finds its deadlock twice: before the wait, and in it.
pub(super) fn is_first_unbroken(panic: &Panic) -> bool {
    let mut reported = REPORTED.lock();
    // The last one: an earlier deadlock can have the same words.
    match reported
        .iter_mut()
        .rev()
        .find(|known| known.message == panic.message())
    {
        Some(known) => !std::mem::replace(&mut known.is_unbroken, true),
        None => true,
    }
}
