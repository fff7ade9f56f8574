//! Scheduling points of an exploration: where another thread may run next.

use super::condvar::CondvarRecord;
use super::resource::Resource;
use super::scheduled::{Scheduled, point_if_controlled};
use crate::engine::ids::Site;
use crate::tracking::scheduled;

/// The calling thread is about to do something that others can see: if a scheduler controls it, returns
/// at its turn. It must hold no part of a primitive for which another thread waits outside of the
/// detector.
///
/// Two instructions for other threads, as long as no exploration has run in the process.
#[inline(always)]
pub fn point(verb: &'static str, record: &Resource) {
    if scheduled::is_any() {
        point_if_controlled(verb, Some(&record.record));
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
    /// The thread, which has the turn, does this to a condition variable.
    pub fn note_condvar(&self, verb: &'static str, condvar: &CondvarRecord, site: Site) {
        self.note(verb, Some(&condvar.record), Some(site));
    }
}
