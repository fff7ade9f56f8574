//! Record of a lock.

#![allow(unsafe_code)]

use std::any::type_name;
use std::hint::cold_path;
use std::marker::PhantomData;
use std::panic::Location;
use std::ptr;
use std::sync::atomic::Ordering;

use super::scheduled::Scheduled;
use crate::detector;
use crate::detector::order::{check, inherited_holds};
use crate::engine::ids::{LockId, Site};
use crate::engine::mode::{AcquireKind, Mode};
use crate::engine::reacquisition::Reacquisition;
use crate::instrument::guard_marker::GuardMarker;
use crate::shim::Fast;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::lock::request::Request;
use crate::tracking::process::reacquired;
use crate::tracking::thread::current;
use crate::tracking::thread::local::Local;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::slot::{Flag, Slot};
use crate::watchdog::startup::attach;

/// Detector record of one lock instance.
///
/// See the [module](crate::instrument) for how a primitive uses it.
#[derive(Debug)]
pub struct Lock {
    pub(super) record: LockRecord,
}

impl Lock {
    /// Creates the record of a lock whose class is the construction site, that is, the caller's
    /// line.
    #[must_use]
    #[track_caller]
    pub const fn new(kind: &'static LockKind) -> Self {
        Self {
            record: LockRecord::new(kind, None, Location::caller()),
        }
    }

    /// Creates the record of a lock around a value of type `T`, whose class is the construction site
    /// and `T`: a constructor that is generic over `T` makes locks of different classes in one line.
    #[inline(always)]
    #[must_use]
    #[track_caller]
    pub const fn around<T: ?Sized>(kind: &'static LockKind) -> Self {
        Self {
            record: LockRecord::around(kind, type_name::<T>, Location::caller()),
        }
    }

    /// Creates the record of a lock whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(kind: &'static LockKind, name: &'static str) -> Self {
        Self {
            record: LockRecord::new(kind, Some(name), Location::caller()),
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        if let Some(slot) = attach() {
            detector::identify(slot, &self.record).set_label(label.as_ref());
            detector::relabel(&self.record);
        }
    }

    /// Declares that the lock nests in `parent`, a lock of the same class: sets its subclass to
    /// that of `parent` plus one.
    pub fn nested_in(&self, parent: &Lock) {
        if let Some(slot) = attach() {
            let subclass = detector::identify(slot, &parent.record).subclass();
            detector::identify(slot, &self.record).set_subclass(subclass.saturating_add(1));
        }
    }

    /// Sets the subclass of the lock. Locks of one class nest in ascending order of their
    /// subclasses, and of their ids within one subclass. The default subclass is 0.
    pub fn set_subclass(&self, subclass: u32) {
        if let Some(slot) = attach() {
            detector::identify(slot, &self.record).set_subclass(subclass);
        }
    }

    /// Returns the id of the lock: unique, never reused, and ascending in an order on which all
    /// threads agree. It is assigned at the first acquisition or the first call of this method.
    #[must_use]
    pub fn id(&self) -> LockId {
        match attach() {
            Some(slot) => detector::identify(slot, &self.record).id(),
            None => self
                .record
                .ident()
                .map_or(LockId::of_address(self), Ident::id),
        }
    }

    /// Records that the calling thread has acquired the lock without waiting.
    ///
    /// # Panics
    ///
    /// Panics if `kind` is [`Blocking`](AcquireKind::Blocking) and the acquisition causes a finding
    /// that the configuration answers with a panic. The lock is then not recorded as held; the
    /// caller has to release it while it unwinds.
    #[inline(always)]
    pub fn acquired(&self, mode: Mode, kind: AcquireKind, site: Site) -> Hold {
        self.acquired_by(mode, kind, site, true)
    }

    /// Records that the calling thread has reacquired, without waiting, a lock that it had released
    /// before, at a point where it cannot unwind. Like [`acquired`](Self::acquired), but findings
    /// are only reported and never cause a panic.
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

    /// Fast path of [`acquired`](Self::acquired). Returns `None`, having changed nothing, if the
    /// acquisition may add an edge to the order graph. `WRITES` is true for an exclusive
    /// acquisition of a lock whose queued writers block readers: such an acquisition is checked in
    /// any case, all others only if the thread holds other locks.
    ///
    /// On the processors that this was measured on, the latency of the caller's locked instruction
    /// hides that of the instructions after it, but each of these costs its share of a cycle. So
    /// the number of instructions is what counts here: about twenty.
    #[inline(always)]
    pub fn acquired_known<const WRITES: bool>(
        &self,
        mode: Mode,
        kind: AcquireKind,
        site: Site,
    ) -> Option<Hold> {
        self.acquired_if_known(WRITES, mode, kind, site)
    }

