//! Declared orders as edges of the graph, which no thread took.
//!
//! A declared order is in the graph like one that was taken, by a thread of its own, so that nothing but the
//! pair itself excludes a cycle through it.

use crate::engine::acquisition::{Acquisition, Finding, HeldInfo};
use crate::engine::clock::vector_clock::Segment;
use crate::engine::ids::{LockId, Site, ThreadId};
use crate::engine::mode::Mode;
use crate::engine::order_graph::OrderGraph;
use crate::report::{Basis, Edge, Facts};

/// Set in the serial numbers of the threads that declarations are attributed to: those of real threads are
/// far below.
const DECLARING: u64 = 1 << 63;

/// Returns whether the thread stands for a declaration.
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
        segment: &Segment::first(thread),
        held: &[HeldInfo {
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

/// Removes the declared edges from the facts of a cycle: what remains are the edges that were taken, and
/// violate the declaration.
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
