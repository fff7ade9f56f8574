//! What threads hold and wait for at one moment, for the watchdog and for the assertions of tests: read from
//! outside, while the threads run.
//!
//! A running thread may be elsewhere before the answer is read. So an answer claims only that each part of it
//! was true a moment ago.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::observation::Observation;
use crate::detector::lock_info::{lock_info, wait_info};
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::sorting;
use crate::engine::wait_reason::WaitReason;
use crate::report::{HeldInfo, LockInfo, Stack, ThreadInfo, WaitInfo, WaitsFor};
use crate::shim::fence;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::pin::Pin;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state::ResourceState;
use crate::tracking::thread::slot::{Flag, HeldLock, Slot, parked_stack};
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::WaitKind;

/// One thread, as it was observed.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    slot: &'static Slot,
    pub(crate) thread: ThreadId,
    pub(crate) name: Option<String>,
    spawned: Option<Site>,
    /// The operating system's id, where it is known and the thread has not ended.
    pub(crate) os_id: Option<u32>,
    /// Whether the thread has ended, and left locks behind.
    pub(crate) has_ended: bool,
    pub(crate) is_ours: bool,
    /// Whether the thread has declared that it waits for work.
    pub(crate) is_idle: bool,
    /// The locks that it holds, in the order of acquisition; `None` if the list changed while it was read.
    pub(crate) held: Option<Vec<ObservedHold>>,
    /// The wait of the thread, if it waits at a tracked primitive.
    pub(crate) wait: Option<ObservedWait>,
    /// A number that changes with every operation of the thread on tracked primitives.
    pub(crate) progress: u64,
}

/// A held lock.
#[derive(Clone, Debug)]
pub(crate) struct ObservedHold {
    pub(crate) lock: LockInfo,
    pub(crate) info: HeldInfo,
    /// Whether this is the same hold that the last marking observation saw.
    pub(crate) seen: bool,
}

/// A wait.
#[derive(Clone, Debug)]
pub(crate) struct ObservedWait {
    pub(crate) lock: LockInfo,
    pub(crate) need: WaitKind,
    pub(crate) site: Site,
    /// The start of the wait, on the clock of `tracking::wait`, in nanoseconds.
    pub(crate) since: u64,
    /// Whether the wait has a deadline.
    pub(crate) timed: bool,
    /// Whether it is for a lock whose guards may be sent to other threads.
    sendable: bool,
    /// The threads that can end the wait; empty if any thread may.
    pub(crate) by: Vec<ThreadId>,
    /// Whether a report has named the wait as one that never ends.
    pub(crate) is_named: bool,
    /// Whether something was provided since the wait was published, which may have ended it.
    provided: bool,
}

impl Observed {
    /// Returns whether the slot still belongs to the thread.
    pub(crate) fn is_there(&self) -> bool {
        self.slot.thread() == Some(self.thread)
    }

    /// Returns the stack of the wait, if the thread has recorded it.
    pub(crate) fn place(&self) -> Option<Stack> {
        let wait = self.wait.as_ref()?;
        let place = self.slot.place.of(wait.since)?;
        self.is_there().then(|| Stack::of_addresses(&place))
    }

    /// Returns the locks that the thread holds, as far as they are known.
    pub(crate) fn holds(&self) -> &[ObservedHold] {
        self.held.as_deref().unwrap_or_default()
    }

    /// Returns the locks that the thread holds, as far as they are known, as a report has them.
    pub(crate) fn held_infos(&self) -> Vec<HeldInfo> {
        let mut infos = Vec::new();
        for hold in self.holds() {
            infos.push(hold.info);
        }
        infos
    }

    /// Returns the thread as a report has it, at the time `now`.
    pub(crate) fn thread_info(&self, now: u64) -> ThreadInfo {
        ThreadInfo {
            name: self.name.clone(),
            spawned: self.spawned,
            held: self.held_infos(),
            waits: self.wait_info(now),
            ended: self.has_ended,
            is_task: self.slot.life.has(Flag::Agent),
            ..ThreadInfo::new(self.thread)
        }
    }

    /// Returns the wait of the thread as a report has it, at the time `now`.
    pub(crate) fn wait_info(&self, now: u64) -> Option<WaitInfo> {
        let wait = self.wait.as_ref()?;
        Some(WaitInfo {
            since: Some(Duration::from_nanos(now.saturating_sub(wait.since))),
            ..wait_info(wait.lock.id, wait.need, wait.site)
        })
    }
}

impl Observed {
    /// Returns the observed thread in the form in which other crates read it.
    pub(crate) fn into_observation(self) -> Observation {
        let mut locks = Vec::new();
        for hold in self.holds() {
            locks.push(hold.lock.clone());
        }
        if let Some(wait) = &self.wait {
            locks.push(wait.lock.clone());
        }
        Observation {
            thread: self.thread_info(wait::now()),
            locks,
            is_held_known: self.held.is_some(),
            os_id: self.os_id,
            check: self.slot.check_id(),
            may_wander: self.wait.as_ref().is_some_and(|wait| wait.sendable),
            is_timed: self.wait.as_ref().is_some_and(|wait| wait.timed),
            is_provided: self.wait.as_ref().is_some_and(|wait| wait.provided),
            is_observer: self.is_ours,
            joins: self.wait.as_ref().and_then(ObservedWait::joined),
            in_sight_since: self.slot.in_sight_since().filter(|_| self.is_there()),
            progress: self.progress,
        }
    }
}

