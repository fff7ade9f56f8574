//! What all threads hold and wait for at one moment, for the watchdog: seen from outside, while
//! they go on.

#![allow(unsafe_code)]

use std::sync::atomic::Ordering;

use super::describe;
use crate::engine::ids::{Site, ThreadId};
use crate::engine::mode::Mode;
use crate::primitives::fence;
use crate::report::{HeldInfo, LockInfo, Stack, WaitsFor};
use crate::tracking::ident::Ident;
use crate::tracking::pin::Pin;
use crate::tracking::registry;
use crate::tracking::slot::{Slot, Watched, place};
use crate::tracking::wait::{self, Need};

/// One thread.
#[derive(Debug)]
pub(crate) struct Observed {
    slot: &'static Slot,
    pub(crate) thread: ThreadId,
    /// The operating system's id, where it is known and the thread has not ended.
    pub(crate) os_id: Option<u32>,
    pub(crate) has_ended: bool,
    pub(crate) is_ours: bool,
    /// Whether it has said that it waits for work.
    pub(crate) is_idle: bool,
    /// `None` if that did not stand still while it was read.
    pub(crate) held: Option<Vec<ObservedHold>>,
    pub(crate) wait: Option<ObservedWait>,
    /// Changes with everything that the thread does with tracked primitives.
    pub(crate) progress: u64,
}

/// A held lock.
#[derive(Debug)]
pub(crate) struct ObservedHold {
    pub(crate) lock: LockInfo,
    pub(crate) info: HeldInfo,
    /// Whether it is the very hold that the last observation with marks saw.
    pub(crate) seen: bool,
}

/// A wait.
#[derive(Debug)]
pub(crate) struct ObservedWait {
    pub(crate) lock: LockInfo,
    pub(crate) what: WaitsFor,
    pub(crate) site: Site,
    /// When it began, on the clock of `tracking::wait`, in nanoseconds.
    pub(crate) since: u64,
}

impl Observed {
    /// Whether the slot still is that of the thread.
    pub(crate) fn is_there(&self) -> bool {
        self.slot.thread() == Some(self.thread)
    }

    /// Where the thread waits, if it has looked itself.
    pub(crate) fn place(&self) -> Option<Stack> {
        let wait = self.wait.as_ref()?;
        let place = self.slot.place.of(wait.since)?;
        self.is_there().then(|| Stack::of_addresses(&place))
    }

    /// The name of the thread, if the slot still is its.
    pub(crate) fn name(&self) -> Option<String> {
        let name = self.slot.name();
        name.filter(|_| self.is_there())
    }
}

/// All threads that have a slot. With `mark`, which is for the watchdog's own thread alone, their
/// holds can be told from those of the observation before: see [`ObservedHold::seen`].
pub(crate) fn observe(mark: bool) -> Vec<Observed> {
    let pin = Pin::new();
    registry::occupied()
        .into_iter()
        .filter_map(|slot| one(slot, mark, &pin))
        .collect()
}

fn one(slot: &'static Slot, mark: bool, pin: &Pin) -> Option<Observed> {
    let thread = slot.thread()?;
    let observed = Observed {
        slot,
        thread,
        os_id: slot.life.os_id().filter(|_| !slot.has_ended()),
        has_ended: slot.has_ended(),
        is_ours: slot.life.is_ours(),
        is_idle: slot.life.is_idle(),
        wait: wait_of(slot, pin),
        held: slot
            .watched(pin, mark, describe::card)
            .map(|held| held.into_iter().filter_map(hold).collect()),
        progress: slot.progress(),
    };
    (slot.thread() == Some(thread)).then_some(observed)
}

fn hold(watched: Watched<LockInfo>) -> Option<ObservedHold> {
    let lock = watched.found?;
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
    let lock = describe::card(ident);
    let what = match wait.need {
        Need::Lock(mode) => WaitsFor::Lock {
            lock: lock.id,
            mode,
        },
        Need::Upgrade => WaitsFor::Lock {
            lock: lock.id,
            mode: Mode::Exclusive,
        },
        Need::Other(awaited) => WaitsFor::Resource {
            resource: lock.id,
            awaited,
        },
    };
    fence(Ordering::Acquire);
    // If the wait goes on, the ident was its own all the time.
    (slot.wait.epoch() == wait.epoch).then_some(ObservedWait {
        lock,
        what,
        site: wait.site,
        since: wait.since,
    })
}

/// The calling thread, whose slot this is, is still in the wait that began at `since`: if that has
/// lasted for a while, and somebody watches, it leaves word of where it is.
pub(crate) fn note_place(slot: &Slot, since: u64) {
    if place::is_worth_a_look(wait::now().saturating_sub(since)) {
        let stack = || Stack::capture().addresses().into();
        slot.place.leave(since, stack);
    }
}
