//! Record of a condition variable: waits, notifications, and the order between them.
//!
//! A thread that was woken by a notification continues after what the notifier did before it. Which
//! notification woke it is certain only if exactly one began while the thread waited, so no order
//! is recorded otherwise: a false one would hide a real inversion. A notification that began before
//! the wait and is still under way may be the one that ends it without being counted, so then no
//! order is recorded either. A notification that finds no waiter is not passed on at all, so that
//! it cannot wake a thread that began to wait after the check.
//!
//! A thread checks once, before it sleeps, whether its wait can end; every thread that begins to
//! wait or exits later checks again. The sleeping thread does not wake to check by itself, as
//! [`Resource`](super::resource::Resource) does: it would have to leave the queue and take the
//! mutex, a notification meanwhile would find no waiter, and the wait would have to end spuriously
//! to make up for it.

use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use lock_api::GuardNoSend;

use super::clock::Clock;
use super::lock::{Hold, Lock};
use super::scheduled::point_of;
use crate::detector;
use crate::detector::Panic;
use crate::detector::deadlock;
use crate::detector::deadlock::{ResourceWait, Stuck};
use crate::detector::order::check;
use crate::engine::ids::Site;
use crate::engine::mode::{AcquireKind, Mode};
use crate::engine::reacquisition::Reacquisition;
use crate::runtime::{later_looks, threads};
use crate::tracking::lock::kind::LockKind;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::lock::request::Request;
use crate::tracking::process::reacquired;
use crate::tracking::process::registry;
use crate::tracking::process::resource_state;
use crate::tracking::thread::current;
use crate::tracking::thread::remote_panic::Wake;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};
use crate::watchdog::startup::attach;

/// Detector record of one condition variable.
#[derive(Debug)]
pub struct CondvarRecord {
    pub(super) record: LockRecord,
    /// The state that other threads read: the number of notified threads that are not awake yet.
    party: resource_state::LazyResourceState,
    /// The number of threads between the begin of a wait and its end.
    waiters: AtomicUsize,
    notices: Mutex<Notifications>,
}

/// Notifications that found a waiter.
#[derive(Debug)]
struct Notifications {
    /// The number of notifications that have begun.
    begun: u64,
    /// The number of those that are still under way.
    under_way: usize,
    /// The clock of the notifier that began last.
    last: Option<Clock>,
}

// The program's code never runs while the notices are changed, so no panic leaves them half
// changed.
impl UnwindSafe for CondvarRecord {}
impl RefUnwindSafe for CondvarRecord {}

static CONDVAR: LockKind = LockKind::readers_pass("Condvar").resource();

impl CondvarRecord {
    /// Creates the record of a condition variable whose class is the construction site, that is,
    /// the caller's line.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self::of(LockRecord::new(&CONDVAR, None, Location::caller()))
    }

    /// Creates the record of a condition variable whose class is `name`.
    #[must_use]
    #[track_caller]
    pub const fn named(name: &'static str) -> Self {
        Self::of(LockRecord::new(&CONDVAR, Some(name), Location::caller()))
    }

    const fn of(record: LockRecord) -> Self {
        Self {
            record,
            party: resource_state::LazyResourceState::new(),
            waiters: AtomicUsize::new(0),
            notices: Mutex::new(Notifications {
                begun: 0,
                under_way: 0,
                last: None,
            }),
        }
    }

    /// Sets a label for this instance, which reports show beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        if let Some(slot) = attach() {
            detector::identify(slot, &self.record).set_label(label.as_ref());
        }
    }

    /// Records that the calling thread is about to release `lock`, which it holds by `hold`, and to
    /// sleep until it is notified and has reacquired the lock.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end and the configuration answers that with a panic. The lock
    /// is then still held, by `hold`.
    #[cold]
    pub fn waiting<'a>(
        &'a self,
        lock: &'a Lock,
        hold: &'a mut Hold,
        kind: AcquireKind,
        site: Site,
    ) -> WaitGuard<'a> {
        self.waiting_or(None, lock, hold, kind, site)
    }

    /// Does what [`waiting`](Self::waiting) does; if the wait will never end, `wake` wakes the
    /// thread.
    #[cold]
    pub fn waiting_or<'a>(
        &'a self,
        wake: Option<Wake>,
        lock: &'a Lock,
        hold: &'a mut Hold,
        kind: AcquireKind,
        site: Site,
    ) -> WaitGuard<'a> {
        // Relaxed: a notifier that changes the condition under the lock before it notifies acquires
        // the lock from this thread, if this thread has not seen the change, and by that sees the
        // count. Without the lock a notification may come before any wait.
        self.waiters.fetch_add(1, Ordering::Relaxed);
        let began = {
            let notices = self.notices.lock();
            (notices.under_way == 0).then_some(notices.begun)
        };
        // An untracked hold, or one that was sent here from another thread, stays unchanged.
        let tracked = !hold.slot.is_detached() && ptr::eq(hold.slot, current::open());
        let slot = tracked.then_some(hold.slot);
        let timed = kind != AcquireKind::Blocking;
        if let Some(slot) = slot {
            slot.life.mark_woken();
            slot.blocked.is_outside();
            slot.maintain();
            let ident = detector::identify_at(slot, &self.record, site);
            let mutex = lock.record.ident_address();
            slot.remove(mutex);
            *hold = Hold::untracked();
            slot.alarm.arm(wake);
            let sort = LockTraits::of(lock.record.kind());
            slot.wait.publish(&WaitRequest {
                party: self.party.get_or_take(),
                mutex,
                unwinding: current::unwinding(),
                ..WaitRequest::lock(WaitKind::SIGNAL, timed, (ident, sort), site)
            });
        }
        let waiting = WaitGuard {
            signal: self,
            began,
            news: None,
            slot,
            elsewhere: (!timed).then(ResourceWait::new),
            lock,
            hold,
            site,
            marker: PhantomData,
        };
        if let Some(slot) = slot.filter(|_| !timed) {
            match deadlock::check_resource_wait(slot, None, lock.record.ident_address()) {
                Stuck::No => later_looks::note(slot, threads::attach_unnumbered),
                Stuck::Unsettled => later_looks::request_for_wait(slot, threads::attach_unnumbered),
                Stuck::Reported(panic) => detector::end_in(panic, true, site),
            }
        }
        waiting
    }

    /// Records that `count` waiters were woken without a notification.
    pub fn woken(&self, count: usize) {
        self.party.get_or_take().add_pending_wakeups(count as u64);
    }

    /// Calls `wake`, which wakes one waiter or all, and returns the number of woken waiters that
    /// `wake` returned. Does nothing, and returns 0, if there is no waiter.
    ///
    /// Each woken waiter has to call [`WaitGuard::notified`].
    ///
    /// Costs one load if there is no waiter, else a few tens of nanoseconds and what
    /// [`Clock::release`] costs.
    #[inline]
    pub fn notify(&self, wake: impl FnOnce() -> usize) -> usize {
        point_of("notifies", &self.record);
        // Relaxed: see `waiting`.
        if self.waiters.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        self.begin_notice();
        let woken = wake();
        self.woken(woken);
        self.notices.lock().under_way -= 1;
        woken
    }

    #[cold]
    fn begin_notice(&self) {
        // Before the lock is taken, since the first event of a thread calls the program's sinks.
        let past = Clock::release();
        let mut notices = self.notices.lock();
        notices.begun += 1;
        notices.under_way += 1;
        notices.last = Some(past);
    }
}

