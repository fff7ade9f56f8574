//! Deadlocks: of a thread with itself, before it waits, and of several, as the last of them does.
//!
//! A thread publishes what it waits for and then looks. Of the threads of a deadlock one is the
//! last to publish, and that one sees the records of all others, so nothing needs to poll.
//!
//! A cycle that is seen is real: each thread of it waits for a lock that the next one holds, and a
//! thread that waits does not let go of anything. A record can be out of date only if its thread
//! got the lock meanwhile; but then the holder let go of it, and did not wait. All epochs are read
//! again at the end, under the detector's lock.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use super::describe::{self, Station};
use super::state;
use crate::engine::ids::Site;
use crate::engine::mode::{Mode, ReadPolicy};
use crate::report::Facts;
use crate::tracking::ident::Ident;
use crate::tracking::record::Record;
use crate::tracking::registry;
use crate::tracking::slot::{HeldLock, Slot};
use crate::tracking::wait::{Need, Published};

/// Whether the calling thread, by what it holds, keeps itself from ever getting what it needs.
pub(crate) fn with_itself(
    slot: &'static Slot,
    ident: &'static Ident,
    need: Need,
    mode: Mode,
    site: Site,
) -> Option<Facts> {
    let held = slot.held()?;
    let own = held
        .iter()
        .find(|h| std::ptr::eq(h.ident, ident) && conflicts(need, h.mode))?;
    Some(describe::self_deadlock(slot, ident, own, mode, site))
}

/// Whether a hold in `mode` keeps a thread that needs `need` of the same lock waiting.
fn conflicts(need: Need, mode: Mode) -> bool {
    match need {
        Need::Lock(Mode::Exclusive) => true,
        Need::Lock(Mode::Shared) => mode == Mode::Exclusive,
        Need::Lock(Mode::Upgradable) => mode != Mode::Shared,
        // The upgradable hold is the caller's own.
        Need::Upgrade => mode == Mode::Shared,
        Need::Signal => false,
    }
}

/// What a thread holds, read once.
struct Snapshot {
    slot: &'static Slot,
    held: Vec<HeldLock>,
    wait: Option<Published>,
}

/// A thread on the way through the wait-for relation.
struct Step {
    at: usize,
    /// The step from which this one was reached.
    from: usize,
    /// The hold by which this thread keeps the one before it waiting; `None` if it does so by
    /// being queued ahead of it.
    by: Option<HeldLock>,
}

/// Looks whether the wait that the calling thread has just published closes a deadlock.
pub(crate) fn look(slot: &'static Slot, record: &Record) -> Option<Facts> {
    if owner_runs(slot, record) {
        return None;
    }
    let threads = snapshots();
    let me = threads.iter().position(|t| std::ptr::eq(t.slot, slot))?;
    let path = cycle_through(&threads, me)?;
    report(&threads, &path)
}

/// The common case, told by one look at another thread: whoever has the lock exclusively does not
/// wait, so there is no deadlock yet. If it comes to wait later it will see this thread.
fn owner_runs(slot: &Slot, record: &Record) -> bool {
    let owner = record.owner.load(Ordering::Relaxed);
    // SAFETY: the field holds null or a slot, and slots are never freed.
    let Some(owner) = (unsafe { owner.as_ref() }) else {
        return false;
    };
    if owner.is_detached() || std::ptr::eq(owner, slot) || owner.wait.read().is_some() {
        return false;
    }
    let ident = record.ident_address();
    owner.held().is_some_and(|held| {
        held.iter()
            .any(|h| std::ptr::eq(h.ident, ident) && h.mode == Mode::Exclusive)
    })
}

fn snapshots() -> Vec<Snapshot> {
    registry::occupied()
        .into_iter()
        .filter_map(|slot| {
            // The wait first: if it stands, what was written before it is seen below.
            let wait = slot.wait.read();
            Some(Snapshot {
                slot,
                held: slot.held()?,
                wait,
            })
        })
        .collect()
}

