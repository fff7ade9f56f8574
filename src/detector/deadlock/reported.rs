//! Deadlocks that were told and answered with a panic, and those of their threads that are left.
//!
//! One thread is given the panic; the others may wait for each other as before. That is the same
//! deadlock, and is not told again: the next of them gets the same panic.

use std::collections::VecDeque;

use super::snapshot::{Snapshots, ThreadSnapshot};
use crate::detector::publish::Panic;
use crate::shim::fork_safe::ForkSafe;
use crate::tracking::thread::slot::Slot;

/// How many are remembered: the last ones.
const KEPT: usize = 16;

/// The waits of a deadlock.
#[derive(Clone, Debug)]
pub(crate) struct ReportedWaits {
    /// For each thread the address of its slot, and the time at which its wait began. The epoch moves
    /// also when something was provided that was not for this thread.
    of: Vec<(usize, u64)>,
    /// Whether one of the threads has ended, and has left a lock behind: that is news.
    beside_ended: bool,
}

impl ReportedWaits {
    /// Those that these threads are in.
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

    /// That of the calling thread, which is about to begin, on the clock of `tracking::wait`.
    pub(super) fn alone(slot: &'static Slot, since: u64) -> Self {
        Self {
            of: vec![(std::ptr::from_ref(slot).addr(), since)],
            beside_ended: false,
        }
    }

    /// Whether there is nothing here that was not among those.
    fn are_left_of(&self, told: &ReportedWaits) -> bool {
        !self.beside_ended && self.of.iter().all(|wait| told.of.contains(wait))
    }
}

/// The waits of each, and the message of its panic.
pub(crate) static REPORTED: ForkSafe<VecDeque<(ReportedWaits, String)>> =
    ForkSafe::new(VecDeque::new());

/// The panic of the deadlock that these waits are left of, or of the one that `publish` tells.
pub(super) fn once(
    waits: &ReportedWaits,
    publish: impl FnOnce() -> Option<Panic>,
) -> Option<Panic> {
    let of = |(told, _): &&(ReportedWaits, String)| waits.are_left_of(told);
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

/// Remembers that a deadlock of these waits was told, and answered with the panic of this message.
pub(super) fn remember(waits: ReportedWaits, message: &str) {
    let mut told = REPORTED.lock();
    if told.len() == KEPT {
        told.pop_front();
    }
    told.push_back((waits, message.to_owned()));
}
