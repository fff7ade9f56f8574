//! A snapshot of what all threads hold and wait for.

use super::sleepers::{Purpose, Sleep, Sleeper, Sleepers};
use crate::engine::ids::ThreadId;
use crate::engine::mode::Mode;
use crate::engine::sorting;
use crate::engine::wait_for;
use crate::engine::wait_for::WaitFor;
use crate::engine::wait_reason::WaitReason;
use crate::system::{self, FutexSleep};
use crate::tracking::lock::ident::Ident;
use crate::tracking::process::pending_spawns::PendingSpawns;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::slot::{Flag, HeldLock, Slot};
use crate::tracking::thread::wait::{PublishedWait, SEES_PARKS, WaitKind};

/// What one thread holds and waits for.
pub(super) struct ThreadSnapshot {
    pub(super) slot: &'static Slot,
    pub(super) id: Option<ThreadId>,
    /// The check of `testing` that the thread belongs to; zero for none.
    pub(super) scope: u64,
    /// Whether the thread had ended before the rest of it was read. A thread that ends later is taken as it
    /// was read: what it did meanwhile may have ended the wait of another.
    pub(super) ended: bool,
    pub(super) wait: Option<PublishedWait>,
    /// How the thread sleeps, if it has no published wait and was seen asleep.
    pub(super) sleeper: Option<Sleeper>,
}

/// A thread that blocks others: by a hold or, without one, by being queued ahead.
pub(super) type Blocker = (usize, Option<HeldLock>);

/// What all threads hold and wait for, by lock.
pub(super) struct Snapshots {
    pub(super) threads: Vec<ThreadSnapshot>,
    /// The holds of all threads and, without a hold, their exclusive waits, in the order of the addresses of the
    /// idents; for each lock first the holds, so that the waits of many threads are not read for its holder.
    by_lock: Vec<(usize, Blocker)>,
    /// The checks that may have threads which are not in the snapshot.
    missing: Vec<u64>,
    /// The threads that were seen asleep before the snapshot was taken, if it was looked for them.
    pub(super) sleepers: Sleepers,
}

/// Returns where an entry of `Snapshots::by_lock` stands in it.
fn place_of_entry((ident, (_, hold)): &(usize, Blocker)) -> (usize, bool) {
    (*ident, hold.is_none())
}

impl Snapshots {
    /// Takes a snapshot of the process.
    pub(super) fn now() -> Self {
        let roll = PendingSpawns::call();
        let mut snapshots = Self::of(&registry::occupied());
        snapshots.missing = roll.missing();
        snapshots
    }

    /// Takes a snapshot of the process in which the threads that were seen asleep wait, too.
    pub(super) fn beside(sleepers: Sleepers) -> Self {
        let mut all = Self::now();
        // A task is woken by what threads do not wait for, such as the driver of a runtime, and an explored thread by the
        // scheduler.
        let is_other = |thread: &ThreadSnapshot| {
            thread.slot.life.has(Flag::Agent) || thread.slot.life.has(Flag::Scheduled)
        };
        let are_threads = !all.threads.iter().any(is_other);
        for at in 0..all.threads.len() {
            let thread = &all.threads[at];
            if thread.wait.is_some() || thread.ended || thread.slot.life.has(Flag::Ours) {
                continue;
            }
            let id = thread.slot.life.os_id();
            let sleeper = id.and_then(|id| sleepers.with_id(id));
            all.threads[at].sleeper = sleeper.filter(|sleeper| match sleeper.sleep {
                Sleep::UntilWoken(_) => are_threads,
                Sleep::UntilEndOf(id, slot) => all.joined(id, slot).is_some(),
            });
        }
        if are_threads {
            all.sleepers = sleepers;
        }
        all
    }

    /// Returns the index of a thread that another one joins, unless it has ended.
    pub(super) fn joined(&self, id: ThreadId, slot: &Slot) -> Option<usize> {
        let at = self.place_of(slot)?;
        (self.threads[at].id == Some(id) && !self.threads[at].ended).then_some(at)
    }