impl Default for CondvarRecord {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for CondvarRecord {
    fn drop(&mut self) {
        if let Some(ident) = self.record.retire() {
            detector::retire(ident, false);
        }
    }
}

/// Wait for a condition variable under way. Dropping it records that the thread is awake and holds
/// the lock again; the hold that was passed to [`CondvarRecord::waiting`] then is that of the new
/// acquisition.
#[derive(Debug)]
#[must_use = "drop it when the thread is awake and holds the lock again"]
pub struct WaitGuard<'a> {
    signal: &'a CondvarRecord,
    /// The number of notifications that had begun when the wait did; `None` if one of them was
    /// under way.
    began: Option<u64>,
    /// The clock of the notifier that ended the wait.
    news: Option<Clock>,
    slot: Option<&'static Slot>,
    /// Counts this wait among the waits for resources, if it has no time limit.
    elsewhere: Option<ResourceWait>,
    lock: &'a Lock,
    hold: &'a mut Hold,
    site: Site,
    /// `!Send`, as in [`Attempt`](super::Attempt).
    marker: PhantomData<GuardNoSend>,
}

impl WaitGuard<'_> {
    /// Records that a notification has ended the wait, rather than a timeout or a spurious wakeup.
    ///
    /// # Panics
    ///
    /// Panics if the detector has ended the wait because it would never have ended otherwise, and
    /// the configuration answers that with a panic. The lock is held, as after any wait.
    pub fn notified(&mut self) {
        // The wait ends first: a thread without a pending wakeup that still waits counts as asleep.
        if let Some(slot) = self.slot {
            slot.wait.clear();
        }
        let party = self.signal.party.get_or_take();
        party.finish_wakeup();
        // Further threads were notified and may not have cleared their waits: one that ends finds this one by
        // `last_runs`, without a look at all of them.
        if let Some(slot) = self.slot
            && party.has_pending_wakeups()
        {
            registry::note_running(slot);
        }
        if let Some(message) = self.slot.and_then(|slot| slot.alarm.take()) {
            Panic::of_message(message).raise(self.site);
        }
        let notices = self.signal.notices.lock();
        if self.began.is_some_and(|began| notices.begun == began + 1) {
            self.news.clone_from(&notices.last);
        }
    }
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        // Relaxed: the value publishes no other memory.
        self.signal.waiters.fetch_sub(1, Ordering::Relaxed);
        if let Some(slot) = self.slot {
            // The remote panic is disarmed first: its wake target may be freed after the wait.
            slot.alarm.disarm();
            slot.wait.clear();
        }
        self.elsewhere = None;
        if let Some(news) = self.news.take() {
            news.acquire();
        }
        let Some(slot) = self.slot else { return };
        slot.maintain();
        let ident = self
            .lock
            .identify_as_holder(slot, Mode::Exclusive, self.site);
        let mut findings = Vec::new();
        // Also if the thread holds nothing else: what it takes next is taken under a lock that was taken back.
        reacquired::note(self.site, Reacquisition::Wait);
        if slot.is_holding() {
            let (mode, site) = (Mode::Exclusive, self.site);
            findings = check::check(slot, &self.lock.record, Request { ident, mode, site });
        }
        *self.hold = self
            .lock
            .note(slot, ident.tag(), Mode::Exclusive, self.site);
        // No panic is raised here, since the caller must return a guard.
        let _ = detector::publish(slot, findings);
    }
}
