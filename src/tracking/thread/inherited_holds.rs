//! Inherited holds: the acquisitions of a thread between its spawn and its join, under the locks that its
//! parent holds all that time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::acquisition::Held;
use crate::engine::ids::{LockId, ThreadId};
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edge::LeafEdge;

/// The most acquisitions that a thread logs for its join. Later ones are not seen in this way; a thread that
/// acquires so many different locks is unlikely to be joined under a lock.
const NOTED: usize = 64;

/// The end of one hold, as the threads that were started under it see it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HoldEnd(Arc<AtomicBool>);

impl HoldEnd {
    /// Returns whether the hold is over. A hint in other threads than the holder's.
    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn is(&self, other: &HoldEnd) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The marked holds of a thread: those under which it started threads.
#[derive(Debug, Default)]
pub(crate) struct MarkedHolds(Vec<(usize, HoldEnd)>);

impl MarkedHolds {
    /// Returns the mark of a hold, which is the existing one only if the hold `was_marked`.
    pub(crate) fn mark(&mut self, ident: *const Ident, was_marked: bool) -> HoldEnd {
        if let Some((_, over)) = self.0.iter().find(|(at, _)| *at == ident.addr())
            && was_marked
        {
            return over.clone();
        }
        self.end(ident);
        let over = HoldEnd::default();
        self.0.push((ident.addr(), over.clone()));
        over
    }

    /// Ends the mark of the hold of this lock.
    pub(crate) fn end(&mut self, ident: *const Ident) {
        self.0.retain(|(at, over)| {
            let other = *at != ident.addr();
            if !other {
                over.0.store(true, Ordering::Relaxed);
            }
            other
        });
    }

    /// Returns the address of the lock of this hold, if the hold is not over.
    pub(crate) fn find(&self, over: &HoldEnd) -> Option<usize> {
        let mark = self.0.iter().find(|(_, known)| known.is(over))?;
        Some(mark.0)
    }
}

impl Drop for MarkedHolds {
    fn drop(&mut self) {
        for (_, over) in &self.0 {
            over.0.store(true, Ordering::Relaxed);
        }
    }
}

/// What a parent held when it started a thread.
#[derive(Debug)]
pub(crate) struct ParentHolds {
    pub(crate) holder: ThreadId,
    pub(crate) held: Vec<(Held, HoldEnd)>,
    /// The holds that the parent inherited itself.
    pub(crate) further: Vec<HoldEnd>,
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
    above: Vec<HoldEnd>,
    taken: Vec<NestedAcquisition>,
}

impl AcquisitionLog {
    /// Returns an empty log of a thread that was started under these holds.
    pub(crate) fn under(holds: &ParentHolds) -> Self {
        let mut above = Vec::new();
        for (_, end) in &holds.held {
            above.push(end.clone());
        }
        for end in &holds.further {
            above.push(end.clone());
        }
        Self {
            above,
            taken: Vec::new(),
        }
    }

    /// Returns the ends of the holds that the thread was started under.
    pub(crate) fn above(&self) -> Vec<HoldEnd> {
        let mut above = Vec::new();
        for end in &self.above {
            above.push(end.clone());
        }
        above
    }

    /// Returns whether more is to be logged.
    pub(crate) fn go_on(&self) -> bool {
        self.taken.len() < NOTED && !self.above.iter().all(HoldEnd::is_over)
    }

    /// Logs an acquisition that is not in the log yet; returns whether it was new.
    pub(crate) fn add(&mut self, taken: NestedAcquisition) -> bool {
        let new = self.taken.len() < NOTED && !self.taken.iter().any(|known| known.covers(&taken));
        if new {
            self.taken.push(taken);
        }
        new
    }

    /// Returns everything in the log.
    pub(crate) fn into_taken(self) -> Vec<NestedAcquisition> {
        self.taken
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
    use super::*;

    fn ident(at: usize) -> *const Ident {
        std::ptr::without_provenance(at)
    }

    #[test]
    fn a_hold_keeps_its_mark_until_it_is_over() {
        let mut marks = MarkedHolds::default();
        let first = marks.mark(ident(8), false);
        let again = marks.mark(ident(8), true);
        assert!(first.is(&again) && marks.find(&first) == Some(8));
        marks.end(ident(8));
        assert!(first.is_over() && marks.find(&first).is_none());
    }

    #[test]
    fn a_second_hold_of_the_same_lock_is_not_the_first() {
        let mut marks = MarkedHolds::default();
        let first = marks.mark(ident(8), false);
        // Popped without an update of the marks: the new entry has none.
        let second = marks.mark(ident(8), false);
        assert!(first.is_over() && !second.is_over());
        drop(marks);
        assert!(second.is_over());
    }

    #[test]
    fn the_log_ends_with_the_holds_above() {
        let mut marks = MarkedHolds::default();
        let above = ParentHolds {
            holder: ThreadId::new(1),
            held: Vec::new(),
            further: vec![marks.mark(ident(8), false), marks.mark(ident(16), false)],
        };
        let notes = AcquisitionLog::under(&above);
        marks.end(ident(8));
        assert!(notes.go_on());
        marks.end(ident(16));
        assert!(!notes.go_on());
    }
}
