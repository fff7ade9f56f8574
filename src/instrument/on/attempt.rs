//! Waiting for a lock.

use std::marker::PhantomData;

use lock_api::GuardNoSend;

use super::lock::{Hold, Lock};
use crate::detector;
use crate::instrument::{Kind, Mode, ReadPolicy, Site};
use crate::tracking::slot::Slot;
use crate::tracking::wait::Need;

impl Lock {
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
        if hold.slot.is_detached() {
            return Attempt {
                lock: self,
                slot: None,
                mode: Mode::Exclusive,
                site,
                marker: PhantomData,
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
                marker: PhantomData,
            };
        };
        slot.maintain();
        let ident = detector::with_own(slot, |own| self.record.identify_as_waiter(&mut own.pool));
        let blocking = kind == Kind::Blocking;
        let nested = blocking && slot.is_holding();
        let mut findings = Vec::new();
        if nested {
            if let Some(found) = detector::deadlock::with_itself(slot, ident, need, mode, site) {
                detector::end_in(detector::publish(slot, vec![found]), may_panic);
            } else {
                findings = detector::order::check(slot, &self.record, ident, mode, site);
            }
        }
        let queues = self.record.policy() == ReadPolicy::WriterBlocksReaders;
        loop {
            slot.wait.publish(need, !blocking, queues, ident, site);
            let attempt = Attempt {
                lock: self,
                slot: Some(slot),
                mode,
                site,
                marker: PhantomData,
            };
            if nested && let Some(found) = detector::deadlock::look(slot, &self.record) {
                // First what is there, then what could be: to tell of the one takes long enough
                // to keep the other waiting.
                findings.insert(0, found);
                detector::end_in(detector::publish(slot, findings), may_panic);
                return attempt;
            }
            if findings.is_empty() {
                return attempt;
            }
            // Told while nothing is waited for, since the configuration may answer with a panic.
            drop(attempt);
            let panic = detector::publish(slot, std::mem::take(&mut findings));
            detector::end_in(panic, may_panic);
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
    /// An attempt works on the slot of its thread, and so never leaves it.
    marker: PhantomData<GuardNoSend>,
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
        let ident = lock.identify_as_holder(slot, mode);
        if lock.is_first_write(mode) {
            return lock.acquired_checked(slot, ident, mode, false, site, false);
        }
        lock.note(slot, ident.tag(), mode, site);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Waiting;

    trait NotSend<A> {
        fn holds() {}
    }
    impl<T: ?Sized> NotSend<()> for T {}
    impl<T: ?Sized + Send> NotSend<u8> for T {}

    #[test]
    fn what_works_on_the_slot_of_its_thread_stays_there() {
        // Ambiguous, and so not compiled, if they could be sent.
        <Attempt<'static> as NotSend<_>>::holds();
        <Waiting<'static> as NotSend<_>>::holds();
    }
}
