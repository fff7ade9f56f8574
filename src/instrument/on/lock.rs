//! The record of a lock.

use std::marker::PhantomData;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use crate::detector;
use crate::instrument::{GuardMarker, Kind, LockId, LockKind, Mode, Site};
use crate::tracking::current;
use crate::tracking::ident::Ident;
use crate::tracking::record::Record;
use crate::tracking::slot::Slot;
use crate::tracking::tag;

/// The record of one lock instance.
///
/// See the [module](super) for how a primitive uses it.
#[derive(Debug)]
pub struct Lock {
    pub(super) record: Record,
}

impl Lock {
    /// The record of a lock whose class is the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn new(kind: &'static LockKind) -> Self {
        Self {
            record: Record::new(kind, None, Location::caller()),
        }
    }

    /// The record of a lock whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(kind: &'static LockKind, name: &'static str) -> Self {
        Self {
            record: Record::new(kind, Some(name), Location::caller()),
        }
    }

    /// Names this one instance in reports, beside the name of its class.
    pub fn set_label(&self, label: &str) {
        if let Some(slot) = detector::attach() {
            detector::with_own(slot, |own| self.record.identify(&mut own.pool)).set_label(label);
            detector::relabel(&self.record);
        }
    }

    /// The id of the lock: unique, never used again, and ascending in an order on which all
    /// threads agree. Given at the first acquisition or the first call.
    #[must_use]
    pub fn id(&self) -> LockId {
        match detector::attach() {
            Some(slot) => detector::with_own(slot, |own| self.record.identify(&mut own.pool)).id(),
            None => self
                .record
                .ident()
                .map_or(LockId::of_address(self), Ident::id),
        }
    }

    /// Tells that the calling thread has acquired the lock without waiting.
    ///
    /// # Panics
    ///
    /// If `kind` is [`Blocking`](Kind::Blocking) and this shows something that the configuration
    /// answers with a panic. The lock is then not recorded as held; the caller has to release it
    /// while it unwinds.
    #[inline(always)]
    pub fn acquired(&self, mode: Mode, kind: Kind, site: Site) -> Hold {
        self.acquired_by(mode, kind, site, true)
    }

    /// Tells that the calling thread has back, without waiting, a lock that it had just let go, at
    /// a point where it cannot unwind: like [`acquired`](Self::acquired), but it only reports.
    pub fn acquired_again(&self, mode: Mode, site: Site) -> Hold {
        self.acquired_by(mode, Kind::Blocking, site, false)
    }

    #[inline(always)]
    fn acquired_by(&self, mode: Mode, kind: Kind, site: Site, may_panic: bool) -> Hold {
        let slot = current::slot();
        let state = slot.state();
        let depth = Slot::depth(state);
        if slot.has_room(depth) {
            // Acquire pairs with the Release in `Record::settle`.
            let tag = self.record.tag.load(Ordering::Acquire);
            let key = slot.key_at(depth);
            // Relaxed: both are hints that this thread's own earlier stores, or those of an earlier
            // holder, gave; a stale one only leads to the slow path.
            let known = depth == 0
                || kind != Kind::Blocking
                || self.record.known.load(Ordering::Relaxed) == tag::known(key, mode);
            let owned =
                mode != Mode::Exclusive || !self.record.owner.load(Ordering::Relaxed).is_null();
            if tag != 0 && known && owned {
                self.note(slot, state, tag, mode, site);
                return Hold::of(slot);
            }
        }
        self.acquired_slow(mode, kind, site, may_panic)
    }

    /// Lists the lock as held on top of `slot`, the calling thread's.
    #[inline(always)]
    pub(super) fn note(&self, slot: &'static Slot, state: u64, tag: u64, mode: Mode, site: Site) {
        slot.push(
            state,
            self.record.ident_address(),
            tag::share(tag, mode),
            mode,
            site,
        );
        if mode == Mode::Exclusive {
            // Relaxed: a hint, believed only where the slot lists the lock.
            self.record
                .owner
                .store(ptr::from_ref(slot).cast_mut(), Ordering::Relaxed);
        }
    }

    #[inline(never)]
    fn acquired_slow(&self, mode: Mode, kind: Kind, site: Site, may_panic: bool) -> Hold {
        let Some(slot) = detector::attach() else {
            return Hold::untracked();
        };
        if !slot.has_room(Slot::depth(slot.state())) {
            slot.maintain();
        }
        let ident = self.identify_as_holder(slot, mode);
        let is_nested = kind == Kind::Blocking && Slot::depth(slot.state()) > 0;
        if is_nested || self.is_first_write(mode) {
            let may_panic = may_panic && kind == Kind::Blocking;
            return self.acquired_checked(slot, ident, mode, is_nested, site, may_panic);
        }
        self.note(slot, slot.state(), ident.tag(), mode, site);
        Hold::of(slot)
    }

    /// Whether this is the first exclusive acquisition of a lock that has readers too.
    pub(super) fn is_first_write(&self, mode: Mode) -> bool {
        // Relaxed: only holders write the field, and the caller is the exclusive one.
        mode == Mode::Exclusive && self.record.owner.load(Ordering::Relaxed).is_null()
    }

    pub(super) fn identify_as_holder(&self, slot: &'static Slot, mode: Mode) -> &'static Ident {
        detector::with_own(slot, |own| match mode {
            Mode::Exclusive => self.record.identify_as_writer(&mut own.pool),
            Mode::Shared | Mode::Upgradable => self.record.identify_as_reader(&mut own.pool),
        })
    }

    /// Records the acquisition, and looks whether it shows anything new.
    #[cold]
    pub(super) fn acquired_checked(
        &self,
        slot: &'static Slot,
        ident: &'static Ident,
        mode: Mode,
        is_nested: bool,
        site: Site,
        may_panic: bool,
    ) -> Hold {
        slot.maintain();
        let mut findings = Vec::new();
        if self.is_first_write(mode) {
            findings.extend(detector::order::first_write(slot, ident));
        }
        if is_nested {
            findings.extend(detector::order::check(
                slot,
                &self.record,
                ident,
                mode,
                site,
            ));
        }
        // Held before anyone is told: a callback that comes back to this lock is then refused, and
        // does not hang.
        self.note(slot, slot.state(), ident.tag(), mode, site);
        if let Some(panic) = detector::publish(slot, findings)
            && may_panic
        {
            slot.remove(ident);
            panic.raise();
        }
        Hold::of(slot)
    }

    /// Tells that an upgradable hold has become the exclusive one by a call at `site` that would
    /// have waited, but did not have to: an acquisition like any other, under all that is held.
    ///
    /// It cannot be taken back here, so a finding is only reported.
    pub fn upgraded(&self, hold: &Hold, site: Site) {
        if let Some(slot) = hold.slot
            && ptr::eq(slot, current::slot())
            && let Some(ident) = self.record.ident()
        {
            slot.maintain();
            // The hold itself is listed too, and makes no order by itself.
            let findings = if Slot::depth(slot.state()) > 1 {
                detector::order::check(slot, &self.record, ident, Mode::Exclusive, site)
            } else {
                Vec::new()
            };
            self.converted(hold, Mode::Exclusive);
            let _ = detector::publish(slot, findings);
        } else {
            self.converted(hold, Mode::Exclusive);
        }
    }

    /// Tells that a hold has changed its mode without letting go of the lock.
    pub fn converted(&self, hold: &Hold, mode: Mode) {
        let Some(slot) = hold.slot else { return };
        // A hold that was sent here keeps the mode in which it was taken: the slot that lists it
        // belongs to another thread.
        if ptr::eq(slot, current::slot())
            && let Some(ident) = self.record.ident()
        {
            slot.convert(ident, mode);
        }
        if mode == Mode::Exclusive
            && self
                .record
                .owner
                .swap(ptr::from_ref(slot).cast_mut(), Ordering::Relaxed)
                .is_null()
            && let Some(here) = detector::attach()
            && let Some(ident) = self.record.ident()
        {
            let findings = detector::order::first_write(here, ident);
            // An upgrade cannot be taken back here, so a panic is not raised.
            let _ = detector::publish(here, findings);
        }
    }

    /// Tells that the lock is about to be released.
    #[inline(always)]
    pub fn released(&self, hold: Hold) {
        if let Some(slot) = hold.slot {
            let ident = self.record.ident_address();
            let here = !cfg!(feature = "send_guard") || ptr::eq(slot, current::slot());
            if !(here && slot.pop(ident)) {
                released_slow(slot, ident);
            }
        }
    }

    /// Tells, right before the lock is dropped, whether somebody still holds it: a guard was
    /// forgotten. The memory behind the record is then given back at once, and a forgotten guard is
    /// reported with the right name.
    ///
    /// Not for others to call: with a wrong answer, slots would refer to freed memory.
    #[inline]
    pub(crate) fn retired(&mut self, held: bool) {
        let Some(ident) = self.record.retire() else {
            return;
        };
        if !held {
            // A guard that was sent away may have been dropped just now, and its thread not know it.
            detector::retire(ident, !cfg!(feature = "send_guard"));
        }
        // Held: the ident stays as it is, for ever, since the slot of the thread that forgot the
        // guard refers to it.
    }
}

impl Drop for Lock {
    #[inline]
    fn drop(&mut self) {
        if let Some(ident) = self.record.retire() {
            detector::retire(ident, false);
        }
    }
}

#[cold]
fn released_slow(slot: &'static Slot, ident: *const Ident) {
    if ptr::eq(slot, current::slot()) {
        slot.remove(ident);
    } else {
        slot.release_from_elsewhere(ident);
    }
}

/// One recorded acquisition, to be handed back at the release.
#[derive(Debug)]
#[must_use = "hand it back to `Lock::released`, or the lock counts as held for ever"]
pub struct Hold {
    /// The slot that lists it; `None` if it is not tracked.
    pub(super) slot: Option<&'static Slot>,
    marker: PhantomData<GuardMarker>,
}

impl Hold {
    #[inline(always)]
    pub(super) fn of(slot: &'static Slot) -> Self {
        Self {
            slot: Some(slot),
            marker: PhantomData,
        }
    }

    pub(super) fn untracked() -> Self {
        Self {
            slot: None,
            marker: PhantomData,
        }
    }
}
