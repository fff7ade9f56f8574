//! Assertions of tests about lock order: the opposite order was never taken, and will be reported if it is.

use crate::detector::check_session;
use crate::detector::order::promote::promote;
use crate::detector::order::{classes, declared};
use crate::engine::acquisition::Link;
use crate::engine::ids::{LockId, Site};
use crate::report::LockInfo;
use crate::tracking::lock::class;
use crate::tracking::lock::class::Class;
use crate::tracking::lock::ident::Ident;
use crate::tracking::thread::slot::Slot;

use crate::detector::state::DetectorState;

/// One side of an order between lock classes.
#[derive(Clone, Copy)]
pub(crate) enum Named {
    /// The class of an existing lock.
    Of(&'static Class),
    /// The class of this name, whether a lock of it exists or not.
    By(&'static str),
}

impl Named {
    #[inline]
    fn id(self) -> LockId {
        match self {
            Named::Of(class) => class.id,
            Named::By(name) => class::named(name),
        }
    }

    #[inline]
    fn enter(self, state: &mut DetectorState, site: Site) {
        match self {
            Named::Of(class) => classes::enter(state, class),
            Named::By(name) => classes::enter_named(state, self.id(), name, site),
        }
    }
}

/// Asserts that no chain of acquisitions leads from `second` to `first`, and declares the order.
///
/// # Errors
///
/// The chain, as text.
#[inline]
pub(crate) fn instances(
    slot: &'static Slot,
    first: &'static Ident,
    second: &'static Ident,
    site: Site,
) -> Result<(), String> {
    let graph = check_session::graph_of(slot);
    let mut state = graph.lock();
    for &ident in &[first, second] {
        // This finds nothing: all edges of a leaf lead to it.
        let _ = promote(&mut state, ident);
    }
    let (first, second) = (first.id(), second.id());
    if let Some(way) = state.graph.way(second, first) {
        return Err(words(&state, &way));
    }
    let _ = declared::declare(&mut state.graph, first, second, site);
    Ok(())
}

/// Asserts that no chain of acquisitions leads from class `second` to class `first`, and declares the order.
///
/// # Errors
///
/// The chain, as text.
#[inline]
pub(crate) fn named(
    slot: &'static Slot,
    first: Named,
    second: Named,
    site: Site,
) -> Result<(), String> {
    let graph = check_session::graph_of(slot);
    let mut state = graph.lock();
    for &class in &[first, second] {
        class.enter(&mut state, site);
    }
    let (first, second) = (first.id(), second.id());
    if let Some(way) = state.classes.way(second, first) {
        return Err(words(&state, &way));
    }
    let _ = declared::declare(&mut state.classes, first, second, site);
    Ok(())
}

#[inline]
fn words(state: &DetectorState, way: &[Link]) -> String {
    let name = |id| {
        state
            .lock(id)
            .map_or("a lock".to_owned(), LockInfo::to_string)
    };
    let mut words = Vec::new();
    for link in way {
        let (from, to) = (name(link.from), name(link.to));
        if declared::is_declaring(link.thread) {
            words.push(format!(
                "{from} is declared to come before {to} at {}",
                link.to_site
            ));
            continue;
        }
        let thread = state.thread(link.thread);
        words.push(format!(
            "{thread} asked for {to} at {} while it held {from}, taken at {}",
            link.to_site, link.from_site
        ));
    }
    words.join("\n    ")
}
