//! Deadlocks: of a thread with itself, before it waits, and of several, as the last of them does.
//!
//! A thread publishes what it waits for and then looks. Of the threads of a deadlock one is the
//! last to publish, and that one sees the records of all others, so nothing needs to poll.
//!
//! Who waits for whom is reduced by [`waitfor`]. A cycle of holders that is seen is real: each
//! thread of it waits for a lock that the next one holds, and a thread that waits does not let go of
//! anything. A record can be out of date only if its thread got the lock meanwhile; but then the
//! holder let go of it, and did not wait. All epochs are read again at the end, under the detector's
//! lock.
//!
//! A reader that waits behind a queued writer is another matter: only the lock knows whether the
//! writer was there first. If the reader is the calling thread, it tries once more before it
//! believes that; if it is another one, what was seen has to last for a while.

#![allow(unsafe_code)]

use std::collections::{HashMap, VecDeque};
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
    if ident.class().kind.is_sendable() {
        // The guard may be in another thread by now.
        return None;
    }
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

/// What a look at all threads shows.
pub(crate) enum Look {
    /// No deadlock of which the calling thread is a part and that is its to report.
    Nothing,
    /// What looked like a deadlock was none: the retry has got the lock.
    Granted,
    /// A deadlock that the calling thread has closed.
    Deadlock(Box<Facts>),
}

/// Looks whether the wait that the calling thread has just published closes a deadlock.
pub(crate) fn look(slot: &'static Slot, record: &Record, retry: impl FnOnce() -> bool) -> Look {
    let Some(closed) = closed(slot, record, registry::occupied) else {
        return Look::Nothing;
    };
    let behind_a_queue = closed.behind_a_queue();
    if behind_a_queue.first() == Some(&true) && retry() {
        return Look::Granted;
    }
    if behind_a_queue.iter().skip(1).any(|queued| *queued) && !closed.lasts() {
        return Look::Nothing;
    }
    if claim(&closed) {
        Look::Deadlock(Box::new(facts(&closed)))
    } else {
        Look::Nothing
    }
}

/// What a thread holds and waits for, read once.
struct Snapshot {
    slot: &'static Slot,
    wait: Option<Published>,
}

/// A thread that keeps others waiting: by a hold or, without one, by being queued ahead.
type Keeper = (usize, Option<HeldLock>);

/// What all threads hold and wait for, by lock.
struct Snapshots {
    threads: Vec<Snapshot>,
    /// For each ident, by address, who holds the lock.
    holders: HashMap<usize, Vec<(usize, HeldLock)>>,
    /// For each ident, by address, who waits to be the only holder.
    writers: HashMap<usize, Vec<usize>>,
}

impl Snapshots {
    fn of(all: Vec<&'static Slot>) -> Self {
        let mut snapshots = Self {
            threads: Vec::with_capacity(all.len()),
            holders: HashMap::new(),
            writers: HashMap::new(),
        };
        for slot in all {
            // The wait first: if it stands, what was written before it is seen below.
            let wait = slot.wait.read();
            let Some(held) = slot.held() else { continue };
            let at = snapshots.threads.len();
            for h in held {
                snapshots
                    .holders
                    .entry(h.ident.addr())
                    .or_default()
                    .push((at, h));
            }
            if let Some(wait) = &wait
                && matches!(wait.need, Need::Lock(Mode::Exclusive) | Need::Upgrade)
            {
                snapshots
                    .writers
                    .entry(wait.ident.addr())
                    .or_default()
                    .push(at);
            }
            snapshots.threads.push(Snapshot { slot, wait });
        }
        snapshots
    }

    /// The threads that keep a waiting thread from going on, each of which would have to move.
    fn keepers(&self, wait: &Published) -> Vec<Keeper> {
        if wait.sort.sendable {
            // The guards may be in other threads than those that took the lock.
            return Vec::new();
        }
        let holders = self.holders.get(&wait.ident.addr()).into_iter().flatten();
        let mut keepers: Vec<Keeper> = holders
            .filter(|(_, hold)| conflicts(wait.need, hold.mode))
            .map(|(at, hold)| (*at, Some(*hold)))
            .collect();
        let shared = matches!(wait.need, Need::Lock(Mode::Shared | Mode::Upgradable));
        if keepers.is_empty() && shared && wait.sort.queues {
            let none = Vec::new();
            let writers = self.writers.get(&wait.ident.addr()).unwrap_or(&none);
            // Which of several writers is ahead of the reader is not known. One with a deadline may
            // be, and lets the reader in when it gives up.
            let timed = |at: &usize| self.threads[*at].wait.is_none_or(|wait| wait.timed);
            if !writers.iter().any(timed) {
                keepers.extend(writers.first().map(|at| (*at, None)));
            }
        }
        keepers
    }

