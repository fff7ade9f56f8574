//! The records of an instrumented build.

use std::marker::PhantomData;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use super::{GuardMarker, Kind, LockId, LockKind, Mode, Site};
use crate::detector;
use crate::tracking::current;
use crate::tracking::ident::Ident;
use crate::tracking::record::Record;
use crate::tracking::slot::Slot;
use crate::tracking::tag;
use crate::tracking::wait::Need;

/// The record of one lock instance.
///
/// See the [module](super) for how a primitive uses it.
#[derive(Debug)]
pub struct Lock {
    record: Record,
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
    fn note(&self, slot: &'static Slot, state: u64, tag: u64, mode: Mode, site: Site) {
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
    fn is_first_write(&self, mode: Mode) -> bool {
        // Relaxed: only holders write the field, and the caller is the exclusive one.
        mode == Mode::Exclusive && self.record.owner.load(Ordering::Relaxed).is_null()
    }

    fn identify_as_holder(&self, slot: &'static Slot, mode: Mode) -> &'static Ident {
        detector::with_own(slot, |own| match mode {
            Mode::Exclusive => self.record.identify_as_writer(&mut own.pool),
            Mode::Shared | Mode::Upgradable => self.record.identify_as_reader(&mut own.pool),
        })
    }

    /// Records the acquisition, and looks whether it shows anything new.
    #[cold]
    fn acquired_checked(
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

    /// Tells that the calling thread is about to wait for the lock.
    ///
    /// # Panics
    ///
    /// If the wait would never end, or shows something else that the configuration answers with a
    /// panic.
    #[cold]
    pub fn attempt(&self, mode: Mode, kind: Kind, site: Site) -> Attempt<'_> {
        self.begin(Need::Lock(mode), mode, kind, site, true)
    }

    /// Tells that the calling thread is about to wait for a lock that it has just let go, at a
    /// point where it cannot unwind: like [`attempt`](Self::attempt), but a deadlock is reported
    /// only.
    #[cold]
    pub fn attempt_again(&self, mode: Mode, kind: Kind, site: Site) -> Attempt<'_> {
        self.begin(Need::Lock(mode), mode, kind, site, false)
    }

    /// Tells that an upgradable hold is about to wait until it is the only one.
    ///
    /// # Panics
    ///
    /// As [`attempt`](Self::attempt).
    #[cold]
    pub fn attempt_upgrade(&self, hold: &Hold, kind: Kind, site: Site) -> Attempt<'_> {
        if hold.slot.is_none() {
            return Attempt {
                lock: self,
                slot: None,
                mode: Mode::Exclusive,
                site,
            };
        }
        self.begin(Need::Upgrade, Mode::Exclusive, kind, site, true)
    }

    fn begin(
        &self,
        need: Need,
        mode: Mode,
        kind: Kind,
        site: Site,
        may_panic: bool,
    ) -> Attempt<'_> {
        let Some(slot) = detector::attach() else {
            return Attempt {
                lock: self,
                slot: None,
                mode,
                site,
            };
        };
        slot.maintain();
        let ident = detector::with_own(slot, |own| self.record.identify_as_waiter(&mut own.pool));
        let blocking = kind == Kind::Blocking;
        let mut findings = Vec::new();
        if blocking && Slot::depth(slot.state()) > 0 {
            if let Some(found) = detector::deadlock::with_itself(slot, ident, need, mode, site) {
                detector::end_in(detector::publish(slot, vec![found]), may_panic);
            } else {
                findings = detector::order::check(slot, &self.record, ident, mode, site);
            }
        }
        if let Some(panic) = detector::publish(slot, findings)
            && may_panic
        {
            panic.raise();
        }
        slot.wait.publish(need, !blocking, ident, site);
        if blocking && Slot::depth(slot.state()) > 0 {
            let attempt = Attempt {
                lock: self,
                slot: Some(slot),
                mode,
                site,
            };
            if let Some(found) = detector::deadlock::look(slot, &self.record) {
                detector::end_in(detector::publish(slot, vec![found]), may_panic);
            }
            return attempt;
        }
        Attempt {
            lock: self,
            slot: Some(slot),
            mode,
            site,
        }
    }

    /// Tells that a hold has changed its mode without letting go of the lock.
    pub fn converted(&self, hold: &Hold, mode: Mode) {
        let Some(slot) = hold.slot else { return };
        let ident = self.record.ident_address();
        // A hold that was sent here keeps the mode in which it was taken: the slot that lists it
        // belongs to another thread.
        if ptr::eq(slot, current::slot()) {
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
    /// forgotten. A primitive that can tell should; the memory behind the record is then given
    /// back at once, and a forgotten guard is reported with the right name.
    #[inline]
    pub fn retired(&mut self, held: bool) {
        let Some(ident) = self.record.retire() else {
            return;
        };
        if !held {
            detector::retire(ident, true);
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
    slot: Option<&'static Slot>,
    marker: PhantomData<GuardMarker>,
}

impl Hold {
    #[inline(always)]
    fn of(slot: &'static Slot) -> Self {
        Self {
            slot: Some(slot),
            marker: PhantomData,
        }
    }

    fn untracked() -> Self {
        Self {
            slot: None,
            marker: PhantomData,
        }
    }
}

/// An acquisition under way.
///
/// Dropped without [`acquired`](Self::acquired), it says that the caller gave up.
#[derive(Debug)]
#[must_use = "call `acquired` when the lock is had; dropping it says that the caller gave up"]
pub struct Attempt<'a> {
    lock: &'a Lock,
    slot: Option<&'static Slot>,
    mode: Mode,
    site: Site,
}

impl Attempt<'_> {
    /// Tells that the lock is had.
    pub fn acquired(self) -> Hold {
        let Some(slot) = self.slot else {
            return Hold::untracked();
        };
        let (lock, mode, site) = (self.lock, self.mode, self.site);
        // Ends the wait before the lock is listed as held, so that no reader sees both.
        drop(self);
        if !slot.has_room(Slot::depth(slot.state())) {
            slot.maintain();
        }
        let ident = lock.identify_as_holder(slot, mode);
        if lock.is_first_write(mode) {
            return lock.acquired_checked(slot, ident, mode, false, site, false);
        }
        lock.note(slot, slot.state(), ident.tag(), mode, site);
        Hold::of(slot)
    }

    /// Tells that the upgrade of `hold` is done.
    pub fn upgraded(self, hold: &Hold) {
        let lock = self.lock;
        drop(self);
        lock.converted(hold, Mode::Exclusive);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            slot.wait.clear();
        }
    }
}

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
        let slot = hold.slot.filter(|slot| ptr::eq(*slot, current::slot()));
        if let Some(slot) = slot {
            slot.maintain();
            let ident = detector::with_own(slot, |own| self.record.identify(&mut own.pool));
            slot.remove(lock.record.ident_address());
            hold.slot = None;
            slot.wait
                .publish(Need::Signal, kind != Kind::Blocking, ident, site);
        }
        Waiting {
            slot,
            lock,
            hold,
            site,
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
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(slot) = self.slot else { return };
        slot.wait.clear();
        slot.maintain();
        let record = &self.lock.record;
        let ident = self.lock.identify_as_holder(slot, Mode::Exclusive);
        let mut findings = Vec::new();
        if Slot::depth(slot.state()) > 0 {
            findings = detector::order::check(slot, record, ident, Mode::Exclusive, self.site);
        }
        self.lock
            .note(slot, slot.state(), ident.tag(), Mode::Exclusive, self.site);
        *self.hold = Hold::of(slot);
        // The caller is owed a guard, so nothing is raised here.
        let _ = detector::publish(slot, findings);
    }
}
