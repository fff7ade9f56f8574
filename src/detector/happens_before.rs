//! Order between threads: what one hands to another, and what one holds around others.

use std::sync::atomic::{AtomicBool, Ordering};

use super::order::check;
use super::{check_session, describe, publish, state};
use crate::engine::acquisition::InheritedHold;
use crate::engine::clock::vector_clock::VectorClock;
use crate::runtime::threads::{attach, with_own};
use crate::tracking::thread::clock_ref::ClockRef;
use crate::tracking::thread::current;
use crate::tracking::thread::local::Local;
use crate::tracking::thread::slot::Slot;

/// The point at which the calling thread is, and from which it goes on; `None` if the detector is
/// off.
#[inline]
pub(crate) fn release_clock() -> Option<ClockRef> {
    let slot = attach()?;
    if let Some(point) = with_own(slot, |own| own.points.take(&own.timeline)) {
        return Some(point);
    }
    Some(new_point(slot))
}

#[cold]
fn new_point(slot: &'static Slot) -> ClockRef {
    let segment = change(slot, |own| own.timeline.hand_over());
    with_own(slot, |own| own.points.stock(segment))
}

/// All that the calling thread did and will yet do: it is at its end.
pub(crate) fn end() -> Option<ClockRef> {
    let slot = attach()?;
    let segment = change(slot, |own| own.timeline.hand_over());
    Some(ClockRef::new(segment.whole()))
}

/// The calling thread learns of all that happened up to `point`.
#[inline]
pub(crate) fn acquire_clock(point: &ClockRef) {
    if let Some(slot) = attach()
        && !with_own(slot, |own| own.timeline.knows(point.segment()))
    {
        change(slot, |own| own.timeline.learn(point.segment()));
    }
}

/// Whether the calling thread comes after all that happened up to `point`, or is not tracked.
pub(crate) fn is_known(point: &ClockRef) -> bool {
    attach().is_none_or(|slot| with_own(slot, |own| own.timeline.knows(point.segment())))
}

/// The calling thread learns of all that happened up to `point`, and needs it no more.
#[inline]
pub(crate) fn acquire_last(point: ClockRef) {
    let slot = current::open();
    let known = if slot.is_detached() {
        Some(point)
    } else {
        with_own(slot, |own| own.points.drop_known(point))
    };
    if let Some(news) = known {
        learn_last(news);
    }
}

#[cold]
fn learn_last(point: ClockRef) {
    acquire_clock(&point);
    let slot = current::open();
    if slot.is_detached() {
        point.drop_alone();
    } else {
        with_own(slot, |own| own.points.drop_learnt(point));
    }
}

/// The calling thread needs `point` no more.
#[inline]
pub(crate) fn forget(point: ClockRef) {
    let slot = current::open();
    if slot.is_detached() {
        point.drop_alone();
    } else {
        with_own(slot, |own| own.points.drop(point));
    }
}

/// The calling thread learns of all that `clock` names.
pub(crate) fn acquire_merged(clock: &VectorClock) {
    if let Some(slot) = attach() {
        change(slot, |own| own.timeline.learn_all(clock));
    }
}

/// Runs `f`, after which the thread may be in a new segment.
fn change<R>(slot: &'static Slot, f: impl FnOnce(&mut Local) -> R) -> R {
    let (result, is_new) = with_own(slot, |own| {
        let before = own.timeline.number();
        let result = f(own);
        (result, own.timeline.number() != before)
    });
    if is_new {
        reseed(slot);
        if with_own(slot, |own| own.timeline.is_cut()) {
            // Relaxed: it stands for no other memory.
            CUT.store(true, Ordering::Relaxed);
        }
    }
    result
}

/// Whether a thread came after more others than it can remember.
static CUT: AtomicBool = AtomicBool::new(false);

/// Whether some order between threads was forgotten.
pub(crate) fn is_cut() -> bool {
    CUT.load(Ordering::Relaxed)
}

fn reseed(slot: &'static Slot) {
    slot.set_seed(with_own(slot, |own| own.seed(state::generation())));
}

/// The locks that the calling thread holds, or that are held around it.
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
    // What is taken under them gives edges, so they have to stand in the graph.
    let graph = check_session::graph_of(slot);
    let found = {
        let mut state = graph.lock();
        state.introduce(holder, slot);
        let findings: Vec<_> = held
            .iter()
            .flat_map(|h| check::promote(&mut state, describe::ident_of(h)))
            .collect();
        describe::cycles(slot, &state, &findings, None)
    };
    // The caller is in the middle of starting threads, where a panic is not expected.
    let _ = publish::publish(slot, found);
    around.extend(held.iter().map(|h| InheritedHold {
        held: describe::held(h),
        holder,
    }));
    around
}

/// From now on, `around` is held around the calling thread; returns what was before.
pub(crate) fn inherit_holds(around: Vec<InheritedHold>) -> Vec<InheritedHold> {
    let Some(slot) = attach() else {
        return Vec::new();
    };
    let before = with_own(slot, |own| std::mem::replace(&mut own.inherited, around));
    slot.set_surrounded(with_own(slot, |own| own.is_surrounded()));
    reseed(slot);
    before
}
