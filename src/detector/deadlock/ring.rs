//! A ring of threads, each of which waits for a lock that the next one keeps.

#![allow(unsafe_code)]

use super::snapshot::Snapshots;
use super::{Claim, claim, lasts};
use crate::detector::describe::{self, QueuedWriter, Station};
use crate::engine::mode::Mode;
use crate::report::Facts;
use crate::tracking::slot::HeldLock;
use crate::tracking::wait::Need;

/// A deadlock over locks alone.
pub(in crate::detector) struct Closed {
    pub(super) all: Snapshots,
    /// The threads of the deadlock, the calling one first, each waiting for the next one.
    pub(super) ring: Vec<usize>,
}

impl Closed {
    /// How each thread of the ring keeps the one before it waiting.
    fn keeper(&self, place: usize) -> Option<HeldLock> {
        let before = self.ring[(place + self.ring.len() - 1) % self.ring.len()];
        let wait = self.all.threads[before].wait?;
        let mut keepers = self.all.keepers(&wait).into_iter();
        keepers.find(|keeper| keeper.0 == self.ring[place])?.1
    }

    /// For each thread of the ring, whether it waits for one that is only queued.
    pub(super) fn behind_a_queue(&self) -> Vec<bool> {
        let length = self.ring.len();
        (0..length)
            .map(|place| self.keeper((place + 1) % length).is_none())
            .collect()
    }

    /// Whether no thread of it moves for a while.
    pub(super) fn lasts(&self) -> bool {
        lasts(&self.all, &self.ring)
    }

    /// Makes the deadlock the caller's; see [`claim`].
    pub(in crate::detector) fn claim(&self) -> Option<Claim> {
        claim(&self.all, &self.ring)
    }

    /// What a report says of it.
    pub(super) fn facts(&self) -> Facts {
        let mut stations = Vec::new();
        let mut queued = Vec::new();
        for (place, &at) in self.ring.iter().enumerate() {
            let thread = &self.all.threads[at];
            let Some(wait) = thread.wait else { continue };
            // SAFETY: the thread is blocked in a wait for this lock, as its epoch showed, and does not
            // come out of it before the report is made: its deadlock is closed.
            let wants = unsafe { &*wait.ident };
            let mode = match wait.need {
                Need::Lock(mode) => mode,
                Need::Upgrade | Need::Other(_) => Mode::Exclusive,
            };
            let (slot, site, since) = (thread.slot, wait.site, wait.since);
            match self.keeper(place) {
                Some(holds) => stations.push(Station {
                    slot,
                    holds,
                    wants,
                    mode,
                    site,
                    since,
                }),
                None => queued.push(QueuedWriter {
                    slot,
                    wants,
                    mode,
                    site,
                    since,
                }),
            }
        }
        describe::deadlock(&stations, &queued)
    }
}
