//! What threads hold and wait for at one moment, for the watchdog and for the helpers of tests: seen
//! from outside, while they go on.
//!
//! A thread that runs may be at another place before the answer is read. So nothing is claimed of
//! such an answer but that each line of it was so a moment ago.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use super::describe;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::instrument::Observation;
use crate::report::{HeldInfo, LockInfo, Stack, ThreadInfo, WaitInfo, WaitsFor};
use crate::shim::fence;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::pin::Pin;
use crate::tracking::process::registry;
use crate::tracking::thread::slot::{ObservedLock, Slot, parked_stack};
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::WaitKind;

/// One thread, as it was seen.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    slot: &'static Slot,
    pub(crate) thread: ThreadId,
    pub(crate) name: Option<String>,
    /// The operating system's id, where it is known and the thread has not ended.
    pub(crate) os_id: Option<u32>,
    /// Whether it has ended, and left behind what it holds.
    pub(crate) has_ended: bool,
    pub(crate) is_ours: bool,
    /// Whether it has said that it waits for work.
    pub(crate) is_idle: bool,
    /// The locks that it holds, in the order in which it took them; `None` if that did not stand still
    /// while it was read.
    pub(crate) held: Option<Vec<ObservedHold>>,
    /// What it waits for, if that is something that is watched.
    pub(crate) wait: Option<ObservedWait>,
    /// Changes with everything that the thread does with tracked primitives.
    pub(crate) progress: u64,
}

/// A held lock.
#[derive(Clone, Debug)]
pub(crate) struct ObservedHold {
    pub(crate) lock: LockInfo,
    pub(crate) info: HeldInfo,
    /// Whether it is the very hold that the last observation with marks saw.
    pub(crate) seen: bool,
}

/// A wait.
#[derive(Clone, Debug)]
pub(crate) struct ObservedWait {
    pub(crate) lock: LockInfo,
    pub(crate) need: WaitKind,
    pub(crate) site: Site,
    /// When it began, on the clock of `tracking::wait`, in nanoseconds.
    pub(crate) since: u64,
    /// Whether it ends by itself, at a deadline.
    pub(crate) timed: bool,
    /// Whether it is for a lock whose guards may be sent to other threads.
    sendable: bool,
    /// The threads of which one has to end the wait; empty if any thread may.
    pub(crate) by: Vec<ThreadId>,
    /// Whether a report has named it as a wait that never ends.
    pub(crate) is_named: bool,
}

impl Observed {
    /// Whether the slot still is that of the thread.
    pub(crate) fn is_there(&self) -> bool {
        self.slot.thread() == Some(self.thread)
    }

    /// Whether it is an agent, not a thread of the system.
    pub(crate) fn is_task(&self) -> bool {
        self.slot.life.is_agent()
    }

    /// Where the thread waits, if it has looked itself.
    pub(crate) fn place(&self) -> Option<Stack> {
        let wait = self.wait.as_ref()?;
        let place = self.slot.place.of(wait.since)?;
        self.is_there().then(|| Stack::of_addresses(&place))
    }

    /// The locks that the thread holds, as far as they are known.
    pub(crate) fn holds(&self) -> &[ObservedHold] {
        self.held.as_deref().unwrap_or_default()
    }
}

impl Observed {
    /// The same, for other crates.
    pub(crate) fn into_observation(self) -> Observation {
        let mut locks: Vec<LockInfo> = self.holds().iter().map(|h| h.lock.clone()).collect();
        locks.extend(self.wait.as_ref().map(|wait| wait.lock.clone()));
        let since = |wait: &ObservedWait| wait::time_since(wait.since);
        Observation {
            thread: ThreadInfo {
                name: self.name.clone(),
                held: self.holds().iter().map(|hold| hold.info).collect(),
                waits: self.wait.as_ref().map(|wait| WaitInfo {
                    what: wait.what(),
                    site: wait.site,
                    since: Some(since(wait)),
                    by: None,
                    again: None,
                    counts: None,
                }),
                ended: self.has_ended,
                is_task: self.slot.life.is_agent(),
                ..ThreadInfo::new(self.thread)
            },
            locks,
            is_held_known: self.held.is_some(),
            os_id: self.os_id,
            check: self.slot.check_id(),
            may_wander: self.wait.as_ref().is_some_and(|wait| wait.sendable),
            is_timed: self.wait.as_ref().is_some_and(|wait| wait.timed),
            progress: self.progress,
        }
    }
}

