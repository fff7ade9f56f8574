//! Inherited holds: the acquisitions of a thread between its spawn and its join, under the locks that its
//! parent holds all that time; and the clock of the parent at the release of such a lock.

use std::sync::{Arc, OnceLock};

use crate::engine::acquisition::HeldInfo;
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, ThreadId};
use crate::engine::mode::Mode;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edge::LeafEdge;

/// The most acquisitions that a thread logs for its join. Later ones are not seen in this way; a thread that
/// acquires so many different locks is unlikely to be joined under a lock.
const NOTED: usize = 64;

/// The number of slow acquisitions at which a thread looks out for the locks that it was started under, once no more is to
/// be logged.
const LATE: u32 = 16;

/// One hold, as the threads that were started under it see it.
#[derive(Clone, Debug)]
pub(crate) struct MarkedHold(Arc<HoldState>);

#[derive(Debug)]
struct HoldState {
    lock: LockId,
    /// How the hold ended; set once, by the thread that held the lock.
    release: OnceLock<Option<Release>>,
}

/// The release of a marked hold.
#[derive(Debug)]
struct Release {
    /// The weakest mode that the hold had since the first of the threads was started under it.
    weakest: Mode,
    /// The clock of the thread that released it.
    clock: Segment,
}

impl MarkedHold {
    /// Returns whether the hold is over. A hint in other threads than the holder's.
    pub(crate) fn is_over(&self) -> bool {
        self.0.release.get().is_some()
    }

    /// Returns the clock of the release, after which every acquisition of `lock` in this mode comes by a thread that was
    /// started under the hold.
    fn released_before(&self, lock: LockId, mode: Mode) -> Option<&Segment> {
        let release = self.0.release.get()?.as_ref()?;
        let waits = self.0.lock == lock && release.weakest.excludes(mode);
        waits.then_some(&release.clock)
    }

    fn is(&self, other: &MarkedHold) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The marked holds of a thread: those under which it started threads.
#[derive(Debug, Default)]
pub(crate) struct MarkedHolds(Vec<Mark>);

#[derive(Debug)]
struct Mark {
    /// The address of the lock's ident.
    at: usize,
    hold: MarkedHold,
    /// The weakest mode of the hold so far.
    weakest: Mode,
}

impl MarkedHolds {
    /// Returns the mark of a hold, which is the existing one only if the hold `was_marked`.
    pub(crate) fn mark(
        &mut self,
        ident: *const Ident,
        held: HeldInfo,
        was_marked: bool,
    ) -> MarkedHold {
        if let Some(mark) = self.of(ident)
            && was_marked
        {
            return mark.hold.clone();
        }
        self.end(ident, None);
        let hold = MarkedHold(Arc::new(HoldState {
            lock: held.lock,
            release: OnceLock::new(),
        }));
        self.0.push(Mark {
            at: ident.addr(),
            hold: hold.clone(),
            weakest: held.mode,
        });
        hold
    }

    fn of(&mut self, ident: *const Ident) -> Option<&mut Mark> {
        self.0.iter_mut().find(|mark| mark.at == ident.addr())
    }

    /// Records that the hold of this lock has changed to a weaker mode.
    pub(crate) fn weaken(&mut self, ident: *const Ident, mode: Mode) {
        if let Some(mark) = self.of(ident)
            && mark.weakest != Mode::Shared
        {
            mark.weakest = mode;
        }
    }

    /// Ends the mark of the hold of this lock, with the clock of its release; `None` for a hold that ended unseen.
    pub(crate) fn end(&mut self, ident: *const Ident, clock: Option<Segment>) {
        if let Some(at) = self.0.iter().position(|mark| mark.at == ident.addr()) {
            let mark = self.0.swap_remove(at);
            let weakest = mark.weakest;
            let release = clock.map(|clock| Release { weakest, clock });
            let _ = mark.hold.0.release.set(release);
        }
    }

    /// Returns the address of the lock of this hold, if the hold is not over.
    pub(crate) fn find(&self, hold: &MarkedHold) -> Option<usize> {
        let mark = self.0.iter().find(|mark| mark.hold.is(hold))?;
        Some(mark.at)
    }
}

impl Drop for MarkedHolds {
    fn drop(&mut self) {
        for mark in &self.0 {
            let _ = mark.hold.0.release.set(None);
        }
    }
}

/// What a parent held when it started a thread.
#[derive(Debug)]
pub(crate) struct ParentHolds {
    pub(crate) holder: ThreadId,
    pub(crate) held: Vec<(HeldInfo, MarkedHold)>,
    /// The holds that the parent inherited itself.
    pub(crate) further: Vec<MarkedHold>,
}

/// One acquisition, logged for the join.
#[derive(Clone, Debug)]
pub(crate) struct NestedAcquisition {
    pub(crate) lock: LockId,
    pub(crate) context: LeafEdge,
}

/// The log of a thread, kept for as long as one of the holds it was started under lasts.
#[derive(Debug)]
pub(crate) struct AcquisitionLog {
    /// The holds above, without those whose release the thread is known to come after.
    above: Vec<MarkedHold>,
    pub(crate) taken: Vec<NestedAcquisition>,
    /// The acquisitions at which the thread may still look once no more is to be logged.
    late: u32,
}

impl AcquisitionLog {
    /// Returns an empty log of a thread that was started under these holds.
    pub(crate) fn under(holds: &ParentHolds) -> Self {
        let mut above = Vec::new();
        for (_, hold) in &holds.held {
            above.push(hold.clone());
        }
        above.extend_from_slice(&holds.further);
        Self {
            above,
            taken: Vec::new(),
            late: LATE,
        }
    }

    /// Returns the holds that the thread was started under.
    pub(crate) fn above(&self) -> Vec<MarkedHold> {
        self.above.clone()
    }