impl ObservedWait {
    /// Returns the thread whose end is waited for.
    fn joined(&self) -> Option<ThreadId> {
        let is_end = matches!(
            self.need,
            WaitKind::Other(WaitReason::End | WaitReason::ScopeEnd)
        );
        match self.by[..] {
            [thread] if is_end => Some(thread),
            _ => None,
        }
    }

    /// Returns what is waited for, as a report's type.
    pub(crate) fn what(&self) -> WaitsFor {
        wait_info(self.lock.id, self.need, self.site).what
    }

    /// Describes what is waited for as a part of a sentence; `name` is the name of the resource.
    pub(crate) fn describe(&self, name: &str) -> String {
        match self.need {
            WaitKind::Lock(mode) => format!("{name} ({mode})"),
            WaitKind::Upgrade => format!("{name} (the upgrade to exclusive)"),
            WaitKind::Other(awaited) => awaited.of(name),
        }
    }
}

/// Observes all threads that have a slot. With `mark`, which only the watchdog's own thread may pass, the
/// holds are compared with those of the previous marking observation: see [`ObservedHold::seen`].
///
/// Costs some hundred nanoseconds per thread.
pub(crate) fn all(mark: bool) -> Vec<Observed> {
    of(None, mark)
}

/// Observes the threads of one check, in the order in which the detector first saw them.
pub(crate) fn of_scope(scope: u64) -> Vec<Observed> {
    let mut observed = of(Some(scope), false);
    sorting::sort_by_key(&mut observed, |one| one.thread);
    observed
}

fn of(scope: Option<u64>, mark: bool) -> Vec<Observed> {
    let pin = Pin::new();
    let mut observed = Vec::new();
    for slot in &registry::occupied() {
        if scope.is_none_or(|scope| slot.check_id() == scope)
            && let Some(one) = one(slot, mark, &pin)
        {
            observed.push(one);
        }
    }
    observed
}

fn one(slot: &'static Slot, mark: bool, pin: &Pin) -> Option<Observed> {
    let thread = slot.thread()?;
    let observed = Observed {
        slot,
        thread,
        name: slot.name(),
        spawned: slot.spawned(),
        os_id: slot.life.os_id().filter(|_| !slot.has_ended()),
        has_ended: slot.has_ended(),
        is_ours: slot.life.has(Flag::Ours),
        is_idle: slot.life.has(Flag::Idle),
        wait: wait_of(slot, pin),
        held: slot.watched(pin, mark, card).map(holds),
        progress: slot.progress(),
    };
    (slot.thread() == Some(thread)).then_some(observed)
}

fn holds(watched: Vec<(HeldLock, Option<LockInfo>)>) -> Vec<ObservedHold> {
    let mut holds = Vec::new();
    for (hold, lock) in watched {
        if let Some(lock) = lock {
            let info = HeldInfo {
                lock: lock.id,
                mode: hold.mode,
                site: hold.site,
            };
            let seen = hold.seen;
            holds.push(ObservedHold { lock, info, seen });
        }
    }
    holds
}

fn wait_of(slot: &Slot, _pin: &Pin) -> Option<ObservedWait> {
    let wait = slot.wait.read()?;
    // SAFETY: null, or the ident of a primitive that a thread waited for after the pin was created. That
    // thread borrowed the primitive then, so it was not dropped, and its ident is not freed before the pin is
    // gone (see `pin`).
    let ident: &Ident = unsafe { wait.ident.as_ref() }?;
    let lock = card(ident)?;
    let by = wait.by().map(|by| by.members().threads);
    let is_named = slot.wait.is_named(wait.since);
    let party = wait.party();
    let provided = match wait.need {
        WaitKind::Other(WaitReason::Notification) => {
            party.is_none_or(ResourceState::has_pending_wakeups)
        }
        WaitKind::Other(_) => party.is_some_and(|party| party.version() != wait.version),
        WaitKind::Lock(_) | WaitKind::Upgrade => false,
    };
    fence(Ordering::Acquire);
    // If the wait continues, the ident belonged to it all the time.
    (slot.wait.epoch() == wait.epoch).then_some(ObservedWait {
        lock,
        need: wait.need,
        site: wait.site,
        since: wait.since,
        timed: wait.timed,
        sendable: wait.sort.sendable,
        by: by.unwrap_or_default(),
        is_named,
        provided,
    })
}

/// Describes a lock that may be dropped at any moment; returns `None` if it was dropped: its guard was
/// forgotten, or another thread has released it.
fn card(ident: &Ident) -> Option<LockInfo> {
    let card = lock_info(ident);
    (card.id != LockId::LAST).then_some(card)
}

/// Records the stack of the calling thread, whose slot this is, if it is still in the wait that began at
/// `since`, the wait has lasted for a while, and a watchdog runs.
pub(crate) fn note_place(slot: &Slot, since: u64) {
    if parked_stack::is_worth_a_look(wait::now().saturating_sub(since)) {
        let stack = || Stack::capture().addresses().into();
        slot.place.leave(since, stack);
    }
}
