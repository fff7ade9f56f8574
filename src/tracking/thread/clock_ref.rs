//! Counted references to released clocks, as threads pass them to each other.
//!
//! A thread that does nothing but send messages releases the same clock again and again, and the receivers
//! acquire and drop it. To count each reference in shared memory would cost more than the message. So a
//! thread takes references to its present clock in bulk and hands them out as its own; and it returns dropped
//! references in bulk, too: to its stock, if the clock is its own, or as soon as it drops one to another
//! clock.
//!
//! That is correct because the count of a clock is only ever too high: a reference that is in stock, or
//! dropped and not yet returned, is counted like one that is held.
//!
//! # What it costs
//!
//! Up to two unused clocks are kept for each thread.

#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use crate::engine::clock::timeline::Timeline;
use crate::engine::clock::vector_clock::Segment;
use crate::shim::AtomicUsize;

/// The number of references that are taken at once.
const BULK: usize = 1024;

/// The most dropped references before they are returned. Far below what a count can hold, however many
/// threads drop.
const MOST: usize = 1 << 20;

/// A reference to a released clock. It has to be [dropped](ClockRefs::drop) explicitly.
#[derive(Debug)]
pub(crate) struct ClockRef(NonNull<SharedClock>);

#[derive(Debug)]
struct SharedClock {
    segment: Segment,
    /// At least the number of references.
    count: AtomicUsize,
}

// SAFETY: a reference-counted pointer to data that is `Send` and `Sync` and is never written except for the
// count.
unsafe impl Send for ClockRef {}
// SAFETY: as above.
unsafe impl Sync for ClockRef {}

impl ClockRef {
    /// Returns a clock that is to be passed on once.
    pub(crate) fn new(segment: Segment) -> Self {
        Self::counted(segment, 1)
    }

    fn counted(segment: Segment, count: usize) -> Self {
        let shared = Box::new(SharedClock {
            segment,
            count: AtomicUsize::new(count),
        });
        Self(NonNull::from(Box::leak(shared)))
    }

    /// Returns the segment that ends at the release.
    #[inline]
    pub(crate) fn segment(&self) -> &Segment {
        // SAFETY: this reference is counted, so it has not been freed.
        unsafe { &self.0.as_ref().segment }
    }

    /// Returns another reference.
    pub(crate) fn another(&self) -> Self {
        self.take(1);
        Self(self.0)
    }

    /// Counts `more` references.
    fn take(&self, more: usize) {
        // SAFETY: as in `segment`. Relaxed: the new references come from one that is counted already, and the
        // thread that frees the clock has synchronised with the drop of that one.
        unsafe { self.0.as_ref().count.fetch_add(more, Ordering::Relaxed) };
    }