    /// Returns whether more is to be logged.
    pub(crate) fn go_on(&self) -> bool {
        self.taken.len() < NOTED && !self.above.iter().all(MarkedHold::is_over)
    }

    /// Returns whether acquisitions are to be looked at, since more is to be logged or a lock above was not acquired yet.
    pub(crate) fn is_watching(&self) -> bool {
        self.go_on() || !self.above.is_empty()
    }

    /// Returns the clock of the release that this acquisition of the thread comes after, if the lock is one above.
    pub(crate) fn acquired(&mut self, lock: LockId, mode: Mode) -> Option<Segment> {
        for (at, above) in self.above.iter().enumerate() {
            if let Some(clock) = above.released_before(lock, mode) {
                let clock = clock.clone();
                self.above.swap_remove(at);
                return Some(clock);
            }
        }
        if !self.go_on() {
            self.late = self.late.saturating_sub(1);
        }
        if self.late == 0 {
            // The clocks of the releases are large.
            self.above.clear();
        }
        None
    }

    /// Logs an acquisition that is not in the log yet; returns whether it was new.
    pub(crate) fn add(&mut self, taken: NestedAcquisition) -> bool {
        let new = self.taken.len() < NOTED && !self.taken.iter().any(|known| known.covers(&taken));
        if new {
            self.taken.push(taken);
        }
        new
    }
}

impl NestedAcquisition {
    fn covers(&self, other: &NestedAcquisition) -> bool {
        let (mine, theirs) = (&self.context, &other.context);
        self.lock == other.lock
            && mine.mode == theirs.mode
            && (Arc::ptr_eq(&mine.holding, &theirs.holding) || mine.holding.held.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;

    fn ident(at: usize) -> *const Ident {
        std::ptr::without_provenance(at)
    }

    fn id(lock: u64) -> LockId {
        LockId::new(lock).unwrap()
    }

    fn held(lock: u64, mode: Mode) -> HeldInfo {
        let site = Location::caller();
        HeldInfo {
            lock: id(lock),
            mode,
            site,
        }
    }

    fn clock() -> Option<Segment> {
        Some(Segment::first(ThreadId::new(1)))
    }

    #[test]
    fn a_hold_keeps_its_mark_until_it_is_over() {
        let mut marks = MarkedHolds::default();
        let held = held(1, Mode::Exclusive);
        let first = marks.mark(ident(8), held, false);
        let again = marks.mark(ident(8), held, true);
        assert!(first.is(&again) && marks.find(&first) == Some(8));
        marks.end(ident(8), None);
        assert!(first.is_over() && marks.find(&first).is_none());
    }

    #[test]
    fn a_second_hold_of_the_same_lock_is_not_the_first() {
        let mut marks = MarkedHolds::default();
        let held = held(1, Mode::Exclusive);
        let first = marks.mark(ident(8), held, false);
        // Popped without an update of the marks: the new entry has none.
        let second = marks.mark(ident(8), held, false);
        assert!(first.is_over() && !second.is_over());
        drop(marks);
        assert!(second.is_over());
    }

    /// The holds of locks 1 and 2 in these modes, at addresses 8 and 16.
    fn two_above(marks: &mut MarkedHolds, modes: [Mode; 2]) -> AcquisitionLog {
        let [first, second] = modes;
        AcquisitionLog::under(&ParentHolds {
            holder: ThreadId::new(1),
            held: Vec::new(),
            further: vec![
                marks.mark(ident(8), held(1, first), false),
                marks.mark(ident(16), held(2, second), false),
            ],
        })
    }

    #[test]
    fn the_log_ends_with_the_holds_above() {
        let mut marks = MarkedHolds::default();
        let notes = two_above(&mut marks, [Mode::Exclusive; 2]);
        marks.end(ident(8), None);
        assert!(notes.go_on());
        marks.end(ident(16), None);
        assert!(!notes.go_on());
    }

    #[test]
    fn an_acquisition_comes_after_a_release_that_it_had_to_wait_for() {
        let mut marks = MarkedHolds::default();
        let mut notes = two_above(&mut marks, [Mode::Exclusive, Mode::Shared]);
        assert!(
            notes.acquired(id(1), Mode::Exclusive).is_none(),
            "the hold lasts"
        );
        marks.end(ident(8), clock());
        marks.end(ident(16), clock());
        assert!(
            notes.acquired(id(2), Mode::Shared).is_none(),
            "readers do not wait"
        );
        assert!(
            notes.acquired(id(3), Mode::Exclusive).is_none(),
            "another lock"
        );
        assert!(notes.acquired(id(1), Mode::Shared).is_some());
        assert!(
            notes.acquired(id(1), Mode::Shared).is_none(),
            "known by now"
        );
        assert!(notes.acquired(id(2), Mode::Exclusive).is_some());
        assert!(!notes.is_watching());
    }

    #[test]
    fn a_hold_that_was_weaker_for_a_while_admitted_readers() {
        let mut marks = MarkedHolds::default();
        let mut notes = two_above(&mut marks, [Mode::Exclusive; 2]);
        marks.weaken(ident(8), Mode::Shared);
        marks.end(ident(8), clock());
        assert!(notes.acquired(id(1), Mode::Shared).is_none());
        assert!(notes.acquired(id(1), Mode::Exclusive).is_some());
    }

    #[test]
    fn a_thread_looks_out_for_released_locks_for_a_while() {
        let mut marks = MarkedHolds::default();
        let mut notes = two_above(&mut marks, [Mode::Exclusive; 2]);
        drop(marks);
        let mut count = 0;
        while notes.is_watching() {
            let _ = notes.acquired(id(3), Mode::Exclusive);
            count += 1;
        }
        assert_eq!(count, LATE);
    }
}
