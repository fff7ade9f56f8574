//! The stacks of the threads of a deadlock, where they wait.

use super::snapshot::Snapshots;
use crate::engine::ids::ThreadId;
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
    let asked: Vec<(ThreadId, (u32, u64))> = set
        .iter()
        .map(|at| &all.threads[*at])
        .filter(|thread| !thread.slot.has_ended())
        .filter_map(|thread| Some((thread.id?, thread.slot.life.os_id()?)))
        .filter(|(_, os_id)| *os_id != me)
        .take(MOST)
        .map(|(id, os_id)| (id, (os_id, system::look(os_id).blocked)))
        .collect();
    if asked.is_empty() {
        return;
    }
    let requests: Vec<(u32, u64)> = asked.iter().map(|(_, request)| *request).collect();
    for ((id, _), stack) in asked.iter().zip(signal::ask(&requests)) {
        if let Some(info) = facts.threads.iter_mut().find(|info| info.id == *id) {
            info.stack = stack.ok();
        }
    }
}
