//! The stacks of the threads of a deadlock, where they wait.

use super::snapshot::Snapshots;
use crate::report::Facts;
use crate::system::{self, signal};
use crate::tracking::thread::slot::os_id;

/// The most threads that are asked: a report shows no more of them in full.
const MOST: usize = 12;

/// Adds the stack of each thread of `set` to `facts`, but that of the calling thread, which has its own.
///
/// The caller has claimed the deadlock, so the threads stay where they are, and holds no lock of the detector. They
/// sleep, and answer within a tenth of a millisecond; one that the system does not let run keeps the report up for 0.3 s.
pub(super) fn add(facts: &mut Facts, all: &Snapshots, set: &[usize]) {
    let me = os_id();
    let (mut ids, mut requests) = (Vec::new(), Vec::new());
    for thread in set.iter().map(|at| &all.threads[*at]) {
        if let Some(id) = thread.id
            && let Some(os_id) = thread.slot.life.os_id()
            && !thread.slot.has_ended()
            && os_id != me
            && ids.len() < MOST
        {
            ids.push(id);
            requests.push((os_id, system::look(os_id).blocked));
        }
    }
    if ids.is_empty() {
        return;
    }
    for (id, stack) in ids.iter().zip(signal::ask(&requests)) {
        if let Some(info) = facts.threads.iter_mut().find(|info| info.id == *id) {
            info.stack = stack.ok();
        }
    }
}
