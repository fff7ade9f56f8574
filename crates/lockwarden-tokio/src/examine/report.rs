//! From tasks that are stuck to a report.

mod describe;
mod permits;
mod things;
mod victim;
mod waits;

use std::sync::Arc;

use lockwarden::instrument::{self, ThreadId};
use lockwarden::report::{LockInfo, ThreadInfo, Verdict};

use super::graph::Graph;
use crate::agent::leaf::Wait;

pub(super) use self::things::{add, thing_info};
pub(crate) use self::victim::set_breaking;

/// Whether a second look shows the same agents in the same waits, none of them polled in between.
pub(super) fn is_same(graph: &Graph, set: &[usize], again: &Graph) -> bool {
    let find = |id: ThreadId| again.place_of(id);
    graph.is_as_still_as(again, set)
        && set.iter().all(|&at| {
            let node = &graph.nodes[at];
            let Some(other) = find(node.id) else {
                return false;
            };
            let now = &again.nodes[other];
            let is_alike = |(one, other): (&Arc<Wait>, &Arc<Wait>)| Arc::ptr_eq(one, other);
            let progress = |graph: &Graph, at| graph.observed(at).map(|one| one.progress);
            again.stuck[other]
                && node.task.is_some() == now.task.is_some()
                && node.polls == now.polls
                && node.unpolled == now.unpolled
                && node.drives == now.drives
                && node.version == now.version
                && node.is_asleep == now.is_asleep
                && node.waits.len() == now.waits.len()
                && node.waits.iter().zip(&now.waits).all(is_alike)
                && progress(graph, at) == progress(again, other)
                && graph.needs[at].breadth() == again.needs[other].breadth()
        })
}

/// Reports the agents of `set`, which cannot go on.
pub(super) fn report(graph: &Graph, set: &[usize]) {
    let mut locks: Vec<LockInfo> = Vec::new();
    let mut threads: Vec<ThreadInfo> = Vec::new();
    for &at in set {
        threads.extend(describe::agent(graph, at, &mut locks));
    }
    permits::add(graph, set, &mut threads);
    describe::add_anonymous(graph, set, &mut threads);
    let verdict = if set.iter().any(|&at| graph.has_abandoned(at)) {
        Verdict::Abandoned
    } else if threads.len() == 1 && !graph.has_others() {
        Verdict::SelfDeadlock
    } else {
        Verdict::Deadlock
    };
    let mut tasks = set.iter().filter_map(|&at| graph.nodes[at].task.as_ref());
    let check = tasks.next().map_or(0, |task| task.check);
    let panic = instrument::report_stuck(check, verdict, threads, locks);
    if let Some(message) = panic {
        let breaks = check != 0 || victim::breaks(graph, set);
        // One that blocks its thread is woken first: if another one ended, its runtime would wait for that thread.
        let blocks = set.iter().any(|&at| graph.can_be_interrupted(at));
        if !(breaks && !blocks && victim::break_with(graph, set, &message)) {
            let ids: Vec<ThreadId> = set.iter().map(|&at| graph.nodes[at].id).collect();
            instrument::interrupt_stuck(&ids, message, !breaks);
        }
    }
}
