//! Acquisition of a lock that has to wait.

use std::marker::PhantomData;

use lock_api::GuardNoSend;

use super::lock::{Hold, Lock};
use crate::detector;
use crate::detector::deadlock::{Deadlock, Detected};
use crate::detector::order::{check, inherited_holds};
use crate::engine::ids::Site;
use crate::engine::mode::{AcquireKind, Mode};
use crate::engine::reacquisition::Reacquisition;
use crate::engine::verdict::Verdict;
use crate::runtime::{later_looks, threads};
use crate::tracking::lock::lock_id_pool::LockIdPool;
use crate::tracking::lock::request::Request;
use crate::tracking::process::reacquired;
use crate::tracking::thread::current;
use crate::tracking::thread::slot::{Flag, Slot};
use crate::tracking::thread::wait::{LockTraits, WaitKind, WaitRequest};
use crate::watchdog::startup::attach;

impl Lock {
    /// Records that the calling thread is about to wait for the lock.
    ///
    /// # Panics
    ///
    /// Panics if the wait would never end, or causes another finding, and the configuration answers
    /// that with a panic.
    #[cold]
    pub fn attempt(&self, mode: Mode, kind: AcquireKind, site: Site) -> Attempt<'_> {
        self.begin(WaitKind::Lock(mode), mode, kind, site, true, &mut || false)
    }

    /// Records that the calling thread is about to wait for a lock that it has just released, at a
    /// point where it cannot unwind. Like [`attempt`](Self::attempt), but a deadlock is only
    /// reported and never causes a panic.
    #[cold]
    pub fn attempt_reacquire(&self, mode: Mode, kind: AcquireKind, site: Site) -> Attempt<'_> {
        self.begin(WaitKind::Lock(mode), mode, kind, site, false, &mut || false)
    }

    /// Records that the calling thread is about to wait for a lock whose queue may block it, as a
    /// queued writer blocks readers. Like [`attempt`](Self::attempt), but calls `retry`, which
    /// tries the lock once more, before it reports a deadlock through such a queue.
    ///
    /// The retry is needed because the record cannot see whether a writer that is about to wait is
    /// in the queue yet. If it acquires the lock, [`Attempt::is_granted`] returns `true`.
    ///
    /// # Panics
    ///
    /// Panics as [`attempt`](Self::attempt) does.
    #[cold]
    pub fn attempt_with_retry(
        &self,
        retry: impl FnOnce() -> bool,
        mode: Mode,
        kind: AcquireKind,
        site: Site,
    ) -> Attempt<'_> {
        // There is one retry.
        let mut retry = Some(retry);
        let retry = &mut || retry.take().is_some_and(|retry| retry());
        self.begin(WaitKind::Lock(mode), mode, kind, site, true, retry)
    }

    /// Records that an upgradable hold is about to wait until no other hold of the lock is left.
    ///
    /// # Panics
    ///
    /// Panics as [`attempt`](Self::attempt) does.
    #[cold]
    pub fn attempt_upgrade(&self, hold: &Hold, kind: AcquireKind, site: Site) -> Attempt<'_> {
        if hold.slot.is_detached() {
            return Attempt::of(self, None, Mode::Exclusive, site);
        }
        self.begin(
            WaitKind::Upgrade,
            Mode::Exclusive,
            kind,
            site,
            true,
            &mut || false,
        )
    }

    fn begin(
        &self,
        need: WaitKind,
        mode: Mode,
        kind: AcquireKind,
        site: Site,
        may_panic: bool,
        retry: &mut dyn FnMut() -> bool,
    ) -> Attempt<'_> {
        let Some(slot) = attach().filter(|slot| !slot.blocked.is_inside()) else {
            return Attempt::of(self, None, mode, site);
        };
        slot.maintain();
        let identify = |pool: &mut LockIdPool| self.record.identify_as_waiter(pool);
        let ident = detector::with_own(slot, |own| own.pool.at(site, identify));
        let asked = Request { ident, mode, site };
        let blocking = kind == AcquireKind::Blocking;
        let nested = blocking && slot.is_holding();
        let mut to_check = nested || (blocking && self.is_writer(mode));
        let (mut is_named, mut blocks_itself) = (false, false);
        if nested && let Some(mut found) = detector::deadlock::with_itself(slot, need, asked) {
            let unwinds = may_panic && detector::can_unwind();
            found.unbreakable = !unwinds;
            let panic = detector::publish(slot, vec![found]);
            if panic.is_some() && !unwinds {
                detector::deadlock::unbroken(slot);
            }
            detector::end_in(panic, may_panic, site);
            to_check = false;
            blocks_itself = true;
            is_named = detector::deadlock::is_reported(Verdict::SelfDeadlock);
        }
        if nested && let Some(how) = reacquisition(need, may_panic) {
            reacquired::note(site, how);
        }
        // A holder that has exited: the lock can only be released with `force_unlock`.
        let mut gone = blocking
            .then(|| detector::abandoned::holder(&self.record, ident, need))
            .flatten();
        let mut findings = Vec::new();
        let sort = LockTraits::of(self.record.kind());
        loop {
            let request = WaitRequest {
                unwinding: current::unwinding(),
                ..WaitRequest::lock(need, !blocking, (ident, sort), site)
            };
            slot.wait.publish(&request);
            if is_named {
                slot.wait.set_named(request.since);
            }
            if slot.life.has(Flag::Timed) {
                detector::times::wait(slot, &self.record, ident, (mode, site), request.since);
            }
            let mut attempt = Attempt::of(self, Some(slot), mode, site);
            attempt.blocking = blocking;
            if blocking
                && slot.life.has(Flag::Agent)
                && let Some(agent_blocks) = current::AGENT_BLOCKS.get()
            {
                agent_blocks();
            }
            // After the wait is published: a thread that finds, by the edges added here, that the
            // order could deadlock sees this wait too if it is already part of the deadlock.
            if std::mem::take(&mut to_check) {
                findings = check::check(slot, &self.record, asked);
            }
            // A thread that holds nothing blocks no other thread by a lock, but other threads may
            // wait for its end or for a resource that it may provide.
            let elsewhere = blocking && detector::deadlock::any_resource_wait();
            let look = if std::mem::take(&mut blocks_itself) {
                detector::deadlock::blocks_itself(slot);
                Detected::Nothing
            } else if nested || elsewhere || gone.is_some() {
                detector::deadlock::look(slot, &self.record, retry)
            } else {
                Detected::Nothing
            };
            match look {
                Detected::Nothing if blocking => {
                    later_looks::note(slot, threads::attach_unnumbered)
                }
                Detected::Nothing => {}
                Detected::Unsettled => {
                    later_looks::request_for_wait(slot, threads::attach_unnumbered)
                }
                Detected::Granted => {
                    attempt.granted = true;
                    // The caller has acquired the lock, and could not release it if this unwound.
                    let _ = detector::publish(slot, findings);
                    return attempt;
                }
                Detected::Deadlock(Deadlock {
                    mut facts, claim, ..
                }) => {
                    let unwinds = may_panic && detector::can_unwind();
                    facts.unbreakable = !unwinds && claim.heirs.is_empty();
                    // The deadlock that has occurred comes before the potential ones.
                    findings.insert(0, *facts);
                    let panic = claim.answer(unwinds, slot, findings);
                    detector::end_in(panic, may_panic, site);
                    return attempt;
                }
            }
            if let Some(gone) = gone.take()
                && let Some(facts) = detector::abandoned::waited_for(slot, gone, asked)
            {
                findings.push(facts);
            }
            if findings.is_empty() {
                return attempt;
            }
            detector::deadlock::let_another_thread_report();
            // Reported after the wait has ended, since the configuration may answer with a panic.
            drop(attempt);
            let panic = detector::publish(slot, std::mem::take(&mut findings));
            detector::end_in(panic, may_panic, site);
        }
    }
}

