//! Describes a lock cycle: threads of which each waits for a lock that the next one holds.

#![allow(unsafe_code)]

use super::snapshot::Snapshots;
use crate::detector::describe;
use crate::detector::describe::Locks;
use crate::engine::mode::Mode;
use crate::engine::verdict::Verdict;
use crate::report::{Facts, Stack, WaitInfo};
use crate::tracking::lock::request::Request;
use crate::tracking::thread::slot::HeldLock;
use crate::tracking::thread::wait;
use crate::tracking::thread::wait::WaitKind;

/// Returns the hold by which the thread at this index of the cycle blocks the previous one; `None` if it is
/// only queued ahead of that one.
fn keeper(all: &Snapshots, ring: &[usize], place: usize) -> Option<HeldLock> {
    let before = ring[(place + ring.len() - 1) % ring.len()];
    let wait = all.threads[before].wait?;
    let keepers = all.keepers(&wait);
    keepers.iter().find(|keeper| keeper.0 == ring[place])?.1
}

/// Describes the cycle; its first thread has closed it. First come the threads that hold a lock, beginning with it;
/// then those that are queued.
pub(super) fn facts(all: &Snapshots, ring: &[usize]) -> Facts {
    let mut locks = Locks::default();
    let (mut cycle, mut queued) = (Vec::new(), Vec::new());
    for (place, &at) in ring.iter().enumerate() {
        let holds = keeper(all, ring, place);
        match holds {
            Some(holds) => {
                locks.add(holds.ident());
                cycle.push((at, Some(holds)));
            }
            None => queued.push((at, None)),
        }
    }
    cycle.append(&mut queued);
    let (mut threads, mut edges) = (Vec::new(), Vec::new());
    for (at, holds) in &cycle {
        let thread = &all.threads[*at];
        let Some(wait) = thread.wait else { continue };
        // SAFETY: the thread is blocked in a wait for this lock, as its epoch showed, and its wait does not
        // end before the report is made: its deadlock is closed.
        let ident = unsafe { &*wait.ident };
        let mode = match wait.need {
            WaitKind::Lock(mode) => mode,
            WaitKind::Upgrade | WaitKind::Other(_) => Mode::Exclusive,
        };
        let site = wait.site;
        let asked = Request { ident, mode, site };
        let mut info = describe::thread(thread.slot, &mut locks);
        info.waits = Some(WaitInfo {
            since: Some(wait::time_since(wait.since)),
            ..describe::waits(asked)
        });
        match holds {
            Some(holds) => edges.push(describe::edge(holds, asked, info.id)),
            None => locks.add(ident),
        }
        threads.push(info);
    }
    // The edge from the oldest lock comes first.
    let mut first = 0;
    for (at, edge) in edges.iter().enumerate() {
        if edge.from < edges[first].from {
            first = at;
        }
    }
    let closing = (edges.len() - first) % edges.len().max(1);
    let mut before = edges;
    let mut edges = before.split_off(first);
    edges.append(&mut before);
    Facts {
        locks: locks.into_list(),
        threads,
        edges,
        closing: Some(closing),
        stack: Some(Stack::capture()),
        ..Facts::of(Verdict::Deadlock)
    }
}
