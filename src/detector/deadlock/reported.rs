//! Deadlocks that were reported and answered with a panic, and their remaining threads.
//!
//! One thread gets the panic; the others may wait for each other as before. That is the same deadlock, and is
//! not reported again: the next of its threads gets the same panic.

use std::collections::VecDeque;

use super::snapshot::{Snapshots, ThreadSnapshot};
use crate::detector::panic::Panic;
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
        let threads = set.iter().map(|at| &all.threads[*at]);
        let wait = |thread: &ThreadSnapshot| {
            let slot = std::ptr::from_ref(thread.slot).addr();
            Some((slot, thread.wait?.since))
        };
        Self {
            of: threads.filter_map(wait).collect(),
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

/// The waits of each deadlock, and the message of its panic.
pub(crate) static REPORTED: ForkSafe<VecDeque<(ReportedWaits, String)>> =
    ForkSafe::new(VecDeque::new());

/// Returns the panic of the reported deadlock that these waits remain of, or of the one that `publish`
/// reports.
pub(super) fn once(
    waits: &ReportedWaits,
    publish: impl FnOnce() -> Option<Panic>,
) -> Option<Panic> {
    let of = |(earlier, _): &&(ReportedWaits, String)| waits.are_left_of(earlier);
    let message = REPORTED
        .lock()
        .iter()
        .find(of)
        .map(|(_, message)| message.clone());
    if let Some(message) = message {
        return Some(Panic::of_message(message));
    }
    let panic = publish()?;
    remember(waits.clone(), panic.message());
    Some(panic)
}

/// Records that a deadlock of these waits was reported and answered with the panic of this message.
pub(super) fn remember(waits: ReportedWaits, message: &str) {
    let mut earlier = REPORTED.lock();
    if earlier.len() == KEPT {
        earlier.pop_front();
    }
    earlier.push_back((waits, message.to_owned()));
}