    /// The shortest ring of threads through `me`, the first one, each waiting for the next one.
    fn ring_through(&self, me: usize) -> Option<Vec<usize>> {
        let mut from: Vec<Option<usize>> = vec![None; self.threads.len()];
        let mut open = VecDeque::from([me]);
        while let Some(at) = open.pop_front() {
            let Some(wait) = self.threads[at].wait.filter(|wait| !wait.timed) else {
                continue;
            };
            for (keeper, _) in self.keepers(&wait) {
                if keeper == me {
                    let back = |at: &usize| from[*at];
                    let mut ring: Vec<usize> = std::iter::successors(Some(at), back).collect();
                    ring.reverse();
                    return Some(ring);
                }
                if from[keeper].is_none() {
                    from[keeper] = Some(at);
                    open.push_back(keeper);
                }
            }
        }
        None
    }

    /// What a thread would need to go on.
    fn state(&self, thread: &Snapshot) -> State {
        let Some(wait) = thread
            .wait
            .filter(|wait| !wait.timed && wait.need != Need::Signal)
        else {
            // It runs, or will by itself, or is woken by somebody unknown.
            return State::Runs;
        };
        let keepers: Vec<usize> = self.keepers(&wait).iter().map(|keeper| keeper.0).collect();
        if keepers.is_empty() {
            // The holder is not known, or has just let go.
            return State::Runs;
        }
        State::Blocked(waitfor::Need::AllOf(keepers))
    }
}

/// A deadlock that was found.
pub(super) struct Closed {
    all: Snapshots,
    /// The threads of the deadlock, the calling one first, each waiting for the next one.
    ring: Vec<usize>,
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
    fn behind_a_queue(&self) -> Vec<bool> {
        let length = self.ring.len();
        (0..length)
            .map(|place| self.keeper((place + 1) % length).is_none())
            .collect()
    }

    /// Whether no thread of it moves for a while.
    ///
    /// Between the moment in which a lock is granted and that in which its new holder says so lie a
    /// few instructions: a reader that looks as if it waited behind a queue may be there.
    fn lasts(&self) -> bool {
        (0..5).all(|_| {
            std::thread::sleep(Duration::from_millis(2));
            self.stands()
        })
    }

    /// Whether no thread of it has moved since it was seen.
    fn stands(&self) -> bool {
        self.ring.iter().all(|&at| {
            let thread = &self.all.threads[at];
            thread
                .wait
                .is_some_and(|wait| thread.slot.wait.epoch() == wait.epoch)
        })
    }
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
    let all = Snapshots::of(all());
    let me = all
        .threads
        .iter()
        .position(|t| std::ptr::eq(t.slot, slot))?;
    let states: Vec<waitfor::Thread> = all
        .threads
        .iter()
        .map(|thread| waitfor::Thread {
            state: all.state(thread),
        })
        .collect();
    let stuck = waitfor::stuck(&states);
    if !stuck[me] {
        return None;
    }
    // If no ring leads through this thread, it has come to wait for a deadlock that was there before,
    // and was reported by the thread that closed it.
    let ring = all.ring_through(me)?;
    // One of the calling thread alone was told before it waited.
    (ring.len() > 1).then_some(Closed { all, ring })
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

/// Makes the deadlock the caller's, unless a thread of it has moved, or has reported one before that
/// it is still in.
pub(super) fn claim(closed: &Closed) -> bool {
    // Two threads that publish at the same moment both see the cycle: the lock lets one of them
    // report it, and the other one finds it marked.
    let _guard = state::lock();
    let reported = |at: &usize| {
        let thread = &closed.all.threads[*at];
        // Relaxed: read and written under the detector's lock.
        let reported = thread.slot.wait.reported.load(Ordering::Relaxed);
        thread.wait.is_some_and(|wait| wait.epoch == reported)
    };
    if !closed.stands() || closed.ring.iter().any(reported) {
        return false;
    }
    // Only the thread that closed it is marked: it panics, and the others may come to wait for each
    // other anew, still in the waits that they are in now.
    let closer = &closed.all.threads[closed.ring[0]];
    if let Some(wait) = closer.wait {
        closer
            .slot
            .wait
            .reported
            .store(wait.epoch, Ordering::Relaxed);
    }
    true
}

/// What a report says of it.
fn facts(closed: &Closed) -> Facts {
    let mut stations = Vec::new();
    let mut queued = Vec::new();
    for (place, &at) in closed.ring.iter().enumerate() {
        let thread = &closed.all.threads[at];
        let Some(wait) = thread.wait else { continue };
        let Some(holds) = closed.keeper(place) else {
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
