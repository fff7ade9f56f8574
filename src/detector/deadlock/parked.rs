//! The trigger of deadlock detection at a park. A parked thread cannot look at the others itself: it does not know
//! whether it was unparked before, so it has to sleep for the system to show that it was not. A thread of the library
//! looks on its behalf.

use super::reduction::Reducer;
use super::snapshot::Snapshots;
use super::stuck_set::{self, Detected};
use crate::tracking::thread::slot::Slot;

/// Reports the deadlocks that parked threads are in; returns whether one of them has to be looked at again, since only an
/// untracked thread could still end its wait, or it does not sleep yet. `slot` is that of the calling thread, one of the
/// library's.
pub(super) fn check_parked(slot: &'static Slot, all: &Snapshots, judge: &mut Reducer) -> bool {
    let mut seen = vec![false; all.threads.len()];
    for at in 0..all.threads.len() {
        if seen[at] || !all.is_parked(at) {
            continue;
        }
        match stuck_set::detect(all, judge, at, false, None) {
            Detected::Nothing | Detected::Granted => {}
            // The same of most others: untracked threads could unpark any.
            Detected::Unsettled => return true,
            Detected::Deadlock(mut found) => {
                // Its own stack, where it was found, says nothing of the program.
                found.facts.stack = None;
                let (panic, set, claim) = found.report(slot, all.threads[at].scope, false);
                set.threads.iter().for_each(|at| seen[*at] = true);
                judge.count_anew();
                if let Some(panic) = panic {
                    claim.heirs.give_or_say(panic);
                }
            }
        }
    }
    false
}
