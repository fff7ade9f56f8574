//! Scheduling points of an exploration: where another thread may run next.

use super::condvar::CondvarRecord;
use super::lock::Lock;
use super::resource::Resource;
use super::scheduled::{Scheduled, info_of, point_if_controlled};
use crate::detector::{self, describe};
use crate::engine::ids::Site;
use crate::report::LockInfo;
use crate::tracking::lock::class_key;
use crate::tracking::scheduled::{self, Nesting, Participant, Touch, WAITS_FOR};
use crate::tracking::thread::current;

/// The calling thread is about to do something that others can see: if a scheduler controls it, returns
/// at its turn. It must hold no part of a primitive for which another thread waits outside of the
/// detector.
///
/// Two instructions for other threads, as long as no exploration has run in the process.
#[inline(always)]
pub fn point(verb: &'static str, record: &Resource) {
    if scheduled::is_any() {
        point_if_controlled(verb, Some(record.record()));
    }
}

/// A scheduling point like [`point`], before an operation on something that has no record.
#[inline(always)]
pub fn point_unnamed(what: &'static str) {
    if scheduled::is_any() {
        point_if_controlled(what, None);
    }
}

impl Scheduled {
    /// The thread is about to make an acquisition that waits, if it has to: returns at its turn.
    pub fn point_of_acquisition(&self, lock: &Lock) {
        self.point_of(self.touch(Touch::Acquires, lock));
    }

    /// The thread is about to make an acquisition that never waits: returns at its turn.
    pub fn point_of_try(&self, lock: &Lock) {
        self.point_of(self.touch(Touch::Tries, lock));
    }

    fn touch(&self, touch: fn(u64) -> Touch, lock: &Lock) -> Touch {
        if !self.0.scheduler.reduces() {
            return Touch::Anything;
        }
        let slot = current::slot();
        touch(detector::with_own(slot, |own| lock.record.identify(&mut own.pool)).tag())
    }

    /// The thread is about to acquire a lock: returns at its turn.
    pub fn point_before(&self, lock: &Lock, site: Site) {
        let Participant { scheduler, thread } = &self.0;
        if scheduler.has_aim()
            && let held = describe::held_here(current::slot())
            && !held.is_empty()
        {
            let key = |lock: &LockInfo, site| {
                let class = class_key::of_class(lock.name, lock.created);
                (class.into_owned(), class_key::of_site(site))
            };
            let held = held
                .iter()
                .map(|(ident, info)| key(&detector::lock_info(ident), info.site));
            let nesting = Nesting {
                asked: key(&info_of(&lock.record), site),
                held: held.collect(),
            };
            scheduler.comes(*thread, &nesting);
        }
        self.point_of_acquisition(lock);
    }

    /// The thread, which has the turn, does this to a lock, for the reader of the schedule.
    pub fn note_lock(&self, verb: &'static str, lock: &Lock, site: Site) {
        self.note(verb, Some(&lock.record), Some(site));
    }

    /// The thread, which has the turn, has failed to acquire a lock, and waits.
    pub fn note_wait(&self, lock: &Lock, site: Site) {
        self.note(WAITS_FOR, Some(&lock.record), Some(site));
    }

    /// The thread, which has the turn, does this to a condition variable.
    pub fn note_condvar(&self, verb: &'static str, condvar: &CondvarRecord, site: Site) {
        self.note(verb, Some(condvar.record()), Some(site));
    }
}