impl ObservedWait {
    /// What is waited for, in the words of a report.
    pub(crate) fn what(&self) -> WaitsFor {
        match self.need {
            WaitKind::Lock(mode) => WaitsFor::Lock {
                lock: self.lock.id,
                mode,
            },
            WaitKind::Upgrade => WaitsFor::Lock {
                lock: self.lock.id,
                mode: Mode::Exclusive,
            },
            WaitKind::Other(awaited) => WaitsFor::Resource {
                resource: self.lock.id,
                awaited,
            },
        }
    }

    /// The same as a part of a sentence, if `name` is what the thing is called.
    pub(crate) fn describe(&self, name: &str) -> String {
        match self.need {
            WaitKind::Lock(mode) => format!("{name} ({mode})"),
            WaitKind::Upgrade => format!("{name} (the upgrade to exclusive)"),
            WaitKind::Other(awaited) => awaited.of(name),
        }
    }
}

/// All threads that have a slot. With `mark`, which is for the watchdog's own thread alone, their
/// holds can be told from those of the observation before: see [`ObservedHold::seen`].
///
/// Costs some hundred nanoseconds a thread.
pub(crate) fn all(mark: bool) -> Vec<Observed> {
    of(|_| true, mark)
}

/// The threads whose scope is `scope`, in the order in which they were first seen by the detector.
pub(crate) fn of_scope(scope: u64) -> Vec<Observed> {
    let mut observed = of(|slot| slot.check_id() == scope, false);
    observed.sort_by_key(|one| one.thread);
    observed
}

fn of(is_meant: impl Fn(&Slot) -> bool, mark: bool) -> Vec<Observed> {
    let pin = Pin::new();
    registry::occupied()
        .into_iter()
        .filter(|slot| is_meant(slot))
        .filter_map(|slot| one(slot, mark, &pin))
        .collect()
}

fn one(slot: &'static Slot, mark: bool, pin: &Pin) -> Option<Observed> {
    let thread = slot.thread()?;
    let observed = Observed {
        slot,
        thread,
        name: slot.name(),
        os_id: slot.life.os_id().filter(|_| !slot.has_ended()),
        has_ended: slot.has_ended(),
        is_ours: slot.life.is_ours(),
        is_idle: slot.life.is_idle(),
        wait: wait_of(slot, pin),
        held: slot
            .watched(pin, mark, card)
            .map(|held| held.into_iter().filter_map(hold).collect()),
        progress: slot.progress(),
    };
    (slot.thread() == Some(thread)).then_some(observed)
}

fn hold(watched: ObservedLock<Option<LockInfo>>) -> Option<ObservedHold> {
    let lock = watched.found??;
    Some(ObservedHold {
        info: HeldInfo {
            lock: lock.id,
            mode: watched.hold.mode,
            site: watched.hold.site,
        },
        lock,
        seen: watched.seen,
    })
}

fn wait_of(slot: &Slot, _pin: &Pin) -> Option<ObservedWait> {
    let wait = slot.wait.read()?;
    // SAFETY: null, or the ident of something that a thread waited for after the pin was made. It
    // was borrowed by that thread then, so it was not dropped, and its ident is not freed before the
    // pin is gone (see `pin`).
    let ident: &Ident = unsafe { wait.ident.as_ref() }?;
    let lock = card(ident)?;
    let by = wait.by().map(|by| by.members().threads);
    let is_named = slot.wait.is_named(wait.since);
    fence(Ordering::Acquire);
    // If the wait goes on, the ident was its own all the time.
    (slot.wait.epoch() == wait.epoch).then_some(ObservedWait {
        lock,
        need: wait.need,
        site: wait.site,
        since: wait.since,
        timed: wait.timed,
        sendable: wait.sort.sendable,
        by: by.unwrap_or_default(),
        is_named,
    })
}

/// What is said of a lock that may be dropped at any moment; `None` if it is gone: its guard was
/// forgotten, or another thread has let go of it.
fn card(ident: &Ident) -> Option<LockInfo> {
    let card = describe::lock_info(ident);
    (card.id != LockId::LAST).then_some(card)
}

/// The calling thread, whose slot this is, is still in the wait that began at `since`: if that has
/// lasted for a while, and somebody watches, it leaves word of where it is.
pub(crate) fn note_place(slot: &Slot, since: u64) {
    if parked_stack::is_worth_a_look(wait::now().saturating_sub(since)) {
        let stack = || Stack::capture().addresses().into();
        slot.place.leave(since, stack);
    }
}
