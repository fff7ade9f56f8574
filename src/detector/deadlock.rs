//! Deadlocks: of a thread with itself, before it waits, and of several, as the last of them does.
//!
//! A thread publishes what it waits for and then looks. Of the threads of a deadlock one is the
//! last to publish, and that one sees the records of all others, so nothing needs to poll.
//!
//! Who waits for whom is reduced by [`waitfor`]. A cycle that is seen is real: each thread of it waits for a lock that the next one holds, and a
//! thread that waits does not let go of anything. A record can be out of date only if its thread
//! got the lock meanwhile; but then the holder let go of it, and did not wait. All epochs are read
//! again at the end, under the detector's lock.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::describe::{self, Station};
use super::state;
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::engine::waitfor::{self, State};
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

/// What a thread holds and waits for, read once.
struct Snapshot {
    slot: &'static Slot,
    held: Vec<HeldLock>,
    wait: Option<Published>,
}

/// Looks whether the wait that the calling thread has just published closes a deadlock.
pub(crate) fn look(slot: &'static Slot, record: &Record) -> Option<Facts> {
    closed(slot, record, registry::occupied).map(|closed| facts(&closed))
}

/// A deadlock that was found, and is the finder's to report.
pub(super) struct Closed {
    threads: Vec<Snapshot>,
    /// The threads of the deadlock, the calling one first, each waiting for the next one.
    ring: Vec<usize>,
}

/// The deadlock that the wait of the calling thread has closed with threads of `all`.
pub(super) fn closed(
    slot: &'static Slot,
    record: &Record,
    all: impl FnOnce() -> Vec<&'static Slot>,
) -> Option<Closed> {
    if owner_runs(slot, record) {
        return None;
    }
    let threads = snapshots(all());
    let me = threads.iter().position(|t| std::ptr::eq(t.slot, slot))?;
    let states: Vec<waitfor::Thread> = threads
        .iter()
        .map(|thread| waitfor::Thread {
            state: state_of(thread, &threads),
        })
        .collect();
    let stuck = waitfor::stuck(&states);
    if !stuck[me] {
        return None;
    }
    // A chain that closes elsewhere leads into a deadlock that was there before, and was reported
    // by the thread that closed it.
    let chain = waitfor::chain(&states, &stuck, me);
    // One that is of the calling thread alone was told before it waited.
    if chain.closes_at != Some(0) || chain.threads.len() < 2 {
        return None;
    }
    let closed = Closed {
        threads,
        ring: chain.threads,
    };
    (stands(&closed) && claim(&closed)).then_some(closed)
}

/// What a thread would need to go on.
fn state_of(thread: &Snapshot, threads: &[Snapshot]) -> State {
    let Some(wait) = thread
        .wait
        .filter(|wait| !wait.timed && wait.need != Need::Signal)
    else {
        // It runs, or will by itself, or is woken by somebody unknown.
        return State::Runs;
    };
    let keepers: Vec<usize> = keepers(threads, &wait)
        .into_iter()
        .map(|keeper| keeper.0)
        .collect();
    if keepers.is_empty() {
        // The holder is not known, or has just let go.
        return State::Runs;
    }
    State::Blocked(waitfor::Need::AllOf(keepers))
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

fn snapshots(all: Vec<&'static Slot>) -> Vec<Snapshot> {
    all.into_iter()
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

/// The threads that keep a waiting thread from going on, each of which would have to move, with
/// the hold by which they do; without one, by being queued ahead.
fn keepers(threads: &[Snapshot], wait: &Published) -> Vec<(usize, Option<HeldLock>)> {
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
    if keepers.is_empty() && shared && wait.queues {
        let writers = || {
            threads.iter().enumerate().filter(|(_, thread)| {
                thread.wait.is_some_and(|other| {
                    std::ptr::eq(other.ident, wait.ident)
                        && matches!(other.need, Need::Lock(Mode::Exclusive) | Need::Upgrade)
                })
            })
        };
        // Which of several writers is ahead of the reader is not known. One with a deadline may
        // be, and lets the reader in when it gives up.
        let in_earnest = writers().all(|(_, thread)| thread.wait.is_some_and(|w| !w.timed));
        if in_earnest {
            keepers.extend(writers().next().map(|(index, _)| (index, None)));
        }
    }
    keepers
}

/// Whether a deadlock that rests on the order of a queue is still there after some milliseconds.
///
/// That a reader waits for a writer, and not the writer for it, cannot be told from what they have
/// published: the reader may have come first, and have been woken already without having run since.
/// Then it runs soon. Nobody is kept from anything meanwhile: the caller would wait in any case.
fn stands(closed: &Closed) -> bool {
    let Closed { threads, ring } = closed;
    let queued = ring.iter().enumerate().any(|(place, &at)| {
        let next = ring[(place + 1) % ring.len()];
        threads[at].wait.is_some_and(|wait| {
            keepers(threads, &wait)
                .iter()
                .any(|keeper| keeper.0 == next && keeper.1.is_none())
        })
    });
    !queued
        || (0..5).all(|_| {
            std::thread::sleep(Duration::from_millis(1));
            has_not_moved(closed)
        })
}

/// Whether each thread is still in the wait in which it was seen.
fn has_not_moved(Closed { threads, ring }: &Closed) -> bool {
    ring.iter().all(|&at| {
        let thread = &threads[at];
        thread
            .wait
            .is_some_and(|wait| thread.slot.wait.epoch() == wait.epoch)
    })
}

/// Makes the deadlock the caller's, unless a thread of it has moved, or has reported one before that
/// it is still in.
fn claim(Closed { threads, ring }: &Closed) -> bool {
    // Two threads that publish at the same moment both see the cycle: the lock lets one of them
    // report it, and the other one finds it marked.
    let _guard = state::lock();
    let epoch = |at: usize| threads[at].wait.map_or(0, |wait| wait.epoch);
    for &at in ring {
        let wait = &threads[at].slot.wait;
        // Relaxed: read and written under the detector's lock.
        if wait.epoch() != epoch(at) || wait.reported.load(Ordering::Relaxed) == epoch(at) {
            return false;
        }
    }
    // Only the thread that closed it is marked: it panics, and the others may come to wait for each
    // other anew, still in the waits that they are in now.
    let closer = ring[0];
    threads[closer]
        .slot
        .wait
        .reported
        .store(epoch(closer), Ordering::Relaxed);
    true
}

/// What a report says of it.
fn facts(Closed { threads, ring }: &Closed) -> Facts {
    let mut stations = Vec::new();
    let mut queued = Vec::new();
    for (place, &at) in ring.iter().enumerate() {
        let before = &threads[ring[(place + ring.len() - 1) % ring.len()]];
        let thread = &threads[at];
        let (Some(wanted), Some(wait)) = (before.wait, thread.wait) else {
            continue;
        };
        let held = keepers(threads, &wanted)
            .into_iter()
            .find(|keeper| keeper.0 == at);
        let Some((_, Some(holds))) = held else {
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
            since: wait.since,
        });
    }
    describe::deadlock(&stations, &queued)
}