    // A separate function in a debug build, so that it is compiled with this crate: the profile of
    // the program can then optimise it.
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
        // With nothing held there is room, and no order to check. The detached slot, and a slot to
        // which an entry is being added, look as if something were held and as if there were no
        // room.
        let is_nested = Slot::depth(state) != 0;
        if is_nested && !slot.has_room(Slot::depth(state)) {
            cold_path();
            return None;
        }
        if (writes || is_nested) && matches!(kind, AcquireKind::Blocking) {
            // Relaxed: a hint stored by this thread or by an earlier holder; a stale one only leads
            // to the slow path.
            let known = self.record.known.get_relaxed();
            if known != lockset_hash::known(slot.top(state).key(), mode) {
                cold_path();
                return None;
            }
        }
        // Acquire pairs with the Release in `LockRecord::assign_ident`.
        let tag = self.record.tag.get_acquire();
        if tag == 0 {
            cold_path();
            return None;
        }
        // SAFETY: there is room, as checked above.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        Some(Hold::of(slot))
    }

    /// [`acquired_known`](Self::acquired_known) for a blocking exclusive acquisition of a lock that has no
    /// readers.
    // A separate function in a debug build, as below; and on x86-64 all of it is one block of instructions there.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn acquired_exclusively(&self, site: Site) -> Option<Hold> {
        #[cfg(all(
            debug_assertions,
            target_arch = "x86_64",
            target_pointer_width = "64",
            not(miri),
            not(loom)
        ))]
        {
            let slot = current::slot();
            if self.record.acquire_known(slot, site) {
                return Some(Hold::of(slot));
            }
            None
        }
        #[cfg(not(all(
            debug_assertions,
            target_arch = "x86_64",
            target_pointer_width = "64",
            not(miri),
            not(loom)
        )))]
        self.acquired_if_known(false, Mode::Exclusive, AcquireKind::Blocking, site)
    }

    /// Returns whether the calling thread holds nothing. The slot of one that is inside the detector, or that
    /// has none, looks as if something were held.
    #[inline(always)]
    pub fn is_outermost(&self) -> bool {
        Slot::depth(current::slot().state()) == 0
    }

    /// Second fast path, for the first acquisition of a lock that repeats what the last such lock
    /// of its class did under the same locks. Calls nothing, and so needs no stack.
    // A separate function in a debug build, as above.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn acquired_at_hand(&self, mode: Mode, site: Site) -> Option<Hold> {
        if mode != Mode::Exclusive || !self.record.ident_address().is_null() {
            return None;
        }
        let slot = current::slot();
        let state = slot.state();
        // The detached slot, and one that is being changed, look as if they had no room.
        if !slot.has_room(Slot::depth(state)) {
            return None;
        }
        let known = lockset_hash::known(slot.top(state).key(), mode);
        let fresh = |own: &mut Local| own.identify_as_expected(&self.record, known, site);
        let tag = detector::with_own_at_hand(slot, fresh)?;
        // SAFETY: there is room.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        Some(Hold::of(slot))
    }

    /// Third fast path, for the first acquisition, under no other lock, of one that is only ever
    /// held exclusively, if the last dropped lock was of its class. Calls nothing either.
    // A separate function in a debug build, as above.
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn acquired_alone(&self, mode: Mode, site: Site) -> Option<Hold> {
        let slot = current::slot();
        let state = slot.state();
        // With nothing held, the slot is neither the detached one nor being changed.
        if mode != Mode::Exclusive
            || Slot::depth(state) != 0
            || !self.record.ident_address().is_null()
        {
            return None;
        }
        let fresh = |own: &mut Local| self.record.identify_at_hand(&mut own.pool);
        let tag = detector::with_own_at_hand(slot, fresh)?;
        // SAFETY: nothing is held, so there is room.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        Some(Hold::of(slot))
    }

    /// Fourth fast path, for an acquisition that adds no edge although the hint in the lock does not
    /// say so. Two cases: the thread's own cache has the acquisition; or it is the first one of the
    /// lock, and one of another lock of the class has added the same edges.
    #[inline(never)]
    pub fn acquired_remembered(&self, mode: Mode, site: Site) -> Option<Hold> {
        let slot = current::slot();
        let state = slot.state();
        // The detached slot looks as if something were held and has no room.
        let depth = Slot::depth(state);
        if depth != 0 && !slot.has_room(depth) {
            return None;
        }
        let known = lockset_hash::known(slot.top(state).key(), mode);
        let is_fresh =
            self.record.ident_address().is_null() && (depth != 0 || self.is_writer(mode));
        let first = is_fresh.then(|| {
            detector::with_own_at_hand(slot, |own| {
                own.identify_like_before(&self.record, known, mode, site)
            })
        });
        let tag = match first.flatten() {
            Some(tag) => tag,
            None => {
                // Acquire pairs with the Release in `LockRecord::assign_ident`.
                let tag = self.record.tag.load(Ordering::Acquire);
                if tag == 0 || !detector::with_own_at_hand(slot, |own| own.has_seen(known, tag)) {
                    return None;
                }
                // Relaxed: a hint.
                self.record.known.store(known, Ordering::Relaxed);
                tag
            }
        };
        // SAFETY: there is room: it was checked above, or nothing is held.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        Some(Hold::of(slot))
    }

    /// Adds the lock to the lockset in `slot`, which is the calling thread's and was
    /// [maintained](Slot::maintain) before; `tag` is that of the ident. Returns an untracked hold
    /// if the lockset is full.
    pub(super) fn note(&self, slot: &'static Slot, tag: u64, mode: Mode, site: Site) -> Hold {
        let state = slot.state();
        if Slot::depth(state) != 0 && !slot.has_room(Slot::depth(state)) {
            slot.maintain();
            if slot.is_full() {
                return Hold::untracked();
            }
        }
        let state = slot.state();
        // SAFETY: `maintain` has made room, and a wake flag that another thread has set since does
        // not take it away.
        unsafe { self.note_at(slot, state, tag, mode, site) };
        if slot.life.has(Flag::Timed) {
            detector::times::hold(slot, self.record.ident(), mode, site);
        }
        Hold::of(slot)
    }

    /// # Safety
    ///
    /// As for [`Slot::push`].
    #[inline(always)]
    unsafe fn note_at(&self, slot: &'static Slot, state: u64, tag: u64, mode: Mode, site: Site) {
        let ident = self.record.ident_address();
        // SAFETY: guaranteed by the caller, under the same conditions.
        unsafe { slot.push(state, ident, tag, mode, site) };
        if matches!(mode, Mode::Exclusive) {
            // A hint for a thread that waits. Release pairs with the Acquire in
            // `deadlock::owner_runs`: a thread that reads the address sees the slot initialised and
            // assigned to its thread.
            let owner = slot as *const Slot as *mut Slot;
            self.record.owner.set_release(owner);
        }
    }

    #[inline(never)]
    fn acquired_slow(&self, mode: Mode, kind: AcquireKind, site: Site, may_panic: bool) -> Hold {
        let Some(slot) = attach().filter(|slot| !slot.blocked.is_inside()) else {
            return Hold::untracked();
        };
        if slot.is_full() {
            return Hold::untracked();
        }
        let ident = self.identify_as_holder(slot, mode, site);
        if kind == AcquireKind::Blocking && (slot.is_holding() || self.is_writer(mode)) {
            return self.acquired_checked(slot, Request { ident, mode, site }, may_panic);
        }
        self.note(slot, ident.tag(), mode, site)
    }

    /// Returns whether acquisitions in this mode are checked even if nothing else is held, since a
    /// queued writer of this lock blocks readers.
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

    /// Records the acquisition, and checks whether it causes findings.
    #[cold]
    pub(super) fn acquired_checked(
        &self,
        slot: &'static Slot,
        request: Request,
        may_panic: bool,
    ) -> Hold {
        let Request { ident, mode, site } = request;
        slot.maintain();
        if !may_panic && slot.is_holding() {
            reacquired::note(site, Reacquisition::Unlocked);
        }
        let findings = check::check(slot, &self.record, request);
        // Recorded as held before the findings are published: a callback that acquires this lock is
        // then reported as a self-deadlock instead of hanging.
        let hold = self.note(slot, ident.tag(), mode, site);
        inherited_holds::acquired(slot, ident, mode);
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

    /// Records that an upgradable hold became exclusive without waiting, by a blocking call at
    /// `site`. The order graph treats it as an acquisition under all locks that the thread holds.
    ///
    /// The upgrade cannot be undone here, so a finding is only reported and never causes a panic.
    pub fn upgraded(&self, hold: &Hold, site: Site) {
        let slot = hold.slot;
        if ptr::eq(slot, current::open())
            && !slot.is_detached()
            && let Some(ident) = self.record.ident()
        {
            slot.maintain();
            // The lockset includes the upgradable hold itself, which adds no edge.
            let findings = if slot.count() > 1 || self.is_writer(Mode::Exclusive) {
                reacquired::note(site, Reacquisition::Upgrade);
                let mode = Mode::Exclusive;
                check::check(slot, &self.record, Request { ident, mode, site })
            } else {
                Vec::new()
            };
            self.converted(hold, Mode::Exclusive);
            let _ = detector::publish(slot, findings);
        } else {
            self.converted(hold, Mode::Exclusive);
        }
    }

    /// Records that a hold has changed its mode without a release of the lock.
    pub fn converted(&self, hold: &Hold, mode: Mode) {
        if hold.slot.is_detached() {
            return;
        }
        let slot = hold.slot;
        // A hold that was sent here keeps the mode in which it was acquired: the slot that lists it
        // belongs to another thread.
        if ptr::eq(slot, current::open())
            && let Some(ident) = self.record.ident()
        {
            if mode != Mode::Exclusive {
                if slot.life.has(Flag::Scheduled) {
                    Scheduled::point_before_release();
                }
                if slot.is_marked(ident) {
                    detector::with_own(slot, |own| own.marks.weaken(ident, mode));
                }
            }
            slot.convert(ident, mode);
        }
        if mode == Mode::Exclusive {
            let owner = ptr::from_ref(slot).cast_mut();
            // Release, as in `note_at`.
            self.record.owner.store(owner, Ordering::Release);
        }
    }

    /// Records that the lock is about to be released.
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

    /// Records that the lock is about to be released from an upgradable hold.
    ///
    /// Any hold can be passed to [`released`](Self::released); but if the thread holds the lock in
    /// shared mode too, that method removes the shared hold from the lockset.
    pub fn released_upgradable(&self, hold: Hold) {
        released_slow(hold.slot, self.record.ident_address(), true);
    }

    /// Records that the lock is about to be released by the thread that owns the hold. If the hold
    /// was acquired by another thread, it is removed from the lockset of that thread.
    pub fn released_by_any(&self, hold: Hold) {
        released_slow(hold.slot, self.record.ident_address(), false);
    }

    /// Records that the calling thread is about to release the lock where the hold is not
    /// available, because the guard was forgotten or the lock is released past its wrapper. Removes
    /// the thread's most recent hold of the lock, if there is one.
    pub fn released_without_hold(&self) {
        released_slow(current::slot(), self.record.ident_address(), false);
    }

    /// Records, right before the lock is dropped, whether a forgotten guard still holds it. If not,
    /// the memory behind the record is freed at once. If so, the holds of the calling thread end with
    /// the lock, and the memory is kept, since another thread may have forgotten a guard, too: the
    /// report of that guard shows the right name.
    ///
    /// Only the locks of this crate may call this: after a wrong `held`, slots would refer to freed
    /// memory.
    #[inline(always)]
    pub fn retired(&mut self, held: bool) {
        let Some(ident) = self.record.retire() else {
            return;
        };
        if held {
            // The ident is never freed, since the slot of another thread may refer to it.
            end_with_lock(ident);
        } else {
            // A guard that was sent to another thread may have been dropped just now, and the slot
            // of its acquiring thread may still list the hold.
            detector::retire(ident, !cfg!(feature = "send_guard"));
        }
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
        if slot.life.has(Flag::Scheduled) {
            Scheduled::point_before_release();
        }
        if slot.is_marked(ident) {
            inherited_holds::release(slot, ident);
        }
        if slot.life.has(Flag::Timed) {
            detector::times::end_hold(slot, ident);
        }
        slot.remove_as(ident, upgradable);
    } else if ptr::eq(slot, current::own()) {
        slot.release_from_inside(ident);
    } else {
        slot.release_from_elsewhere(ident);
    }
}

/// Ends the calling thread's holds of a lock that is dropped under forgotten guards. No thread can ask for that lock
/// any more: left in the lockset, it would be reported as abandoned when the thread ends, and each acquisition until
/// then would count as nested.
#[cold]
fn end_with_lock(ident: &'static Ident) {
    let slot = current::open();
    if slot.is_detached() {
        return;
    }
    if slot.is_marked(ident) {
        detector::with_own(slot, |own| own.marks.end(ident, None));
    }
    while slot.remove(ident) {
        if slot.life.has(Flag::Timed) {
            detector::times::end_hold(slot, ident);
        }
    }
}

/// Token of one recorded acquisition, to be passed back at the release.
#[derive(Debug)]
#[must_use = "hand it back to `Lock::released`, or the lock counts as held for ever"]
pub struct Hold {
    /// The slot that lists the hold; the detached slot if the hold is untracked.
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