    pub(super) fn of(all: &[&'static Slot]) -> Self {
        let mut snapshots = Self {
            threads: Vec::with_capacity(all.len()),
            by_lock: Vec::new(),
            missing: Vec::new(),
            sleepers: Sleepers::default(),
        };
        for &slot in all {
            let ended = slot.has_ended();
            // The wait first: if it stands, what was written before it is seen below.
            let wait = slot.wait.read();
            // A lockset that changes while it is read belongs to a running thread: left out, that thread
            // would not count as one that can end a wait.
            let (held, wait) = match slot.held() {
                Some(held) => (held, wait),
                None => (Vec::new(), None),
            };
            let at = snapshots.threads.len();
            for hold in &held {
                let holder = (at, Some(*hold));
                snapshots.by_lock.push((hold.ident.addr(), holder));
            }
            if let Some(wait) = &wait
                && matches!(
                    wait.need,
                    WaitKind::Lock(Mode::Exclusive) | WaitKind::Upgrade
                )
            {
                snapshots.by_lock.push((wait.ident.addr(), (at, None)));
            }
            let id = slot.thread();
            let scope = slot.check_id();
            snapshots.threads.push(ThreadSnapshot {
                slot,
                id,
                scope,
                ended,
                wait,
                sleeper: None,
            });
        }
        sorting::sort_by_key(&mut snapshots.by_lock, place_of_entry);
        snapshots
    }

    /// Returns the holders of the lock or, with `waits`, the threads that wait for it exclusively.
    fn at_lock(&self, ident: *const Ident, waits: bool) -> &[(usize, Blocker)] {
        let before = |place: (usize, bool)| {
            let entries = &self.by_lock;
            entries.partition_point(|one| place_of_entry(one) < place)
        };
        let (place, next) = match waits {
            false => ((ident.addr(), false), (ident.addr(), true)),
            true => ((ident.addr(), true), (ident.addr() + 1, false)),
        };
        &self.by_lock[before(place)..before(next)]
    }

    /// Returns the index of a thread.
    pub(super) fn place_of(&self, slot: &Slot) -> Option<usize> {
        self.threads
            .iter()
            .position(|thread| std::ptr::eq(thread.slot, slot))
    }

    /// Returns the threads that block a waiting thread, each of which would have to run.
    pub(super) fn keepers(&self, wait: &PublishedWait) -> Vec<Blocker> {
        match wait.sort.sendable {
            // The guards may be in other threads than those that acquired the lock.
            true => Vec::new(),
            false => self.blockers(wait),
        }
    }

    /// Returns the holds that keep a lock from a waiting thread or, without one, a writer that is queued ahead of it.
    pub(super) fn blockers(&self, wait: &PublishedWait) -> Vec<Blocker> {
        if matches!(wait.need, WaitKind::Other(_)) {
            return Vec::new();
        }
        let listed = self.listed(wait);
        let shared = matches!(wait.need, WaitKind::Lock(Mode::Shared | Mode::Upgradable));
        if !listed.is_empty() || !shared || !wait.sort.queues {
            return listed;
        }
        let mut writers = Vec::new();
        for (_, (at, _)) in self.at_lock(wait.ident, true) {
            // It is not known which of several writers is ahead of the reader. One with a deadline may be,
            // and lets the reader in when its wait ends.
            if self.threads[*at].wait.is_none_or(|wait| wait.timed) {
                return Vec::new();
            }
            writers.push((*at, None));
        }
        writers.truncate(1);
        writers
    }

    /// Returns the holds that block a waiting thread, by the threads that acquired them. If the guards may be
    /// sent, they may be in other threads.
    fn listed(&self, wait: &PublishedWait) -> Vec<Blocker> {
        let mut listed = Vec::new();
        for (_, (at, hold)) in self.at_lock(wait.ident, false) {
            if hold.is_some_and(|hold| conflicts(wait.need, hold.mode)) {
                listed.push((*at, *hold));
            }
        }
        listed
    }

    /// Returns whether a thread waits for a lock.
    pub(super) fn waits_for_lock(&self, at: usize) -> bool {
        let wait = self.threads[at].wait;
        wait.is_some_and(|wait| matches!(wait.need, WaitKind::Lock(_) | WaitKind::Upgrade))
    }

    /// Returns whether a thread waits for a lock whose guards may be sent.
    pub(super) fn waits_for_sendable(&self, at: usize) -> bool {
        let wait = self.threads[at].wait;
        wait.is_some_and(|wait| wait.sort.sendable) && self.waits_for_lock(at)
    }

    /// Returns whether the lock for which a thread waits has been released since the snapshot. What a queued writer waits
    /// for are all holds of the lock.
    pub(super) fn was_released(&self, at: usize) -> bool {
        let Some(wait) = &self.threads[at].wait else {
            return false;
        };
        let is_held = |at: usize| {
            let held = self.threads[at].slot.held();
            let is_it = |hold: &HeldLock| std::ptr::eq(hold.ident, wait.ident);
            held.is_some_and(|held| held.iter().any(is_it))
        };
        let mut holders = self.at_lock(wait.ident, false).iter();
        let is_behind_a_queue = self.blockers(wait).iter().any(|(_, hold)| hold.is_none());
        match is_behind_a_queue {
            true => !holders.any(|(_, (at, _))| is_held(*at)),
            false => !self.listed(wait).iter().any(|(at, _)| is_held(*at)),
        }
    }

    /// Returns whether a thread is parked.
    pub(super) fn is_parked(&self, at: usize) -> bool {
        let wait = self.threads[at].wait;
        wait.is_some_and(|wait| wait.need == WaitKind::Other(WaitReason::Unpark))
    }

    /// Returns whether any thread is parked.
    pub(super) fn any_parked(&self) -> bool {
        (0..self.threads.len()).any(|at| self.is_parked(at))
    }

    /// Returns whether all threads but those of the library, which end no wait, still stand where they were read.
    pub(super) fn stands_still(&self) -> bool {
        (0..self.threads.len()).all(|at| {
            let is_ours = self.threads[at].slot.life.has(Flag::Ours);
            is_ours || (self.stands(at) && !self.is_awake(at))
        })
    }

    /// Returns whether a thread is parked and not asleep: it was unparked, or is about to sleep. The threads that could unpark
    /// it were seen blocked before, when the snapshot was taken, so if it is asleep, none of them wakes it any more: a
    /// thread to which one of them had given an unpark does not sleep. Or whether a thread that was seen asleep has woken up
    /// since.
    pub(super) fn is_awake(&self, at: usize) -> bool {
        let thread = &self.threads[at];
        let id = thread.slot.life.os_id();
        let is_awake = thread.sleeper.is_some_and(|it| !it.seen.still_sleeps());
        let sleeps = || id.and_then(system::futex_sleep) == Some(FutexSleep::Untimed);
        is_awake || (self.is_parked(at) && !sleeps())
    }

    /// Returns what a thread without a published wait sleeps in, if any thread could wake it.
    pub(super) fn purpose(&self, at: usize) -> Option<Purpose> {
        self.threads[at].sleeper?.purpose()
    }

    /// Returns whether the thread is in a futex, as far as the system says, or is none that still runs: after it has published its wait, it may still call
    /// the program, with a report, and so wake a thread that was seen asleep.
    pub(super) fn is_in_futex(&self, at: usize) -> bool {
        let thread = &self.threads[at];
        let life = &thread.slot.life;
        let is_none = thread.ended || life.has(Flag::Agent);
        is_none || life.os_id().and_then(system::futex_call).is_some()
    }

    /// Returns whether any thread was seen asleep without a published wait, also one without a slot.
    pub(super) fn relies_on_sleep(&self) -> bool {
        !self.sleepers.is_empty() || self.has_sleepers()
    }

    /// Returns whether any thread of the snapshot was seen asleep without a published wait.
    pub(super) fn has_sleepers(&self) -> bool {
        self.threads.iter().any(|thread| thread.sleeper.is_some())
    }

    /// Returns whether the wait of a thread leaves open which thread it waits for.
    pub(super) fn waits_for_any_thread(&self, at: usize) -> bool {
        let Some(wait) = self.threads[at].wait else {
            return self.purpose(at).is_some();
        };
        matches!(wait.need, WaitKind::Other(_))
            && wait.by().is_none()
            && self.keepers_of_mutex(&wait).is_empty()
    }

    /// Returns whether any thread holds a lock.
    pub(super) fn any_hold(&self) -> bool {
        let is_hold = |(_, (_, hold)): &(usize, Blocker)| hold.is_some();
        self.by_lock.iter().any(is_hold)
    }

    /// Returns whether a thread holds any lock.
    pub(super) fn holds(&self, at: usize) -> bool {
        let is_its = |(_, (holder, hold)): &(usize, Blocker)| *holder == at && hold.is_some();
        self.by_lock.iter().any(is_its)
    }

    /// Returns whether a thread waits only to take the place of an idle one: for a lock that the idle thread, spawned
    /// at the same line, or also by `std::thread`, took at the same line, as workers do that receive under the lock of a shared
    /// receiver.
    pub(super) fn is_next_to_idle(&self, at: usize) -> bool {
        let thread = &self.threads[at];
        let Some(wait) = &thread.wait else {
            return false;
        };
        let keepers = self.keepers(wait);
        let does_the_same = |(keeper, hold): &Blocker| {
            self.waits_for_any_thread(*keeper)
                && hold.is_some_and(|hold| hold.site == wait.site)
                && thread.slot.spawned() == self.threads[*keeper].slot.spawned()
        };
        !keepers.is_empty() && keepers.iter().all(does_the_same)
    }

    /// Returns the holders of the mutex that a thread must reacquire before its wait for a condition variable
    /// ends.
    pub(super) fn keepers_of_mutex(&self, wait: &PublishedWait) -> Vec<usize> {
        if wait.mutex.is_null() || wait.sort.sendable {
            return Vec::new();
        }
        let mut keepers = Vec::new();
        for (_, (at, _)) in self.at_lock(wait.mutex, false) {
            keepers.push(*at);
        }
        keepers
    }

    /// Returns the shortest cycle of threads through `me`, the first one, each waiting for a lock that the
    /// next one holds.
    pub(super) fn ring_through(&self, me: usize) -> Option<Vec<usize>> {
        let next = |at: usize| {
            let mut keepers = Vec::new();
            if let Some(wait) = self.threads[at].wait.filter(|wait| !wait.timed) {
                for (keeper, _) in &self.keepers(&wait) {
                    keepers.push(*keeper);
                }
            }
            keepers
        };
        wait_for::cycle_through(self.threads.len(), me, &next)
    }

    /// Returns all threads as input of the reduction, and after them entries that stand for "any thread": the
    /// first for the process, which can run if any thread can, or if untracked threads may exist
    /// (`untracked_threads`); then one for each check of `testing`, which can run if a thread of that check
    /// can.
    pub(super) fn states(&self, untracked_threads: bool) -> Vec<wait_for::Thread> {
        let count = self.threads.len();
        let mut scopes = vec![0];
        for thread in &self.threads {
            scopes.push(thread.scope);
        }
        sorting::sort(&mut scopes);
        scopes.dedup();
        let any_thread = |scope: u64| count + scopes.binary_search(&scope).unwrap_or(0);
        let mut states = Vec::with_capacity(count + scopes.len());
        for thread in &self.threads {
            states.push(self.state(thread, any_thread(thread.scope), any_thread(0)));
        }
        for &scope in &scopes {
            let runs = (scope == 0 && untracked_threads) || self.missing.contains(&scope);
            states.push((!runs).then(|| WaitFor::any_of(self.members(scope))));
        }
        states
    }

    /// Returns the threads of a check, or of the process if that is zero, but those of the library: no thread waits
    /// for the watchdog.
    fn members(&self, scope: u64) -> Vec<usize> {
        let mut members = Vec::new();
        for (at, thread) in self.threads.iter().enumerate() {
            if (scope == 0 || thread.scope == scope) && !thread.slot.life.has(Flag::Ours) {
                members.push(at);
            }
        }
        members
    }

    /// Returns what a thread waits for; `any_thread` stands for any thread of its check, or of the process if it
    /// belongs to none.
    fn state(
        &self,
        thread: &ThreadSnapshot,
        any_thread: usize,
        any_of_process: usize,
    ) -> wait_for::Thread {
        if thread.ended {
            return Some(WaitFor::any_of(Vec::new()));
        }
        let Some(wait) = &thread.wait else {
            return Some(WaitFor::any_of(vec![match thread.sleeper?.sleep {
                Sleep::UntilWoken(_) => any_of_process,
                Sleep::UntilEndOf(id, slot) => self.joined(id, slot).unwrap_or(wait_for::UNKNOWN),
            }]));
        };
        match wait.need {
            WaitKind::Lock(_) | WaitKind::Upgrade => self.need_of_lock(wait, any_thread),
            WaitKind::Other(WaitReason::Notification) => self.need_of_signal(wait, any_thread),
            // Also in a check: a pool that was there before may unpark it.
            WaitKind::Other(WaitReason::Unpark) => {
                let is_known = SEES_PARKS && !wait.timed && !thread.slot.life.has(Flag::Agent);
                is_known.then(|| WaitFor::any_of(vec![any_of_process]))
            }
            WaitKind::Other(_) => self.need_of_party(wait, any_thread),
        }
    }

    fn need_of_lock(&self, wait: &PublishedWait, any_thread: usize) -> Option<WaitFor> {
        if wait.sort.sendable {
            // The guard may be in any thread by now.
            let is_held = !wait.timed && !self.blockers(wait).is_empty();
            return is_held.then(|| WaitFor::any_of(vec![any_thread]));
        }
        let keepers = self.keepers(wait);
        // Without a holder in the snapshot, the holder is unknown or has just released the lock.
        if wait.timed || keepers.is_empty() {
            return None;
        }
        let mut holders = Vec::new();
        for (at, _) in &keepers {
            holders.push(*at);
        }
        Some(self.all_of_holders(holders, any_thread))
    }

    fn all_of_holders(&self, mut holders: Vec<usize>, any_thread: usize) -> WaitFor {
        for at in &mut holders {
            // A lock whose holder has ended can be released by any thread, with `force_unlock`.
            if self.threads[*at].ended {
                *at = any_thread;
            }
        }
        WaitFor::all_of(holders)
    }

    fn need_of_signal(&self, wait: &PublishedWait, any_thread: usize) -> Option<WaitFor> {
        let mutex = self.keepers_of_mutex(wait);
        let relock = (!mutex.is_empty()).then(|| self.all_of_holders(mutex, any_thread));
        // A notified thread, or one with a deadline, waits only for the mutex.
        if wait.timed || wait.party().is_none_or(ResourceState::has_pending_wakeups) {
            return relock;
        }
        Some(WaitFor {
            any_of: Some(vec![any_thread]),
            ..relock.unwrap_or_default()
        })
    }

    fn need_of_party(&self, wait: &PublishedWait, any_thread: usize) -> Option<WaitFor> {
        let changed = wait
            .party()
            .is_none_or(|party| party.version() != wait.version);
        if wait.timed || changed {
            return None;
        }
        let Some(by) = wait.by() else {
            return Some(WaitFor::any_of(vec![any_thread]));
        };
        let members = by.members();
        if members.unknown > 0 {
            return None;
        }
        let mut places = Vec::new();
        for id in &members.threads {
            // A thread that a fork left in the parent does nothing here.
            if !registry::is_of_parent(*id) {
                let found = self.threads.iter().position(|t| t.id == Some(*id));
                places.push(found.unwrap_or(wait_for::UNKNOWN));
            }
        }
        Some(WaitFor::any_of(places))
    }

    /// Returns whether a thread is still in the wait that was read, and nothing was provided to it.
    pub(super) fn stands(&self, at: usize) -> bool {
        let thread = &self.threads[at];
        if thread.ended {
            return true;
        }
        let Some(wait) = &thread.wait else {
            // `is_awake` says whether it still sleeps.
            let is_same = !thread.slot.has_ended() && thread.slot.thread() == thread.id;
            return thread.sleeper.is_some() && is_same;
        };
        let unchanged = match wait.need {
            // An unpark leaves no trace; `is_awake` says whether there was one.
            WaitKind::Lock(_) | WaitKind::Upgrade | WaitKind::Other(WaitReason::Unpark) => true,
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

/// Returns whether a hold in `mode` blocks a request `need` for the same lock.
pub(in crate::detector) fn conflicts(need: WaitKind, mode: Mode) -> bool {
    match need {
        WaitKind::Lock(Mode::Exclusive) => true,
        WaitKind::Lock(Mode::Shared) => mode == Mode::Exclusive,
        WaitKind::Lock(Mode::Upgradable) => mode != Mode::Shared,
        // The upgradable hold is the caller's own.
        WaitKind::Upgrade => mode == Mode::Shared,
        WaitKind::Other(_) => false,
    }
}
