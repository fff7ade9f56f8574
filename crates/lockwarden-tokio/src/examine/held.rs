//! Locks of threads that tasks hold while they are suspended.
//!
//! Such a hold by itself is only a risk. It is reported once a thread is seen to be blocked by it: the
//! task gives the lock back when it is polled again, and the blocked thread may be the one that would
//! poll it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lockwarden::instrument::{self, Site, ThreadId};
use lockwarden::report::{HeldInfo, LockInfo, Verdict, WaitInfo, WaitsFor};
use parking_lot::Mutex;

use super::graph::Graph;
use super::monitor;
use crate::agent::task::Task;

/// The holds of a task that is suspended.
type Holds = (Arc<Task>, Vec<(LockInfo, HeldInfo)>);

static SUSPENDED: Mutex<Option<HashMap<u64, Holds>>> = Mutex::new(None);
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// How many tasks hold locks of threads while they are suspended.
#[inline(always)]
pub(super) fn count() -> usize {
    COUNT.load(Ordering::Relaxed)
}

/// The calling thread, which acts as the task, has polled it and found it pending.
#[inline]
pub(crate) fn suspended(task: &Arc<Task>) {
    if instrument::held_count() != 0 {
        note(task);
    } else {
        // It may have been noted within this poll, see `LocalSet`.
        resumed(task);
    }
}

#[cold]
fn note(task: &Arc<Task>) {
    let held: Vec<(LockInfo, HeldInfo)> = instrument::held_by_caller()
        .into_iter()
        .filter(|(_, _, is_sendable)| !is_sendable)
        .map(|(lock, held, _)| (lock, held))
        .collect();
    if held.is_empty() {
        return resumed(task);
    }
    let mut suspended = SUSPENDED.lock();
    let suspended = suspended.get_or_insert_default();
    suspended.insert(task.id.get(), (Arc::clone(task), held));
    COUNT.store(suspended.len(), Ordering::Relaxed);
    monitor::wake();
}

/// The task is polled again, or is over.
#[inline(always)]
pub(crate) fn resumed(task: &Task) {
    if count() != 0 {
        forget(task);
    }
}

#[cold]
fn forget(task: &Task) {
    let mut suspended = SUSPENDED.lock();
    let suspended = suspended.get_or_insert_default();
    suspended.remove(&task.id.get());
    COUNT.store(suspended.len(), Ordering::Relaxed);
}

/// Reports those holds that a thread is blocked by, each pair of lines once. Those of `claimed` are, or may turn out to
/// be, part of a deadlock.
pub(super) fn look(graph: &Graph, claimed: &[ThreadId], reported: &mut Vec<(Site, Site)>) {
    if count() == 0 {
        return;
    }
    let all: Vec<Holds> = {
        let suspended = SUSPENDED.lock();
        suspended
            .iter()
            .flat_map(HashMap::values)
            .cloned()
            .collect()
    };
    for (task, holds) in all {
        if claimed.contains(&task.id) {
            continue;
        }
        for (lock, held) in holds {
            let waits_for_it = |wait: &WaitInfo| match wait.what {
                WaitsFor::Lock { lock: id, .. } => id == lock.id,
                _ => false,
            };
            let blocked: Vec<_> = graph
                .all_observed()
                .filter(|one| one.thread.id != task.id)
                .filter(|one| one.thread.waits.as_ref().is_some_and(waits_for_it))
                .collect();
            let pair = (lock.created, held.site);
            if blocked.is_empty() || reported.contains(&pair) || task.polls() % 2 == 1 {
                continue;
            }
            reported.push(pair);
            let mut holder = task.info();
            holder.held = vec![held];
            holder.notes.push(format!("spawned at {}", task.spawned));
            if let Some(site) = task.await_site() {
                holder.notes.push(format!("is suspended at {site}"));
            }
            let mut threads = vec![holder];
            let mut locks = vec![lock.clone()];
            for one in blocked {
                threads.push(one.thread.clone());
                for other in &one.locks {
                    if !locks.iter().any(|known| known.id == other.id) {
                        locks.push(other.clone());
                    }
                }
            }
            let _ = instrument::report_stuck(task.check, Verdict::HeldAcrossAwait, threads, locks);
        }
    }
}
