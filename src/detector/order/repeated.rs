//! Acquisitions that several threads make alike: the hash by which the order graph recognises them.

use crate::detector::check_session;
use crate::detector::state::DetectorState;
use crate::engine::acquisition::{Acquisition, Finding, HeldInfo};
use crate::engine::order_graph::FEWEST_REPEATED;
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::request::Request;
use crate::tracking::thread::lockset_hash;
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::slot::Slot;

/// Returns a hash of the acquisition that the thread of `slot`, the calling one, makes of a lock at `site`: the
/// same for all threads. `None` if it is not to be recognised.
pub(super) fn content(slot: &'static Slot, request: Request) -> Option<u64> {
    if slot.count() < FEWEST_REPEATED as u32 || !request.ident.contexts.is_promoted() {
        return None;
    }
    let held = with_own(slot, |own| own.content(|last| slot.content(last)))?;
    Some(content_under(held, request))
}

/// Returns the same hash of an acquisition under these locks.
pub(super) fn content_of(held: &[HeldInfo], request: Request) -> u64 {
    let one = |held: &HeldInfo| (lockset_hash::of(held.lock.get()), held.mode, held.site);
    let held = lockset_hash::content(held.iter().map(one));
    content_under(held, request)
}

fn content_under(held: u64, asked: Request) -> u64 {
    held.rotate_left(32) ^ lockset_hash::request(asked.ident.tag(), asked.mode, asked.site)
}

/// Records an acquisition that another thread, or this one in an earlier segment, has made alike; returns
/// `false`, with nothing changed, if there is none, or if it may close a cycle.
pub(super) fn repeats(slot: &'static Slot, ident: &'static Ident, content: u64) -> bool {
    let segment = with_own(slot, |own| own.timeline.see());
    let graph = check_session::graph_of(slot);
    let mut state = graph.lock();
    let repeats = match state.graph.repeat(ident.id(), content, &segment) {
        None => false,
        Some(SAME_CLASS) => true,
        Some(_) => {
            let class = ident.class().id;
            state.classes.repeat(class, content, &segment).is_some()
        }
    };
    if repeats {
        state.introduce(segment.thread(), slot);
    }
    repeats
}

/// The mark of an acquisition that shows nothing of the order of classes.
const SAME_CLASS: bool = false;

/// Adds an acquisition to the graph, and has it kept under `content` for other threads to repeat. Under locks of
/// other classes it is kept only with `with_classes`: the order of classes has to keep it, too.
pub(super) fn acquire(
    state: &mut DetectorState,
    ident: &'static Ident,
    acquisition: &Acquisition<'_>,
    content: Option<u64>,
    with_classes: bool,
) -> Vec<Finding> {
    let class = ident.class().id;
    let is_alike =
        |held: &HeldInfo| held.lock != acquisition.lock && state.class_of(held.lock) == Some(class);
    let mark = match acquisition.held.iter().all(is_alike) {
        true => SAME_CLASS,
        false => !SAME_CLASS,
    };
    match content {
        Some(content) if mark == SAME_CLASS || with_classes => {
            state.graph.acquire_kept(acquisition, content, mark)
        }
        _ => state.graph.acquire(acquisition),
    }
}
