//! The record of a lock.

#![allow(unsafe_code)]

use std::hint::cold_path;
use std::marker::PhantomData;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use crate::detector;
use crate::engine::reacquisition::Reacquisition;
use crate::instrument::{AcquireKind, GuardMarker, LockId, LockKind, Mode, Site};
use crate::shim::Fast;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::process::reacquired;
use crate::tracking::thread::current;
use crate::tracking::thread::local::Local;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::slot::Slot;

/// The record of one lock instance.
///
/// See the [module](crate::instrument) for how a primitive uses it.
#[derive(Debug)]
pub struct Lock {
    pub(super) record: LockRecord,
}

impl Lock {
    /// The record of a lock whose class is the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn new(kind: &'static LockKind) -> Self {
        Self {
            record: LockRecord::new(kind, None, Location::caller()),
        }
    }

    /// The record of a lock whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(kind: &'static LockKind, name: &'static str) -> Self {
        Self {
            record: LockRecord::new(kind, Some(name), Location::caller()),
        }
    }

    /// Names this one instance in reports, beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        if let Some(slot) = detector::attach() {
            detector::with_own(slot, |own| self.record.identify(&mut own.pool))
                .set_label(label.as_ref());
            detector::relabel(&self.record);
        }
    }

    /// Says that the lock nests in `parent`, a lock of the same class: its sub-class becomes the next
    /// one after that of `parent`.
    pub fn nested_in(&self, parent: &Lock) {
        if let Some(slot) = detector::attach() {
            let identify =
                |lock: &Lock| detector::with_own(slot, |own| lock.record.identify(&mut own.pool));
            let subclass = identify(parent).subclass();
            identify(self).set_subclass(subclass.saturating_add(1));
        }
    }

    /// Gives the lock a sub-class: locks of one class nest in ascending order of their sub-classes,
    /// and of their ids within one. A lock that is given none has sub-class 0.
    pub fn set_subclass(&self, subclass: u32) {
        if let Some(slot) = detector::attach() {
            detector::with_own(slot, |own| self.record.identify(&mut own.pool))
                .set_subclass(subclass);
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
    /// If `kind` is [`Blocking`](AcquireKind::Blocking) and this shows something that the configuration
    /// answers with a panic. The lock is then not recorded as held; the caller has to release it
    /// while it unwinds.
    #[inline(always)]
    pub fn acquired(&self, mode: Mode, kind: AcquireKind, site: Site) -> Hold {
        self.acquired_by(mode, kind, site, true)
    }

    /// Tells that the calling thread has back, without waiting, a lock that it had just let go, at
    /// a point where it cannot unwind: like [`acquired`](Self::acquired), but it only reports.
    pub fn reacquired(&self, mode: Mode, site: Site) -> Hold {
        self.acquired_by(mode, AcquireKind::Blocking, site, false)
    }

    #[inline(always)]
    fn acquired_by(&self, mode: Mode, kind: AcquireKind, site: Site, may_panic: bool) -> Hold {
        let known = if mode == Mode::Exclusive && self.record.kind().readers_wait() {
            self.acquired_known::<true>(mode, kind, site)
        } else {
            self.acquired_known::<false>(mode, kind, site)
        };
        match known {
            Some(hold) => hold,
            None => self.acquired_slow(mode, kind, site, may_panic),
        }
    }

    /// The fast path of [`acquired`](Self::acquired): `None` if the acquisition may show something
    /// new, and nothing is done yet. `WRITES` says whether the acquisition is exclusive and of a lock
    /// whose readers can wait for each other behind its writers: then it is of interest in any case,
    /// else if other locks are held.
    ///
    /// On the processors that this was measured on, a locked instruction hides the latency of what
    /// comes after it, but every instruction of that costs its share of a cycle. So what counts here
    /// is their number: about twenty.
    #[inline(always)]
    pub(crate) fn acquired_known<const WRITES: bool>(
        &self,
        mode: Mode,
        kind: AcquireKind,
        site: Site,
    ) -> Option<Hold> {
        self.acquired_if_known(WRITES, mode, kind, site)
    }

    // In a debug build a function of its own, so that it is compiled with this crate: the profile of
    // the program can then ask for an optimised one.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn acquired_if_known(
        &self,
        writes: bool,
        mode: Mode,
        kind: AcquireKind,
        site: Site,
    ) -> Option<Hold> {
        let slot = current::slot();
        let state = slot.state();
        // With nothing held there is room, and no order to look at. The slot of a thread that has
        // none looks as if something were held, and has no room; and so does one to which an entry
        // is just being added.
        let is_nested = Slot::depth(state) != 0;
        if is_nested && !slot.has_room(Slot::depth(state)) {
            cold_path();
            return None;
        }
        if (writes || is_nested) && matches!(kind, AcquireKind::Blocking) {
            // Relaxed: a hint that this thread's own earlier stores, or those of an earlier holder,
            // gave; a stale one only leads to the slow path.
            let known = self.record.known.get_relaxed();
            if known != lockset_hash::known(slot.top(state).key(), mode) {
                cold_path();
                return None;
            }
        }
        // Acquire pairs with the Release in `LockRecord::settle`.
        let tag = self.record.tag.get_acquire();
        if tag == 0 {
            cold_path();
            return None;
        }
        // SAFETY: there is room, as was seen above.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        Some(Hold::of(slot))
    }

    /// A second fast path, for an acquisition that shows nothing new, though the lock does not say
    /// so: the thread remembers it itself; or it is the first one of the lock and shows what that of
    /// another lock of the class has shown; or it is the first one of a lock that is only ever held
    /// exclusively, by a thread that holds nothing and has all that it takes at hand.
    #[inline(always)]
    pub(crate) fn acquired_at_hand(&self, mode: Mode, site: Site) -> Option<Hold> {
        let slot = current::slot();
        let state = slot.state();
        if Slot::depth(state) == 0 && mode == Mode::Exclusive {
            // With nothing held, the slot is neither the detached one nor in the middle of a change.
            let fresh = |own: &mut Local| self.record.identify_at_hand(&mut own.pool);
            if let Some(tag) = detector::with_own_at_hand(slot, fresh) {
                // SAFETY: nothing is held, so there is room.
                unsafe { self.note_at(slot, state, tag, mode, site) };
                return Some(Hold::of(slot));
            }
        }
        self.acquired_remembered(mode, site)
    }

    /// The part of that which the thread remembers. By itself, so that it takes no registers from the
    /// other part.
    #[inline(never)]
    fn acquired_remembered(&self, mode: Mode, site: Site) -> Option<Hold> {
        let slot = current::slot();
        let state = slot.state();
        // The slot of a thread that has none looks as if something were held, and has no room.
        let depth = Slot::depth(state);
        if depth != 0 && !slot.has_room(depth) {
            return None;
        }
        let known = lockset_hash::known(slot.top(state).key(), mode);
        let is_fresh =
            self.record.ident_address().is_null() && (depth != 0 || self.is_writer(mode));
        let first = is_fresh.then(|| {
            detector::with_own(slot, |own| {
                own.identify_like_before(&self.record, known, mode, site)
            })
        });
        let tag = match first.flatten() {
            Some(tag) => tag,
            None => {
                // Acquire pairs with the Release in `LockRecord::settle`.
                let tag = self.record.tag.load(Ordering::Acquire);
                if tag == 0 || !detector::with_own(slot, |own| own.knows(known, tag)) {
                    return None;
                }
                // Relaxed: a hint.
                self.record.known.store(known, Ordering::Relaxed);
                tag
            }
        };
        // SAFETY: there is room: it was seen above, or nothing is held.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        Some(Hold::of(slot))
    }

    /// Lists the lock as held on top of `slot`, the calling thread's, after
    /// [`maintain`](Slot::maintain) and with the `tag` of the ident; not if the list is full.
    pub(super) fn note(&self, slot: &'static Slot, tag: u64, mode: Mode, site: Site) -> Hold {
        let state = slot.state();
        if Slot::depth(state) != 0 && !slot.has_room(Slot::depth(state)) {
            slot.maintain();
            if slot.is_full() {
                return Hold::untracked();
            }
        }
        let state = slot.state();
        // SAFETY: `maintain` has made room, and somebody who rang since has not taken that away.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        Hold::of(slot)
    }

    /// # Safety
    ///
    /// As for [`Slot::push`].
    #[inline(always)]
    unsafe fn note_at(&self, slot: &'static Slot, state: u64, tag: u64, mode: Mode, site: Site) {
        let (ident, share) = (self.record.ident_address(), lockset_hash::share(tag, mode));
        // SAFETY: the caller's promise is the same.
        unsafe { slot.push(state, ident, share, mode, site) };
        if matches!(mode, Mode::Exclusive) {
            // A hint for a thread that waits. Release pairs with the Acquire in `deadlock::owner_runs`:
            // a thread that reads the address sees the slot made and taken into use.
            let owner = slot as *const Slot as *mut Slot;
            self.record.owner.set_release(owner);
        }
    }

    #[inline(never)]
    fn acquired_slow(&self, mode: Mode, kind: AcquireKind, site: Site, may_panic: bool) -> Hold {
        let Some(slot) = detector::attach().filter(|slot| !slot.blocked.is_inside()) else {
            return Hold::untracked();
        };
        if slot.is_full() {
            return Hold::untracked();
        }
        let ident = self.identify_as_holder(slot, mode, site);
        if kind == AcquireKind::Blocking && (slot.is_holding() || self.is_writer(mode)) {
            return self.acquired_checked(slot, ident, mode, site, may_panic);
        }
        self.note(slot, ident.tag(), mode, site)
    }

    /// Whether it is of interest who waits for the lock in this mode, and when.
    pub(super) fn is_writer(&self, mode: Mode) -> bool {
        mode == Mode::Exclusive && self.record.kind().readers_wait()
    }

    pub(super) fn identify_as_holder(
        &self,
        slot: &'static Slot,
        mode: Mode,
        site: Site,
    ) -> &'static Ident {
        let identify = |pool: &mut LockIdPool| match mode {
            Mode::Exclusive => self.record.identify_as_writer(pool),
            Mode::Shared | Mode::Upgradable => self.record.identify_as_reader(pool),
        };
        detector::with_own(slot, |own| own.pool.at(site, identify))
    }

    /// Records the acquisition, and looks whether it shows anything new.
    #[cold]
    pub(super) fn acquired_checked(
        &self,
        slot: &'static Slot,
        ident: &'static Ident,
        mode: Mode,
        site: Site,
        may_panic: bool,
    ) -> Hold {
        slot.maintain();
        if !may_panic && slot.is_holding() {
            reacquired::note(site, Reacquisition::Unlocked);
        }
        let findings = crate::detector::order::check::check(slot, &self.record, ident, mode, site);
        // Held before anyone is told: a callback that comes back to this lock is then refused, and
        // does not hang.
        let hold = self.note(slot, ident.tag(), mode, site);
        if let Some(panic) = detector::publish(slot, findings)
            && may_panic
            && detector::can_unwind()
        {
            if !hold.slot.is_detached() {
                slot.remove(ident);
            }
            panic.raise(site);
        }
        hold
    }

    /// Tells that an upgradable hold has become the exclusive one by a call at `site` that would
    /// have waited, but did not have to: an acquisition like any other, under all that is held.
    ///
    /// It cannot be taken back here, so a finding is only reported.
    pub fn upgraded(&self, hold: &Hold, site: Site) {
        let slot = hold.slot;
        if ptr::eq(slot, current::open())
            && !slot.is_detached()
            && let Some(ident) = self.record.ident()
        {
            slot.maintain();
            // The hold itself is listed too, and makes no order by itself.
            let findings = if slot.count() > 1 || self.is_writer(Mode::Exclusive) {
                reacquired::note(site, Reacquisition::Upgrade);
                crate::detector::order::check::check(
                    slot,
                    &self.record,
                    ident,
                    Mode::Exclusive,
                    site,
                )
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
        if hold.slot.is_detached() {
            return;
        }
        let slot = hold.slot;
        // A hold that was sent here keeps the mode in which it was taken: the slot that lists it
        // belongs to another thread.
        if ptr::eq(slot, current::open())
            && let Some(ident) = self.record.ident()
        {
            slot.convert(ident, mode);
        }
        if mode == Mode::Exclusive {
            let owner = ptr::from_ref(slot).cast_mut();
            // Release, as in `note_at`.
            self.record.owner.store(owner, Ordering::Release);
        }
    }

    /// Tells that the lock is about to be released.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn released(&self, hold: Hold) {
        let slot = hold.slot;
        let ident = self.record.ident_address();
        let here = !cfg!(feature = "send_guard") || ptr::eq(slot, current::slot());
        if here && slot.pop(ident) {
            return;
        }
        released_slow(slot, ident, false);
    }

    /// Tells that the lock is about to be released from an upgradable hold.
    ///
    /// Any hold can be handed to [`released`](Self::released); but if the thread holds the lock in
    /// shared mode too, that one takes off the shared hold.
    pub fn released_upgradable(&self, hold: Hold) {
        released_slow(hold.slot, self.record.ident_address(), true);
    }

    /// Records a release, right before it, by whichever thread has the hold: one that was sent here
    /// from another thread is taken off the locks that are held there.
    pub fn released_by_any(&self, hold: Hold) {
        released_slow(hold.slot, self.record.ident_address(), false);
    }

    /// Records a release by the calling thread, right before it, where the hold of the acquisition is
    /// not at hand: the guard was forgotten, or the lock goes out of the sight of the record. The
    /// last acquisition that the thread has not released ends; without one, nothing happens.
    pub fn released_without_hold(&self) {
        released_slow(current::slot(), self.record.ident_address(), false);
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
pub(super) fn released_slow(slot: &'static Slot, ident: *const Ident, upgradable: bool) {
    if slot.is_detached() {
        // The acquisition was not tracked.
    } else if ptr::eq(slot, current::open()) {
        if slot.is_marked(ident) {
            detector::with_own(slot, |own| own.marks.end(ident));
        }
        slot.remove_as(ident, upgradable);
    } else if ptr::eq(slot, current::own()) {
        slot.release_from_inside(ident);
    } else {
        slot.release_from_elsewhere(ident);
    }
}

/// One recorded acquisition, to be handed back at the release.
#[derive(Debug)]
#[must_use = "hand it back to `Lock::released`, or the lock counts as held for ever"]
pub struct Hold {
    /// The slot that lists it; the detached one if it is not tracked.
    pub(super) slot: &'static Slot,
    marker: PhantomData<GuardMarker>,
}

impl Hold {
    #[inline(always)]
    pub(super) fn of(slot: &'static Slot) -> Self {
        Self {
            slot,
            marker: PhantomData,
        }
    }

    pub(super) fn untracked() -> Self {
        Self::of(Slot::detached())
    }
}
