//! Waiting for a condition variable.
//!
//! A thread that was woken by a notification goes on after what the notifier did before it. Which
//! notification that was is certain only if there was a single one while the thread waited, so no
//! order is claimed of any other: a false one would hide a real inversion. A notification that
//! began before the wait and is not over yet may be the one that ends it, without having been
//! counted since, so then nothing is claimed either; and one that found nobody waiting is not
//! carried out at all, so that it cannot wake a thread that began to wait after it had looked.
//!
//! A thread looks once whether its wait can end, and whoever comes to wait or ends after that looks
//! again. It does not wake to look itself, as [`Resource`](super::resource::Resource) does: for that
//! it would have to leave the queue and take the mutex, a notification meanwhile would go to nobody,
//! and to make up for that the wait would have to end for no reason.

use std::marker::PhantomData;
use std::panic::{Location, RefUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use lock_api::GuardNoSend;

use super::clock::Clock;
use super::lock::{Hold, Lock};
use crate::detector;
use crate::detector::Panic;
use crate::detector::deadlock;
use crate::detector::deadlock::{ResourceWait, Stuck};
use crate::engine::reacquisition::Reacquisition;
use crate::instrument::{AcquireKind, LockKind, Mode, Site};
use crate::tracking::lock::record::LockRecord;
use crate::tracking::process::reacquired;
use crate::tracking::process::resource_state;
use crate::tracking::thread::current;
use crate::tracking::thread::remote_panic::Wake;
use crate::tracking::thread::slot::Slot;
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};

/// The record of one condition variable.
#[derive(Debug)]
pub struct CondvarRecord {
    record: LockRecord,
    /// What others look at: how many were notified that are not awake.
    party: resource_state::LazyResourceState,
    /// How many threads are between the begin of a wait and its end.
    waiters: AtomicUsize,
    notices: Mutex<Notifications>,
}

/// The notifications that found somebody waiting.
#[derive(Debug)]
struct Notifications {
    /// How many have begun.
    begun: u64,
    /// How many of those are not over.
    under_way: usize,
    /// What came before the last one that began.
    last: Option<Clock>,
}

// Nothing of the program's runs while the notices are changed, so no panic finds them half done.
impl RefUnwindSafe for CondvarRecord {}

static CONDVAR: LockKind = LockKind::readers_pass("Condvar");

