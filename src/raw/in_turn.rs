//! Acquisitions by threads of an exploration, which wait for their turn and never block.
//!
//! A blocking acquisition is a point, a try, and further tries each time that another thread has done
//! something. One with a limit tries at its turn, and once more at a later one: between the two is all
//! that may happen before the limit.

use crate::instrument::FailedTry;
use crate::instrument::{AcquireKind, Hold, Lock, Mode, Scheduled, Site};

/// What is acquired, and how the bare lock is asked for it.
pub(super) struct Acquisition<'a> {
    pub(super) record: &'a Lock,
    pub(super) mode: Mode,
    pub(super) site: Site,
    /// Tries the bare lock.
    pub(super) attempt: &'a dyn Fn() -> bool,
    /// Whether a wait for the bare lock keeps new readers out.
    pub(super) drains: &'a dyn Fn() -> bool,
}

impl Acquisition<'_> {
    /// The address by which a scheduler identifies the lock.
    fn lock(&self) -> usize {
        std::ptr::from_ref(self.record).addr()
    }

    /// What a thread does that acquires it.
    fn verb(&self) -> &'static str {
        match self.mode {
            Mode::Shared => "reads",
            _ => "takes",
        }
    }

    /// Acquires the lock. `fresh` records an acquisition that did not wait; `block` waits for the bare
    /// lock, when the scheduler controls nothing any more. One that is made `again`, after a release by
    /// the same call, does not unwind.
    pub(super) fn blocking(
        self,
        turn: &Scheduled,
        again: bool,
        block: &dyn Fn(),
        fresh: &dyn Fn() -> Hold,
    ) -> Hold {
        turn.point_before(self.record, self.mode, self.site);
        let hold = if (self.attempt)() {
            fresh()
        } else {
            turn.note_wait(self.record, self.site);
            self.wait(turn, again, block)
        };
        turn.note_lock(self.verb(), self.record, self.site);
        turn.acquired();
        hold
    }

    fn wait(&self, turn: &Scheduled, again: bool, block: &dyn Fn()) -> Hold {
        let (record, mode, site) = (self.record, self.mode, self.site);
        let attempt = if again {
            record.attempt_reacquire(mode, AcquireKind::Blocking, site)
        } else {
            record.attempt_with_retry(self.attempt, mode, AcquireKind::Blocking, site)
        };
        let mut drain = None;
        let mut granted = attempt.is_granted();
        while !granted {
            let mut failed = FailedTry::Unseen;
            if drain.is_none() && (self.drains)() {
                drain = Some(turn.drain(self.lock()));
                failed = FailedTry::Seen;
            }
            if turn.wait(failed, !again) {
                granted = (self.attempt)();
            } else {
                block();
                break;
            }
        }
        drop(drain);
        attempt.acquired()
    }

    /// Acquires the lock unless its limit is over first.
    pub(super) fn timed(self, turn: &Scheduled, fresh: &dyn Fn() -> Hold) -> Option<Hold> {
        turn.note_try();
        turn.point();
        let hold = if (self.attempt)() {
            fresh()
        } else {
            let attempt = self
                .record
                .attempt(self.mode, AcquireKind::Timed, self.site);
            let drain = (self.drains)().then(|| turn.drain(self.lock()));
            turn.lapse();
            if !(self.attempt)() {
                return None;
            }
            drop(drain);
            attempt.acquired()
        };
        turn.note_lock(self.verb(), self.record, self.site);
        turn.acquired();
        Some(hold)
    }

    /// Acquires the lock if that is possible at this turn.
    pub(super) fn tried(self, turn: &Scheduled, fresh: &dyn Fn() -> Hold) -> Option<Hold> {
        turn.note_try();
        turn.point_of_try(self.record);
        turn.note_lock("tries", self.record, self.site);
        let hold = (self.attempt)().then(fresh)?;
        turn.acquired();
        Some(hold)
    }
}
