//! The public status of the detector.

use std::time::Duration;

use crate::config;
use crate::config::{Counters, Limit, OffReason, Status, Totals};
use crate::detector::order::check;
use crate::detector::{counters, happens_before, state};
use crate::tracking::lock::{class, lock_id_pool};
use crate::tracking::process::registry;
use crate::tracking::thread::own::with_own;
use crate::tracking::thread::{current, slot, wait};

/// Returns whether the detector is on, and its counters.
///
/// # Examples
///
/// ```
/// let status = lockwarden::status();
/// println!("lockwarden is {status}");
/// ```
#[must_use]
pub fn status() -> Status {
    if !crate::detector::ON {
        return Status::Off(OffReason::NotCompiledIn);
    }
    let config = config::current();
    if !config.enabled {
        return Status::Off(OffReason::SwitchedOff);
    }
    let (reports, unreported) = counters::counts();
    let (orders, locks, edges, reached) = {
        let state = state::lock();
        (
            state.order_count(),
            state.graph.lock_count(),
            state.graph.edge_count(),
            state.graph.limits_reached(),
        )
    };
    let mut limits = Vec::new();
    if reports > config.max_reports {
        limits.push(Limit::MaxReports);
    }
    if reached.contexts_dropped > 0 {
        limits.push(Limit::ContextsPerEdge);
    }
    if reached.searches_cut > 0 {
        limits.push(Limit::SearchSteps);
    }
    if reached.edges_refused > 0 {
        limits.push(Limit::Edges);
    }
    if happens_before::is_cut() {
        limits.push(Limit::ThreadsInOrder);
    }
    if slot::was_full() || check::was_crowded() {
        limits.push(Limit::HeldLocks);
    }
    Status::On(Counters {
        uptime: Duration::from_nanos(wait::now()),
        locks: locks as u64,
        edges: edges as u64,
        threads: registry::threads() as u64,
        reports,
        unreported,
        suppressed: counters::suppressed(),
        total: Totals {
            locks: lock_id_pool::used_by_locks().saturating_sub(own_unused()),
            classes: class::count(),
            orders,
            threads: registry::ever(),
            tasks: registry::agents_ever(),
        },
        limits,
    })
}

/// Returns how many lock ids the calling thread has taken and not used.
fn own_unused() -> u64 {
    let slot = current::slot();
    if slot.is_detached() {
        return 0;
    }
    with_own(slot, |own| own.pool.unused())
}