impl CondvarRecord {
    /// The record of a condition variable whose class is the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn new() -> Self {
        Self::of(LockRecord::new(&CONDVAR, None, Location::caller()))
    }

    /// The record of a condition variable whose class is `name`.
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

    /// Names this one instance in reports, beside the name of its class.
    pub fn set_label(&self, label: impl AsRef<str>) {
        if let Some(slot) = detector::attach() {
            detector::with_own(slot, |own| self.record.identify(&mut own.pool))
                .set_label(label.as_ref());
        }
    }

    /// Tells that the calling thread is about to let go of `lock`, which it holds by `hold`, and
    /// to sleep until it is notified and has the lock again.
    ///
    /// # Panics
    ///
    /// If the wait would never end, as the configuration says. The lock is then still held, by
    /// `hold`.
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

    /// The same, of a thread that can be woken by `wake` if its wait will never end.
    #[cold]
    pub(crate) fn waiting_or<'a>(
        &'a self,
        wake: Option<Wake>,
        lock: &'a Lock,
        hold: &'a mut Hold,
        kind: AcquireKind,
        site: Site,
    ) -> WaitGuard<'a> {
        // Relaxed: whoever changes the condition under the lock before it notifies gets the lock
        // from this thread, if that has not seen the change, and by that sees the count. Without
        // the lock a notification may come before any wait.
        self.waiters.fetch_add(1, Ordering::Relaxed);
        let began = {
            let notices = self.notices.lock();
            (notices.under_way == 0).then_some(notices.begun)
        };
        // A hold that is not tracked, or was sent here from another thread, stays as it is.
        let tracked = !hold.slot.is_detached() && ptr::eq(hold.slot, current::open());
        let slot = tracked.then_some(hold.slot);
        let timed = kind != AcquireKind::Blocking;
        if let Some(slot) = slot {
            slot.blocked.is_outside();
            slot.maintain();
            let ident = detector::with_own(slot, |own| self.record.identify(&mut own.pool));
            let mutex = lock.record.ident_address();
            slot.remove(mutex);
            *hold = Hold::untracked();
            slot.alarm.arm(wake);
            let sort = LockTraits::of(lock.record.kind());
            slot.wait.publish(&WaitRequest {
                party: self.party.get_or_take(),
                mutex,
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
        if let Some(slot) = slot.filter(|_| !timed)
            && let Stuck::Told(panic) = deadlock::check_resource_wait(slot, None)
        {
            detector::end_in(panic, true, site);
        }
        waiting
    }

    /// Notes that `count` waiters were woken without a notification.
    pub(crate) fn woken(&self, count: usize) {
        self.party.get_or_take().add_pending_wakeups(count as u64);
    }

    /// Lets `wake` wake one waiter, or all, and say how many it has woken; returns that. If nobody
    /// waits, nothing is done.
    ///
    /// Each of those that were woken has to call [`WaitGuard::notified`].
    ///
    /// Costs one load if nobody waits, else a few tens of nanoseconds and what [`Clock::release`] costs.
    #[inline]
    pub fn notify(&self, wake: impl FnOnce() -> usize) -> usize {
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
        // Before the lock is taken: it may tell the program's sinks of a new thread.
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

/// A thread asleep on a condition variable. Dropping it says that the thread is awake and holds
/// the lock again; the hold that was lent is then the record of the new acquisition.
#[derive(Debug)]
#[must_use = "drop it when the thread is awake and holds the lock again"]
pub struct WaitGuard<'a> {
    signal: &'a CondvarRecord,
    /// How many notifications had begun when the wait did, if all of them were over.
    began: Option<u64>,
    /// What came before the one that ended the wait.
    news: Option<Clock>,
    slot: Option<&'static Slot>,
    /// Counted, if it waits without a limit.
    elsewhere: Option<ResourceWait>,
    lock: &'a Lock,
    hold: &'a mut Hold,
    site: Site,
    /// As in [`Attempt`](super::Attempt).
    marker: PhantomData<GuardNoSend>,
}

impl WaitGuard<'_> {
    /// Tells that a notification has ended the wait, and neither its time nor chance has.
    ///
    /// # Panics
    ///
    /// If it was no notification: the wait would never have ended, and the configuration answers
    /// that with a panic. The lock is held, as after any wait.
    pub fn notified(&mut self) {
        // First the end of the wait: a thread that is owed nothing and still waits counts as asleep.
        if let Some(slot) = self.slot {
            slot.wait.clear();
        }
        self.signal.party.get_or_take().finish_wakeup();
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
        // Relaxed: it stands for no other memory.
        self.signal.waiters.fetch_sub(1, Ordering::Relaxed);
        if let Some(slot) = self.slot {
            // First the alarm: what it would wake may be gone once this is over.
            slot.alarm.disarm();
            slot.wait.clear();
        }
        self.elsewhere = None;
        if let Some(news) = self.news.take() {
            news.acquire();
        }
        let Some(slot) = self.slot else { return };
        slot.maintain();
        let record = &self.lock.record;
        let ident = self
            .lock
            .identify_as_holder(slot, Mode::Exclusive, self.site);
        let mut findings = Vec::new();
        if slot.is_holding() {
            reacquired::note(self.site, Reacquisition::Wait);
            findings = crate::detector::order::check::check(
                slot,
                record,
                ident,
                Mode::Exclusive,
                self.site,
            );
        }
        *self.hold = self
            .lock
            .note(slot, ident.tag(), Mode::Exclusive, self.site);
        // The caller is owed a guard, so nothing is raised here.
        let _ = detector::publish(slot, findings);
    }
}
