//! What stands for an agent that is no thread: a task, which several threads poll in turn.

#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::engine::ids::{Site, ThreadId};
use crate::tracking::thread::clock_ref::ClockRef;
use crate::tracking::thread::slot::Slot;

/// The place of an agent: its slot, once it has used a tracked primitive.
///
/// Only the thread that acts as the agent writes it, so plain stores are enough.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Null until the agent has a slot.
    slot: AtomicPtr<Slot>,
    /// The serial number of the agent, under which it takes a slot. After a fork that slot belongs to
    /// nothing.
    serial: ThreadId,
    /// The check of `testing` that the agent belongs to.
    scope: u64,
    name: Option<Box<str>>,
    /// What the agent is called by if it has no name: where it was started.
    place: Option<Site>,
    /// What the agent comes after, for the time at which it gets a slot. Only the thread that acts as
    /// the agent, or has it to itself, touches it.
    past: RefCell<Option<ClockRef>>,
}

impl Seat {
    pub(crate) const fn new(
        serial: ThreadId,
        scope: u64,
        name: Option<Box<str>>,
        place: Option<Site>,
    ) -> Self {
        Self {
            slot: AtomicPtr::new(ptr::null_mut()),
            serial,
            scope,
            name,
            place,
            past: RefCell::new(None),
        }
    }

    /// Sets what the agent comes after.
    pub(crate) fn set_past(&self, past: Option<ClockRef>) {
        self.past.replace(past);
    }

    /// What the agent comes after, if it has not learnt of it yet.
    #[inline]
    pub(crate) fn past(&self) -> Option<ClockRef> {
        self.past.borrow().as_ref().map(ClockRef::another)
    }

    /// Takes it, for the agent to learn of.
    pub(crate) fn take_past(&self) -> Option<ClockRef> {
        self.past.take()
    }

    /// What reports call it.
    pub(crate) fn name(&self) -> Option<String> {
        let place = || Some(self.place?.to_string());
        self.name.as_deref().map(str::to_owned).or_else(place)
    }

    /// The number of the check of `testing` that it belongs to; zero if it belongs to none.
    pub(crate) fn check_id(&self) -> u64 {
        self.scope
    }

    /// The slot, or the detached one.
    #[inline(always)]
    pub(crate) fn slot(&self) -> &'static Slot {
        // Relaxed: written by the thread that acted as the agent before, which handed it over.
        let slot = self.slot.load(Ordering::Relaxed);
        // SAFETY: null, or a slot, and those are never freed.
        match unsafe { slot.as_ref() } {
            Some(slot) if slot.serial() == self.serial.get() => slot,
            _ => Slot::detached(),
        }
    }

    /// Gives the agent a slot that was occupied with its number.
    pub(crate) fn sit(&self, slot: &'static Slot) {
        slot.set_check_id(self.scope);
        // Relaxed: read by the thread that acts as the agent, now or after a hand-over.
        self.slot
            .store(ptr::from_ref(slot).cast_mut(), Ordering::Relaxed);
    }

    /// The number of the agent.
    pub(crate) fn id(&self) -> ThreadId {
        self.serial
    }
}