/// Returns how an acquisition takes the lock back, if it does. An acquisition that cannot unwind
/// ends a call that had released the lock.
fn reacquisition(need: WaitKind, may_panic: bool) -> Option<Reacquisition> {
    match need {
        WaitKind::Upgrade => Some(Reacquisition::Upgrade),
        _ if !may_panic => Some(Reacquisition::Unlocked),
        _ => None,
    }
}

/// Acquisition under way.
///
/// Dropping it without [`acquired`](Self::acquired) records that the caller gave up.
#[derive(Debug)]
#[must_use = "call `acquired` when the lock is had; dropping it says that the caller gave up"]
pub struct Attempt<'a> {
    lock: &'a Lock,
    slot: Option<&'static Slot>,
    mode: Mode,
    site: Site,
    /// An attempt writes to the slot of its thread without synchronisation, hence `!Send`.
    marker: PhantomData<GuardNoSend>,
    granted: bool,
    /// Whether the call waits for as long as it takes.
    blocking: bool,
}

impl<'a> Attempt<'a> {
    /// The slot is that of the calling thread, which has published its wait; `None` if that is not recorded.
    fn of(lock: &'a Lock, slot: Option<&'static Slot>, mode: Mode, site: Site) -> Self {
        Self {
            lock,
            slot,
            mode,
            site,
            marker: PhantomData,
            granted: false,
            blocking: false,
        }
    }

    /// Returns whether the retry of [`Lock::attempt_with_retry`] has acquired the lock.
    pub fn is_granted(&self) -> bool {
        self.granted
    }

    /// Records that the lock is acquired.
    pub fn acquired(self) -> Hold {
        let Some(slot) = self.slot else {
            return Hold::untracked();
        };
        let (lock, mode, site, blocking) = (self.lock, self.mode, self.site, self.blocking);
        // Ends the wait before the lock is listed as held, so that no reader sees both.
        drop(self);
        let ident = lock.identify_as_holder(slot, mode, site);
        let hold = lock.note(slot, ident.tag(), mode, site);
        if blocking {
            inherited_holds::acquired(slot, ident, mode);
        }
        hold
    }

    /// Records that the upgrade of `hold` is done.
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
            if slot.life.has(Flag::Timed) {
                detector::times::end_wait(slot, &self.lock.record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::WaitGuard;

    trait NotSend<A> {
        fn holds() {}
    }
    impl<T: ?Sized> NotSend<()> for T {}
    impl<T: ?Sized + Send> NotSend<u8> for T {}

    #[test]
    fn an_attempt_and_a_condvar_wait_are_not_send() {
        // The calls would be ambiguous, and fail to compile, if the types were `Send`.
        <Attempt<'static> as NotSend<_>>::holds();
        <WaitGuard<'static> as NotSend<_>>::holds();
    }
}
