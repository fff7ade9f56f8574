//! What all threads hold and wait for, read once.

use std::collections::{HashMap, VecDeque};

use super::conflicts;
use crate::engine::ids::ThreadId;
use crate::engine::mode::Mode;
use crate::engine::wait_for;
use crate::engine::wait_for::ThreadState;
use crate::engine::wait_reason::WaitReason;
use crate::tracking::process::pending_spawns::PendingSpawns;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::{HeldLock, Slot};
use crate::tracking::thread::wait::{PublishedWait, WaitKind};

/// What a thread holds and waits for, read once.
pub(super) struct ThreadSnapshot {
    pub(super) slot: &'static Slot,
    pub(super) id: Option<ThreadId>,
    /// The check of `testing` that it belongs to; zero for none.
    scope: u64,
    /// Whether it had come to its end before anything else of it was read. One that does so later is
    /// taken as it was found: what it did meanwhile may have ended the wait of another.
    pub(super) ended: bool,
    pub(super) wait: Option<PublishedWait>,
}

/// A thread that keeps others waiting: by a hold or, without one, by being queued ahead.
pub(super) type Blocker = (usize, Option<HeldLock>);

/// What all threads hold and wait for, by lock.
pub(super) struct Snapshots {
    pub(super) threads: Vec<ThreadSnapshot>,
    /// For each ident, by address, who holds the lock.
    holders: HashMap<usize, Vec<(usize, HeldLock)>>,
    /// For each ident, by address, who waits to be the only holder.
    writers: HashMap<usize, Vec<usize>>,
    /// The checks that may have threads which are not among these.
    missing: Vec<u64>,
}

impl Snapshots {
    /// Those of the process.
    pub(super) fn now() -> Self {
        let roll = PendingSpawns::call();
        let mut snapshots = Self::of(registry::occupied());
        snapshots.missing = roll.missing();
        snapshots
    }

    pub(super) fn of(all: Vec<&'static Slot>) -> Self {
        let mut snapshots = Self {
            threads: Vec::with_capacity(all.len()),
            holders: HashMap::new(),
            writers: HashMap::new(),
            missing: Vec::new(),
        };
        for slot in all {
            let ended = slot.has_ended();
            // The wait first: if it stands, what was written before it is seen below.
            let wait = slot.wait.read();
            // A slot that does not stand still is that of a thread that runs: left out, it would not
            // count as one that can end a wait.
            let (held, wait) = match slot.held() {
                Some(held) => (held, wait),
                None => (Vec::new(), None),
            };
            let at = snapshots.threads.len();
            for h in held {
                snapshots
                    .holders
                    .entry(h.ident.addr())
                    .or_default()
                    .push((at, h));
            }
            if let Some(wait) = &wait
                && matches!(
                    wait.need,
                    WaitKind::Lock(Mode::Exclusive) | WaitKind::Upgrade
                )
            {
                snapshots
                    .writers
                    .entry(wait.ident.addr())
                    .or_default()
                    .push(at);
            }
            let id = slot.thread();
            let scope = slot.check_id();
            snapshots.threads.push(ThreadSnapshot {
                slot,
                id,
                scope,
                ended,
                wait,
            });
        }
        snapshots
    }

    /// How many threads the process has beside those that were looked at, if the system says so. Of
    /// these nobody knows what they do, also if they have a slot by now.
    ///
    /// Should one that was looked at have ended since, a look at the epochs of all that are taken to be
    /// stuck shows that: it was running.
    pub(super) fn untracked_threads(&self) -> Option<usize> {
        let me = current::own();
        let is_other = |thread: &ThreadSnapshot| thread.ended && !std::ptr::eq(thread.slot, me);
        // An agent is no thread of the system, so it makes none of those known.
        let is_thread = |thread: &ThreadSnapshot| !thread.slot.life.is_agent();
        let lives = |thread: &&ThreadSnapshot| {
            is_thread(thread) && (!is_other(thread) || thread.slot.life.is_leaving())
        };
        let living: Vec<&ThreadSnapshot> = self.threads.iter().filter(lives).collect();
        let untracked_threads = registry::untracked_threads(living.len())?;
        // One that is about to go was counted by the system if it is still there.
        let is_gone = |thread: &&ThreadSnapshot| is_other(thread) && !thread.slot.life.is_leaving();
        Some(untracked_threads + living.into_iter().filter(is_gone).count())
    }

    /// The place of a thread.
    pub(super) fn place_of(&self, slot: &Slot) -> Option<usize> {
        self.threads
            .iter()
            .position(|thread| std::ptr::eq(thread.slot, slot))
    }

