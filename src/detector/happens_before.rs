//! The happens-before order between threads: released and acquired clocks, and holds that threads inherit.

use std::sync::atomic::{AtomicBool, Ordering};

use super::order::promote::promote;
use super::{check_session, describe, publish, state};
use crate::engine::acquisition::InheritedHold;
use crate::engine::clock::vector_clock::{Segment, VectorClock};
use crate::tracking::thread::clock_ref::ClockRef;
use crate::tracking::thread::current;
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::slot::Slot;

/// Releases the clock of the calling thread.
#[inline]
pub(crate) fn release_clock(slot: &'static Slot) -> ClockRef {
    match with_own(slot, |own| own.points.take(&own.timeline)) {
        Some(point) => point,
        None => new_point(slot),
    }
}

#[cold]
fn new_point(slot: &'static Slot) -> ClockRef {
    let segment = hand_over(slot);
    with_own(slot, |own| own.points.stock(segment))
}

/// Returns the clock of everything that the calling thread did or will do: it is at its end.
pub(crate) fn end(slot: &'static Slot) -> ClockRef {
    ClockRef::new(hand_over(slot).whole())
}

/// Releases the clock of the calling thread, as a segment.
pub(in crate::detector) fn hand_over(slot: &'static Slot) -> Segment {
    let segment = with_own(slot, |own| own.timeline.hand_over());
    follow_segment(slot);
    segment
}

/// Acquires the clock `point` in the calling thread.
#[inline]
pub(crate) fn acquire_clock(slot: &'static Slot, point: &ClockRef) {
    if !is_known(slot, point) {
        acquire_segment(slot, point.segment());
    }
}

/// Acquires the clock that `segment` has at its end in the calling thread.
pub(in crate::detector) fn acquire_segment(slot: &'static Slot, segment: &Segment) {
    with_own(slot, |own| own.timeline.learn(segment));
    follow_segment(slot);
}

/// Returns whether the calling thread is already ordered after `point`.
#[inline]
pub(crate) fn is_known(slot: &'static Slot, point: &ClockRef) -> bool {
    with_own(slot, |own| own.timeline.includes(point.segment()))
}

/// Acquires the clock `point` in the calling thread, and drops this reference to it.
#[inline]
pub(crate) fn acquire_last(slot: &'static Slot, point: ClockRef) {
    if let Some(news) = with_own(slot, |own| own.points.drop_known(point)) {
        learn_last(slot, news);
    }
}

#[cold]
fn learn_last(slot: &'static Slot, point: ClockRef) {
    acquire_clock(slot, &point);
    with_own(slot, |own| own.points.drop_learnt(point));
}

/// Drops a reference to `point`, which the calling thread does not acquire.
#[inline]
pub(crate) fn forget(point: ClockRef) {
    let slot = current::open();
    if slot.is_detached() {
        point.drop_alone();
    } else {
        with_own(slot, |own| own.points.drop(point));
    }
}

/// Acquires a merged clock in the calling thread.
pub(crate) fn acquire_merged(slot: &'static Slot, clock: &VectorClock) {
    with_own(slot, |own| own.timeline.learn_all(clock));
    follow_segment(slot);
}

/// The calling thread may be in a new segment.
fn follow_segment(slot: &'static Slot) {
    reseed(slot);
    if with_own(slot, |own| own.timeline.is_cut()) {
        // Relaxed: the flag publishes no other memory.
        CUT.store(true, Ordering::Relaxed);
    }
}

/// Whether a thread was ordered after more threads than its clock can hold.
static CUT: AtomicBool = AtomicBool::new(false);

/// Returns whether some order between threads was dropped.
pub(crate) fn is_cut() -> bool {
    CUT.load(Ordering::Relaxed)
}

fn reseed(slot: &'static Slot) {
    slot.set_seed(with_own(slot, |own| own.seed(state::generation())));
}

/// Returns the locks that the calling thread holds or inherits.
pub(crate) fn holds_to_inherit() -> Vec<InheritedHold> {
    let slot = current::open();
    if slot.is_detached() {
        return Vec::new();
    }
    slot.maintain();
    let held = slot.held().unwrap_or_default();
    let mut around = with_own(slot, |own| own.inherited.clone());
    let Some(holder) = slot.thread() else {
        return around;
    };
    if held.is_empty() {
        return around;
    }
    // Acquisitions under these locks give edges, so they must be in the graph.
    let graph = check_session::graph_of(slot);
    let found = {
        let mut state = graph.lock();
        state.introduce(holder, slot);
        let mut findings = Vec::new();
        for h in &held {
            findings.append(&mut promote(&mut state, h.ident()));
            around.push(InheritedHold {
                held: h.info(),
                holder,
            });
        }
        describe::cycles(slot, &state, &findings, None)
    };
    // The caller is in the middle of starting threads, where a panic is not expected.
    let _ = publish::publish(slot, found);
    around
}

/// Sets the holds that the calling thread inherits; returns the previous ones.
pub(crate) fn inherit_holds(slot: &'static Slot, around: Vec<InheritedHold>) -> Vec<InheritedHold> {
    let before = with_own(slot, |own| std::mem::replace(&mut own.inherited, around));
    slot.set_surrounded(with_own(slot, |own| own.is_surrounded()));
    reseed(slot);
    before
}
