//! Scheduling points at locks: what a controlled thread does to a lock is a point, and is noted for readers of
//! the schedule.

use super::lock::Lock;
use super::scheduled::Scheduled;
use crate::detector;
use crate::engine::ids::Site;
use crate::engine::mode::Mode;
use crate::report::LockInfo;
use crate::tracking::lock::class_key;
use crate::tracking::lock::record::LockRecord;
use crate::tracking::scheduled::{Claim, Nesting, Participant, Touch, WAITS_FOR};
use crate::tracking::thread::current;

impl Scheduled {
    /// The thread is about to make an acquisition in this mode that waits, if it has to: returns at its turn.
    pub fn point_of_acquisition(&self, lock: &Lock, mode: Mode) {
        let touch = match mode {
            Mode::Exclusive => Touch::Acquires,
            Mode::Shared | Mode::Upgradable => Touch::Shares,
        };
        self.point_of(self.touch(touch, &lock.record));
    }

    /// The thread is about to access a value that one thread initialises while others wait: returns at its turn.
    pub(super) fn point_of_value(&self, record: &LockRecord) {
        self.point_of(self.touch(Touch::Acquires, record));
    }

    /// The thread is about to make an acquisition that never waits: returns at its turn.
    pub fn point_of_try(&self, lock: &Lock) {
        self.point_of(self.touch(Touch::Tries, &lock.record));
    }

    /// The thread is about to acquire a lock: returns at its turn.
    pub fn point_before(&self, lock: &Lock, mode: Mode, site: Site) {
        self.comes_to(&lock.record, mode, site);
        self.point_of_acquisition(lock, mode);
    }

    /// The thread is about to ask for a lock, or for a value that is initialised once, in a way that may wait.
    pub(super) fn comes_to(&self, record: &LockRecord, mode: Mode, site: Site) {
        let Participant { scheduler, thread } = &self.0;
        if !scheduler.has_aim() {
            return;
        }
        let claim = |info: &LockInfo, mode, site, thread| {
            let class = class_key::in_full(info.name, info.created, info.content);
            Claim {
                class: (class.into_owned(), class_key::of_site(site)),
                lock: info.id,
                mode,
                thread,
            }
        };
        let slot = current::slot();
        let me = detector::with_own(slot, |own| own.timeline.thread());
        let mut held = Vec::new();
        for (ident, hold) in detector::held_here(slot) {
            held.push(claim(&detector::lock_info(ident), hold.mode, hold.site, me));
        }
        for (lock, around) in detector::inherited_here(slot) {
            let hold = around.held;
            held.push(claim(&lock, hold.mode, hold.site, around.holder));
        }
        let ident = detector::identify(slot, record);
        let asked = claim(&detector::lock_info(ident), mode, site, me);
        scheduler.comes(*thread, Nesting { asked, held });
    }

    /// The thread, which has released this mutex to sleep on a condition variable, is about to acquire it again.
    pub(super) fn comes_back_to(&self, lock: &Lock, site: Site) {
        self.comes_to(&lock.record, Mode::Exclusive, site);
    }

    /// The thread, which has the turn, does this to a lock, for those who read the schedule.
    pub fn note_lock(&self, verb: &'static str, lock: &Lock, site: Site) {
        self.note(verb, Some(&lock.record), Some(site));
    }

    /// The thread, which has the turn, has failed to acquire a lock, and waits.
    pub fn note_wait(&self, lock: &Lock, site: Site) {
        self.note(WAITS_FOR, Some(&lock.record), Some(site));
    }
}
