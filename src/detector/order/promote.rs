//! The promotion of a leaf: its edges move from the lock into the order graph.

use crate::detector::lock_info::lock_info;
use crate::detector::order::repeated;
use crate::detector::state;
use crate::detector::state::DetectorState;
use crate::engine::acquisition::{Acquisition, Finding};
use crate::tracking::lock::ident::Ident;
use crate::tracking::lock::leaf_edge::LeafEdge;
use crate::tracking::lock::request::Request;

/// Moves a lock into the graph: a lock is acquired under it for the first time, or its leaf is full. A lock
/// that was promoted in the parent of a fork is added to the child's graph.
pub(in crate::detector) fn promote(
    state: &mut DetectorState,
    ident: &'static Ident,
) -> Vec<Finding> {
    let contexts = if state.is_of_check {
        // Leaf edges belong to the process. A leaf gives no findings: no edge leaves it.
        promote(&mut state::lock(), ident);
        None
    } else {
        ident.contexts.promote()
    };
    let id = ident.id();
    if contexts.is_none() && state.lock(id).is_some() {
        return Vec::new();
    }
    state.add_lock(lock_info(ident), ident);
    state.graph.add_lock(id, ident.class().kind.policy());
    if ident.has_any_writer() {
        state.graph.allow_any_writer(id);
    }
    let mut findings = Vec::new();
    for context in &contexts.unwrap_or_default() {
        if context.holding.generation != state::generation() {
            continue;
        }
        // Locks that were dropped since have taken their edges with them, but were gates then.
        let (mut held, mut gone) = (Vec::new(), Vec::new());
        for known in &context.holding.held {
            if state.lock(known.lock).is_some() {
                held.push(*known);
            } else {
                gone.push(*known);
            }
        }
        let LeafEdge { mode, site, .. } = *context;
        let content = repeated::content_of(&held, Request { ident, mode, site });
        let acquisition = Acquisition {
            segment: &context.holding.segment,
            held: &held,
            inherited: &context.holding.inherited,
            gone: &gone,
            lock: id,
            mode,
            site,
        };
        findings.append(&mut repeated::acquire(
            state,
            ident,
            &acquisition,
            Some(content),
            false,
        ));
    }
    findings
}
