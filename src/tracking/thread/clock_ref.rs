//! Points in the lives of threads, as they are handed from one to another.
//!
//! A thread that does nothing but pass messages on hands over the same point again and again, and
//! others are told of it and drop it. To count each reference where all threads see it would cost
//! more than the message. So a thread takes references in bulk, for the point at which it is, and
//! hands them out as its own; and what it drops it gives back in bulk too: to its stock, if the
//! point is its own, or as soon as it drops one of another point.
//!
//! That is right because the count of a point only ever says too much: a reference that is in stock,
//! or dropped and not yet given back, is counted like one that is held.
//!
//! # What it costs
//!
//! Up to two points that nobody needs any more are kept for each thread.

#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::atomic::Ordering;

use crate::engine::clock::timeline::Timeline;
use crate::engine::clock::vector_clock::Segment;
use crate::shim::{AtomicUsize, fence};

/// How many references are taken at once.
const BULK: usize = 1024;

/// How many are dropped before they are given back, at the latest. Far below what a count can hold,
/// however many threads drop.
const MOST: usize = 1 << 20;

/// A reference to a point in the life of a thread. It has to be [dropped](Points::drop) by hand.
#[derive(Debug)]
pub(crate) struct ClockRef(NonNull<SharedClock>);

#[derive(Debug)]
struct SharedClock {
    segment: Segment,
    /// At least the references that there are.
    count: AtomicUsize,
}

// SAFETY: a reference counted pointer to what is `Send` and `Sync` and is never written but for
// the count.
unsafe impl Send for ClockRef {}
// SAFETY: as above.
unsafe impl Sync for ClockRef {}

impl ClockRef {
    /// A point that is to be handed over once.
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

    /// All that has happened up to the point.
    #[inline]
    pub(crate) fn segment(&self) -> &Segment {
        // SAFETY: this reference is counted, so it has not been freed.
        unsafe { &self.0.as_ref().segment }
    }

    /// Another reference.
    pub(crate) fn another(&self) -> Self {
        self.take(1);
        Self(self.0)
    }

    /// Counts `more` references.
    fn take(&self, more: usize) {
        // SAFETY: as in `segment`. Relaxed: they come from one that is counted already, and
        // whoever frees the point has synchronised with that one's end.
        unsafe { self.0.as_ref().count.fetch_add(more, Ordering::Relaxed) };
    }

    /// Gives back this reference, and `count - 1` others that were counted and are not there any
    /// more.
    fn give(self, count: usize) {
        // SAFETY: this one is counted, so the point is there.
        let before = unsafe { self.0.as_ref().count.fetch_sub(count, Ordering::Release) };
        if before == count {
            // Pairs with the Release of all others: what they read of the point they have read.
            fence(Ordering::Acquire);
            // SAFETY: it was made by `Box::leak`, and nothing refers to it any more.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }

    /// Drops the reference in a thread that has no [`ClockRefs`] of its own.
    pub(crate) fn drop_alone(self) {
        self.give(1);
    }
}

/// What a thread has of points: those that it may hand over, and those that it has dropped.
#[derive(Debug, Default)]
pub(crate) struct ClockRefs {
    /// Where the thread was when it last handed something over, and how many references to it are
    /// in stock, beside this one.
    here: Option<(ClockRef, usize)>,
    /// A point of which references were dropped.
    spent: Option<Spent>,
}

#[derive(Debug)]
struct Spent {
    point: ClockRef,
    /// How many were dropped beside this one.
    count: usize,
    /// Whether the thread has learnt of it. It does not forget that.
    known: bool,
}

impl ClockRefs {
    /// The point at which the thread is, if it has handed that over before.
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

    /// The point at which the thread is, from now on, as `segment`.
    pub(crate) fn stock(&mut self, segment: Segment) -> ClockRef {
        if let Some((point, stock)) = self.here.take() {
            point.give(stock + 1);
        }
        // One of them is the caller's, and one stays.
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

    /// Drops a reference if the thread knows of the point: of its own, or of the last one that it
    /// [has learnt](Self::drop_learnt). Gives it back else.
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

    /// Drops a reference to a point that the thread has learnt of.
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

    /// Gives everything back.
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

    /// The point at which the thread is, as `detector::succession` makes it.
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
    fn a_thread_hands_over_one_point_until_it_sees_something() {
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
    fn what_is_held_is_what_is_counted_in_the_end() {
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
                    // The first is news, the others are known.
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
    fn a_point_that_was_dropped_unlearnt_is_news() {
        let (mut sender, mut receiver) = (ClockRefs::default(), ClockRefs::default());
        let mut timeline = timeline();
        receiver.drop(here(&mut sender, &mut timeline));
        let news = receiver.drop_known(here(&mut sender, &mut timeline));
        receiver.drop_learnt(news.expect("it was not learnt"));
        let known = receiver.drop_known(here(&mut sender, &mut timeline));
        assert!(known.is_none());
    }

    #[test]
    fn threads_that_pass_points_on_leave_none_behind() {
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
