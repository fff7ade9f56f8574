//! Describes a lock cycle: threads of which each waits for a lock that the next one holds.

#![allow(unsafe_code)]

use super::snapshot::Snapshots;
use crate::detector::describe;
use crate::detector::describe::CycleThread;
use crate::engine::mode::Mode;
use crate::report::Facts;
use crate::tracking::thread::slot::HeldLock;
use crate::tracking::thread::wait::WaitKind;

/// Returns the hold by which the thread at this index of the cycle blocks the previous one; `None` if it is
/// only queued ahead of that one.
fn keeper(all: &Snapshots, ring: &[usize], place: usize) -> Option<HeldLock> {
    let before = ring[(place + ring.len() - 1) % ring.len()];
    let wait = all.threads[before].wait?;
    let keepers = all.keepers(&wait);
    keepers.iter().find(|keeper| keeper.0 == ring[place])?.1
}

/// Describes the cycle; its first thread has closed it.
pub(super) fn facts(all: &Snapshots, ring: &[usize]) -> Facts {
    let (mut cycle, mut queued) = (Vec::new(), Vec::new());
    for (place, &at) in ring.iter().enumerate() {
        let thread = &all.threads[at];
        let Some(wait) = thread.wait else { continue };
        // SAFETY: the thread is blocked in a wait for this lock, as its epoch showed, and its wait does not
        // end before the report is made: its deadlock is closed.
        let wants = unsafe { &*wait.ident };
        let mode = match wait.need {
            WaitKind::Lock(mode) => mode,
            WaitKind::Upgrade | WaitKind::Other(_) => Mode::Exclusive,
        };
        let holds = keeper(all, ring, place);
        let list = match holds {
            Some(_) => &mut cycle,
            None => &mut queued,
        };
        list.push(CycleThread {
            slot: thread.slot,
            holds,
            wants,
            mode,
            site: wait.site,
            since: wait.since,
        });
    }
    cycle.append(&mut queued);
    describe::deadlock(&cycle)
}