/// The shortest way from thread `me` back to itself, each step a thread that keeps the one before
/// it waiting. All waits of locks are for all holders, so one stuck holder is enough.
fn cycle_through(threads: &[Snapshot], me: usize) -> Option<Vec<Step>> {
    let mut steps = vec![Step {
        at: me,
        from: 0,
        by: None,
    }];
    let mut seen = vec![false; threads.len()];
    let mut next = 0;
    while next < steps.len() {
        let at = steps[next].at;
        for (index, by) in keepers(threads, at) {
            if index == me {
                return Some(walk_back(steps, next, by));
            }
            if !std::mem::replace(&mut seen[index], true) {
                steps.push(Step {
                    at: index,
                    from: next,
                    by,
                });
            }
        }
        next += 1;
    }
    None
}

/// The steps from the first one to `last`, which leads back to the first by `by`.
fn walk_back(mut steps: Vec<Step>, last: usize, by: Option<HeldLock>) -> Vec<Step> {
    steps[0].by = by;
    let mut order = vec![last];
    while let Some(&at) = order.last()
        && at != 0
    {
        order.push(steps[at].from);
    }
    order.reverse();
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|at| steps[at].take())
        .collect()
}

/// The threads that keep thread `at` waiting, each of which would have to move.
fn keepers(threads: &[Snapshot], at: usize) -> Vec<(usize, Option<HeldLock>)> {
    let Some(wait) = threads[at].wait.filter(|wait| !wait.timed) else {
        return Vec::new();
    };
    let mut keepers: Vec<(usize, Option<HeldLock>)> = Vec::new();
    for (index, thread) in threads.iter().enumerate() {
        let hold = thread
            .held
            .iter()
            .find(|h| std::ptr::eq(h.ident, wait.ident) && conflicts(wait.need, h.mode));
        if let Some(hold) = hold {
            keepers.push((index, Some(*hold)));
        }
    }
    let shared = matches!(wait.need, Need::Lock(Mode::Shared | Mode::Upgradable));
    if keepers.is_empty() && shared && blocks_readers(&wait) {
        let writer = threads.iter().position(|thread| {
            thread.wait.is_some_and(|other| {
                std::ptr::eq(other.ident, wait.ident)
                    && !other.timed
                    && matches!(other.need, Need::Lock(Mode::Exclusive) | Need::Upgrade)
            })
        });
        keepers.extend(writer.map(|index| (index, None)));
    }
    keepers
}

fn blocks_readers(wait: &Published) -> bool {
    // SAFETY: the lock is borrowed by a thread that waits for it, so its ident is alive; the epoch
    // of that thread is compared again before anything is made of the answer.
    let ident = unsafe { &*wait.ident };
    ident.class().kind.policy() == ReadPolicy::WriterBlocksReaders
}

/// The facts of the deadlock, unless a thread of it has moved, or has reported one before that
/// it is still in.
fn report(threads: &[Snapshot], path: &[Step]) -> Option<Facts> {
    // Two threads that publish at the same moment both see the cycle: the lock lets one of them
    // report it, and the other one finds it marked.
    let guard = state::lock();
    for step in path {
        let thread = &threads[step.at];
        let wait = thread.wait?;
        if thread.slot.wait.epoch() != wait.epoch
            || thread.slot.wait.reported.load(Ordering::Relaxed) == wait.epoch
        {
            return None;
        }
    }
    // Only the thread that closed it is marked: it panics, and the others may come to wait for each
    // other anew, still in the waits that they are in now.
    let closer = &threads[path.first()?.at];
    let epoch = closer.wait?.epoch;
    // Relaxed: read and written under the detector's lock.
    closer.slot.wait.reported.store(epoch, Ordering::Relaxed);
    drop(guard);
    let mut stations = Vec::new();
    let mut queued = Vec::new();
    for step in path {
        let thread = &threads[step.at];
        let wait = thread.wait?;
        let Some(holds) = step.by else {
            queued.push(thread.slot);
            continue;
        };
        stations.push(Station {
            slot: thread.slot,
            holds,
            // SAFETY: the thread is blocked in a wait for this lock, as its epoch showed, and does
            // not come out of it before the report is made: its deadlock is closed.
            wants: unsafe { &*wait.ident },
            mode: match wait.need {
                Need::Lock(mode) => mode,
                Need::Upgrade | Need::Signal => Mode::Exclusive,
            },
            site: wait.site,
        });
    }
    Some(describe::deadlock(&stations, &queued))
}