    /// The threads that keep a waiting thread from going on, each of which would have to move.
    pub(super) fn keepers(&self, wait: &PublishedWait) -> Vec<Blocker> {
        if wait.sort.sendable || matches!(wait.need, WaitKind::Other(_)) {
            // The guards may be in other threads than those that took the lock; or it is no lock.
            return Vec::new();
        }
        let holders = self.holders.get(&wait.ident.addr()).into_iter().flatten();
        let mut keepers: Vec<Blocker> = holders
            .filter(|(_, hold)| conflicts(wait.need, hold.mode))
            .map(|(at, hold)| (*at, Some(*hold)))
            .collect();
        let shared = matches!(wait.need, WaitKind::Lock(Mode::Shared | Mode::Upgradable));
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

    /// Whether a thread holds anything.
    pub(super) fn holds(&self, at: usize) -> bool {
        let mut holders = self.holders.values().flatten();
        holders.any(|(holder, _)| *holder == at)
    }

    /// Whoever holds the mutex that a thread must have again before it is done with its wait for a
    /// condition variable.
    pub(super) fn keepers_of_mutex(&self, wait: &PublishedWait) -> Vec<usize> {
        if wait.mutex.is_null() || wait.sort.sendable {
            return Vec::new();
        }
        let holders = self.holders.get(&wait.mutex.addr()).into_iter().flatten();
        holders.map(|(at, _)| *at).collect()
    }

    /// The shortest ring of threads through `me`, the first one, each waiting for a lock that the
    /// next one keeps.
    pub(super) fn ring_through(&self, me: usize) -> Option<Vec<usize>> {
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

    /// All threads as the reduction wants them, and after them some that stand for "anyone": the
    /// first for the process at large, which can move if any thread can, or if `untracked_threads` may be
    /// there whom nobody knows; then one for each check of `testing`, which can move if a thread of
    /// that check can.
    pub(super) fn states(&self, untracked_threads: bool) -> Vec<wait_for::Thread> {
        let count = self.threads.len();
        let mut scopes: Vec<u64> = self.threads.iter().map(|thread| thread.scope).collect();
        scopes.push(0);
        scopes.sort_unstable();
        scopes.dedup();
        let anyone = |scope: u64| count + scopes.binary_search(&scope).unwrap_or(0);
        let mut states: Vec<ThreadState> = self
            .threads
            .iter()
            .map(|thread| self.state(thread, anyone(thread.scope)))
            .collect();
        let members = |scope: u64| {
            // The watchdog does nothing that anybody waits for.
            let is_in = |at: &usize| {
                let thread = &self.threads[*at];
                (scope == 0 || thread.scope == scope) && !thread.slot.life.is_ours()
            };
            wait_for::WaitFor::AnyOf((0..count).filter(is_in).collect())
        };
        states.extend(scopes.iter().map(|&scope| match scope {
            0 if untracked_threads => ThreadState::Runs,
            _ if self.missing.contains(&scope) => ThreadState::Runs,
            _ => ThreadState::Blocked(members(scope)),
        }));
        let thread = |state| wait_for::Thread { state };
        states.into_iter().map(thread).collect()
    }

    /// What a thread would need to go on.
    fn state(&self, thread: &ThreadSnapshot, anyone: usize) -> ThreadState {
        if thread.ended {
            return ThreadState::Blocked(wait_for::WaitFor::AnyOf(Vec::new()));
        }
        let Some(wait) = &thread.wait else {
            return ThreadState::Runs;
        };
        let need = match wait.need {
            WaitKind::Lock(_) | WaitKind::Upgrade => self.need_of_lock(wait, anyone),
            WaitKind::Other(WaitReason::Notification) => self.need_of_signal(wait, anyone),
            // Who unparks is not seen, and so not whether somebody has.
            WaitKind::Other(WaitReason::Unpark) => None,
            WaitKind::Other(_) => self.need_of_party(wait, anyone),
        };
        need.map_or(ThreadState::Runs, ThreadState::Blocked)
    }

    fn need_of_lock(&self, wait: &PublishedWait, anyone: usize) -> Option<wait_for::WaitFor> {
        let keepers = self.keepers(wait);
        // Without a keeper the holder is not known, or has just let go.
        if wait.timed || keepers.is_empty() {
            return None;
        }
        let holders = keepers.iter().map(|(at, _)| *at);
        Some(self.let_go(holders, anyone))
    }

    /// That each of these holders lets go of its lock.
    fn let_go(&self, holders: impl Iterator<Item = usize>, anyone: usize) -> wait_for::WaitFor {
        // A lock whose holder has ended can be let go by anyone, with `force_unlock`.
        let who = |at: usize| if self.threads[at].ended { anyone } else { at };
        wait_for::WaitFor::AllOf(holders.map(who).collect())
    }

    fn need_of_signal(&self, wait: &PublishedWait, anyone: usize) -> Option<wait_for::WaitFor> {
        let mutex = self.keepers_of_mutex(wait);
        let relock = (!mutex.is_empty()).then(|| self.let_go(mutex.into_iter(), anyone));
        // One that was notified, or will give up, only needs the mutex.
        if wait.timed || wait.party().is_none_or(ResourceState::has_pending_wakeups) {
            return relock;
        }
        let mut needs = vec![wait_for::WaitFor::AnyOf(vec![anyone])];
        needs.extend(relock);
        Some(wait_for::WaitFor::Each(needs))
    }

    fn need_of_party(&self, wait: &PublishedWait, anyone: usize) -> Option<wait_for::WaitFor> {
        let changed = wait
            .party()
            .is_none_or(|party| party.version() != wait.version);
        if wait.timed || changed {
            return None;
        }
        let Some(by) = wait.by() else {
            return Some(wait_for::WaitFor::AnyOf(vec![anyone]));
        };
        let members = by.members();
        if members.unknown > 0 {
            return None;
        }
        let place = |id: &ThreadId| {
            let found = self.threads.iter().position(|t| t.id == Some(*id));
            found.unwrap_or(wait_for::UNKNOWN)
        };
        let members = members.threads.iter().map(place);
        Some(wait_for::WaitFor::AnyOf(members.collect()))
    }

    /// Whether a thread is still in the wait that was read, and nothing was provided to it.
    pub(super) fn stands(&self, at: usize) -> bool {
        let thread = &self.threads[at];
        if thread.ended {
            return true;
        }
        let Some(wait) = &thread.wait else {
            return false;
        };
        let unchanged = match wait.need {
            WaitKind::Lock(_) | WaitKind::Upgrade => true,
            WaitKind::Other(WaitReason::Notification) => {
                wait.timed
                    || !wait.party().is_none_or(ResourceState::has_pending_wakeups)
                    || !self.keepers_of_mutex(wait).is_empty()
            }
            WaitKind::Other(_) => wait.party().is_some_and(|p| p.version() == wait.version),
        };
        unchanged && thread.slot.wait.epoch() == wait.epoch
    }
}
