//! Scheduling points of an exploration: where another thread may run next.

use super::condvar::CondvarRecord;
use super::lock::Lock;
use super::resource::Resource;
use super::scheduled::{Scheduled, point_if_controlled};
use crate::engine::ids::Site;
use crate::tracking::scheduled::{self, Touch, WAITS_FOR};

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
    /// The thread is about to acquire a lock at `site`: returns at its turn.
    pub fn point_before(&self, lock: &Lock, site: Site) {
        self.point_before_record(&lock.record, site);
    }

    /// The thread is about to acquire more of a lock that it holds: returns at its turn.
    pub fn point_of_acquisition(&self, lock: &Lock) {
        self.point_at_lock(Touch::Acquires, &lock.record);
    }

    /// The thread is about to make an acquisition that never waits: returns at its turn.
    pub fn point_of_try(&self, lock: &Lock) {
        self.point_at_lock(Touch::Tries, &lock.record);
    }

    /// The thread, which has the turn, does this to a lock, for those who read the schedule.
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