    /// Returns this reference, and `count - 1` others that were counted and do not exist any more.
    fn give(self, count: usize) {
        // SAFETY: this reference is counted, so the clock exists.
        let references = unsafe { &self.0.as_ref().count };
        if references.fetch_sub(count, Ordering::Release) == count {
            // Pairs with the Release of all other drops: their reads of the clock are over. No fence, since
            // ThreadSanitizer does not follow one.
            references.load(Ordering::Acquire);
            // SAFETY: it was created by `Box::leak`, and nothing refers to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }

    /// Drops the reference in a thread without [`ClockRefs`] of its own.
    pub(crate) fn drop_alone(self) {
        self.give(1);
    }
}

/// The clock references of a thread: those that it may hand out, and those that it has dropped.
#[derive(Debug, Default)]
pub(crate) struct ClockRefs {
    /// The clock that the thread last released, and how many further references to it are in stock.
    here: Option<(ClockRef, usize)>,
    /// A clock of which references were dropped.
    spent: Option<Spent>,
}

#[derive(Debug)]
struct Spent {
    point: ClockRef,
    /// The number of dropped references beside this one.
    count: usize,
    /// Whether the thread has acquired the clock, which it then contains for good.
    known: bool,
}

impl ClockRefs {
    /// Returns the present clock of the thread, if it was released before.
    #[inline]
    pub(crate) fn take(&mut self, timeline: &Timeline) -> Option<ClockRef> {
        let (here, stock) = self.here.as_mut()?;
        if !timeline.is_at(here.segment()) {
            return None;
        }
        match stock.checked_sub(1) {
            Some(left) => *stock = left,
            None => {
                here.take(BULK);
                *stock = BULK - 1;
            }
        }
        Some(ClockRef(here.0))
    }

    /// Makes `segment` the present clock of the thread, and returns a reference to it.
    pub(crate) fn stock(&mut self, segment: Segment) -> ClockRef {
        if let Some((point, stock)) = self.here.take() {
            point.give(stock + 1);
        }
        // One of the references is the caller's, and one stays.
        let point = ClockRef::counted(segment, BULK + 2);
        let handed = ClockRef(point.0);
        self.here = Some((point, BULK));
        handed
    }

    /// Drops a reference.
    #[inline]
    pub(crate) fn drop(&mut self, point: ClockRef) {
        if let Some((here, stock)) = &mut self.here
            && here.0 == point.0
        {
            *stock += 1;
            return;
        }
        if let Some(spent) = &mut self.spent
            && spent.point.0 == point.0
            && spent.count < MOST
        {
            spent.count += 1;
            return;
        }
        self.spend(point, false);
    }

    /// Drops a reference if the thread contains the clock already: its own, or the last one that it [has
    /// acquired](Self::drop_learnt). Returns it otherwise.
    #[inline]
    pub(crate) fn drop_known(&mut self, point: ClockRef) -> Option<ClockRef> {
        if let Some((here, stock)) = &mut self.here
            && here.0 == point.0
        {
            *stock += 1;
            return None;
        }
        if let Some(spent) = &mut self.spent
            && spent.point.0 == point.0
            && spent.known
            && spent.count < MOST
        {
            spent.count += 1;
            return None;
        }
        Some(point)
    }

    /// Drops a reference to a clock that the thread has acquired.
    pub(crate) fn drop_learnt(&mut self, point: ClockRef) {
        self.spend(point, true);
    }

    #[cold]
    fn spend(&mut self, point: ClockRef, known: bool) {
        let spent = Spent {
            point,
            count: 0,
            known,
        };
        if let Some(before) = self.spent.replace(spent) {
            before.point.give(before.count + 1);
        }
    }

    /// Returns all references.
    pub(crate) fn drain(&mut self) {
        if let Some((point, stock)) = self.here.take() {
            point.give(stock + 1);
        }
        if let Some(spent) = self.spent.take() {
            spent.point.give(spent.count + 1);
        }
    }
}

impl Drop for ClockRefs {
    fn drop(&mut self) {
        self.drain();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ids::ThreadId;

    fn timeline() -> Timeline {
        Timeline::new(ThreadId::new(1))
    }

    /// Releases the clock of the thread, as `detector::happens_before` does.
    fn here(points: &mut ClockRefs, timeline: &mut Timeline) -> ClockRef {
        match points.take(timeline) {
            Some(point) => point,
            None => points.stock(timeline.hand_over()),
        }
    }

    fn counted(point: &ClockRef) -> usize {
        // SAFETY: as in `ClockRef::segment`.
        unsafe { point.0.as_ref().count.load(Ordering::Relaxed) }
    }

    #[test]
    fn a_thread_releases_one_clock_until_it_records_an_acquisition() {
        let (mut points, mut timeline) = (ClockRefs::default(), timeline());
        timeline.see();
        let first = here(&mut points, &mut timeline);
        let again = here(&mut points, &mut timeline);
        assert!(first.0 == again.0);
        timeline.see();
        let other = here(&mut points, &mut timeline);
        assert!(first.0 != other.0);
        assert!(first.segment().number() < other.segment().number());
        for point in [first, again, other] {
            points.drop(point);
        }
    }

    #[test]
    fn the_count_equals_the_held_references_in_the_end() {
        let (mut sender, mut receiver) = (ClockRefs::default(), ClockRefs::default());
        let mut timeline = timeline();
        timeline.see();
        let kept = here(&mut sender, &mut timeline);
        let mut under_way = Vec::new();
        for round in 0..5 * BULK {
            under_way.push(here(&mut sender, &mut timeline));
            match round % 7 {
                0 => sender.drop(under_way.pop().unwrap()),
                1 => under_way.pop().unwrap().drop_alone(),
                2 => {
                    let another = under_way[0].another();
                    receiver.drop(another);
                }
                3 => {
                    // The first one is new, the others are acquired already.
                    if let Some(news) = receiver.drop_known(under_way.pop().unwrap()) {
                        receiver.drop_learnt(news);
                    }
                }
                4 => assert!(sender.drop_known(under_way.pop().unwrap()).is_none()),
                _ => {}
            }
        }
        assert!(counted(&kept) > under_way.len());
        under_way.into_iter().for_each(|point| receiver.drop(point));
        receiver.drain();
        drop(sender);
        assert_eq!(counted(&kept), 1);
        kept.drop_alone();
    }

    #[test]
    fn a_clock_that_was_dropped_without_an_acquire_is_new() {
        let (mut sender, mut receiver) = (ClockRefs::default(), ClockRefs::default());
        let mut timeline = timeline();
        receiver.drop(here(&mut sender, &mut timeline));
        let news = receiver.drop_known(here(&mut sender, &mut timeline));
        receiver.drop_learnt(news.expect("it was not learnt"));
        let known = receiver.drop_known(here(&mut sender, &mut timeline));
        assert!(known.is_none());
    }

    #[test]
    fn threads_that_pass_clocks_on_free_all_of_them() {
        let (mut points, mut timeline) = (ClockRefs::default(), timeline());
        let kept = here(&mut points, &mut timeline);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                let handed: Vec<ClockRef> =
                    std::iter::repeat_with(|| here(&mut points, &mut timeline))
                        .take(2 * BULK)
                        .collect();
                scope.spawn(move || {
                    let mut points = ClockRefs::default();
                    for point in handed {
                        points.drop(point);
                    }
                });
            }
        });
        points.drain();
        assert_eq!(counted(&kept), 1);
        kept.drop_alone();
    }
}
