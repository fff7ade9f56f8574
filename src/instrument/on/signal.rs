//! Waiting for a condition variable.

use std::marker::PhantomData;
use std::panic::Location;
use std::ptr;

use lock_api::GuardNoSend;

use super::lock::{Hold, Lock};
use crate::detector;
use crate::instrument::{Kind, LockKind, Mode, Site};
use crate::tracking::current;
use crate::tracking::record::Record;
use crate::tracking::slot::Slot;
use crate::tracking::wait::Need;

/// The record of one condition variable.
#[derive(Debug)]
pub struct Signal {
    record: Record,
}

static CONDVAR: LockKind = LockKind::readers_pass("Condvar");

impl Signal {
    /// The record of a condition variable whose class is the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self {
            record: Record::new(&CONDVAR, None, Location::caller()),
        }
    }

    /// The record of a condition variable whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Self {
        Self {
            record: Record::new(&CONDVAR, Some(name), Location::caller()),
        }
    }

    /// Names this one instance in reports, beside the name of its class.
    pub fn set_label(&self, label: &str) {
        if let Some(slot) = detector::attach() {
            detector::with_own(slot, |own| self.record.identify(&mut own.pool)).set_label(label);
        }
    }

    /// Tells that the calling thread is about to let go of `lock`, which it holds by `hold`, and
    /// to sleep until it is notified and has the lock again.
    #[cold]
    pub fn waiting<'a>(
        &'a self,
        lock: &'a Lock,
        hold: &'a mut Hold,
        kind: Kind,
        site: Site,
    ) -> Waiting<'a> {
        // A hold that is not tracked, or was sent here from another thread, stays as it is.
        let tracked = !hold.slot.is_detached() && ptr::eq(hold.slot, current::slot());
        let slot = tracked.then_some(hold.slot);
        if let Some(slot) = slot {
            slot.maintain();
            let ident = detector::with_own(slot, |own| self.record.identify(&mut own.pool));
            slot.remove(lock.record.ident_address());
            *hold = Hold::untracked();
            slot.wait
                .publish(Need::Signal, kind != Kind::Blocking, false, ident, site);
        }
        Waiting {
            slot,
            lock,
            hold,
            site,
            marker: PhantomData,
        }
    }

    /// Tells that the calling thread is about to wake one waiter, or all.
    #[inline(always)]
    pub fn notifying(&self) {}
}

impl Default for Signal {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        if let Some(ident) = self.record.retire() {
            detector::retire(ident, false);
        }
    }
}

/// A thread asleep on a condition variable. Dropping it says that the thread is awake and holds
/// the lock again; the hold that was lent is then the record of the new acquisition.
#[derive(Debug)]
#[must_use = "drop it when the thread is awake and holds the lock again"]
pub struct Waiting<'a> {
    slot: Option<&'static Slot>,
    lock: &'a Lock,
    hold: &'a mut Hold,
    site: Site,
    /// As in [`Attempt`](super::Attempt).
    marker: PhantomData<GuardNoSend>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        slot.wait.clear();
        slot.maintain();
        let record = &self.lock.record;
        let ident = self.lock.identify_as_holder(slot, Mode::Exclusive);
        let mut findings = Vec::new();
        if slot.is_holding() {
            findings = detector::order::check(slot, record, ident, Mode::Exclusive, self.site);
        }
        self.lock
            .note(slot, ident.tag(), Mode::Exclusive, self.site);
        *self.hold = Hold::of(slot);
        // The caller is owed a guard, so nothing is raised here.
        let _ = detector::publish(slot, findings);
    }
}
