//! Edges that nobody took: orders that were declared.
//!
//! A declared order stands in the graph like one that was taken, by a thread of its own, so that
//! nothing but the pair itself keeps it from closing a cycle.

use crate::engine::acquisition::{Acquisition, Finding, Held};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::order_graph::OrderGraph;
use crate::report::{Basis, Edge, Facts};

/// Set in the serials of the threads that declarations are attributed to: those of real threads are
/// far below.
const DECLARING: u64 = 1 << 63;

/// Whether it stands for a declaration.
pub(in crate::detector) fn is_declaring(thread: ThreadId) -> bool {
    thread.get() & DECLARING != 0
}

/// Declares, at `site`, that one lock or class comes before another.
pub(in crate::detector) fn declare(
    graph: &mut OrderGraph,
    from: LockId,
    to: LockId,
    site: Site,
) -> Vec<Finding> {
    let half = (1 << 31) - 1;
    let thread = ThreadId::new(DECLARING | (from.get() & half) << 31 | (to.get() & half));
    graph.acquire(&Acquisition {
        thread,
        segment: &Segment::first(thread),
        held: &[Held {
            lock: from,
            mode: Mode::Exclusive,
            site,
        }],
        inherited: &[],
        gone: &[],
        lock: to,
        mode: Mode::Exclusive,
        site,
    })
}

/// Takes the declared edges out of the facts of a cycle: what is left are those that were really
/// taken, and break the declaration.
pub(in crate::detector) fn settle(facts: &mut Facts, closed_at: Option<Site>) {
    let declared = facts.edges.iter().find(|edge| is_declaring(edge.thread));
    let Some(declared) = declared else { return };
    facts.basis = Basis::Declaration;
    facts.declared = Some(declared.to_site);
    facts.edges.retain(|edge| !is_declaring(edge.thread));
    facts.threads.retain(|thread| !is_declaring(thread.id));
    let closing = |edge: &Edge| Some(edge.to_site) == closed_at;
    facts.closing = facts.edges.iter().position(closing);
}
